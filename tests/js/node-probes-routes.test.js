'use strict';
// Routes and handlers of frameworks that know nothing of us: those among the examples' packages.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Observer, actor } = require('./observer');

const MS = 1e6; // ns
const MAJOR = Number(process.versions.node.split('.')[0]);
const PACKAGES = path.join(__dirname, '../../examples/node_modules');

/** Where a package is that can be required, or null. */
function installed(name) {
  const place = path.join(PACKAGES, name);
  return fs.existsSync(path.join(place, 'package.json')) ? place : null;
}

const GET = `
  get(path) {
    return new Promise((resolve, reject) => require('node:http').get({ port: this.port, path }, (res) => {
      res.resume(); res.on('end', () => resolve(res.statusCode)); }).on('error', reject));
  },
  listening(server) {
    return new Promise((resolve) => server.listen(0, '127.0.0.1', () => { this.port = server.address().port; resolve(this.port); }));
  },`;

/** Asks for each path and compares status and route of what the probe tells. */
async function routes(t, app, expected) {
  await app.run('start');
  const observer = await Observer.of(t, app.socket, 'probe.node.http-server-response');
  for (const [url, status, route] of expected) {
    assert.equal(await app.run('get', url), status, url);
    const args = await observer.next('http-server-response');
    assert.deepEqual([args[8], args[5], args[9]], [url, status, route]);
  }
  return observer;
}

function framework(name, needs, body, range = [20, 99]) {
  const missing = needs.find((need) => installed(need) === null);
  const skip =
    MAJOR < range[0] || MAJOR > range[1]
      ? `does not run on Node ${MAJOR}`
      : missing !== undefined && `${missing} is not installed`;
  test(name, { skip }, body);
}

for (const name of ['express', 'express4']) {
  const actions = (directory) => `
    ${GET}
    start() {
      const express = require(${JSON.stringify(directory)});
      const app = express();
      app.use(function first(req, res, next) { setTimeout(next, 30); });
      app.get('/users/:id', function check(req, res, next) { next(); }, function user(req, res) { setTimeout(() => res.send('user'), 20); });
      app.get(/^\\/re/, (req, res) => res.send('re'));
      app.get(['/one', '/two'], (req, res) => res.send('list'));
      const router = express.Router();
      router.get('/items/:item', (req, res) => res.send('item'));
      app.use('/shop', router);
      const inner = express();
      inner.get('/deep', (req, res) => res.send('deep'));
      app.use('/inner', inner);
      app.get('/fails', function fails() { throw new Error('in the handler'); });
      app.use((error, req, res, next) => res.status(500).send('failed'));
      return this.listening(require('node:http').createServer(app));
    },`;

  framework(`${name}: routes, of mounted routers too`, [name], async (t) => {
    const app = await actor(t, actions(installed(name)));
    await routes(t, app, [
      ['/users/7?x=1', 200, '/users/:id'],
      ['/re', 200, '/^\\/re/'],
      ['/two', 200, '/one,/two'],
      ['/shop/items/3', 200, '/shop/items/:item'],
      ['/inner/deep', 200, '/inner/deep'],
      ['/nowhere', 404, ''],
      ['/fails', 500, '/fails'],
    ]);
  });

  framework(`${name}: handlers`, [name], async (t) => {
    const app = await actor(t, actions(installed(name)));
    await app.run('start');
    const observer = await Observer.of(t, app.socket, 'probe.node.http-');
    await app.run('get', '/users/7');
    const request = await observer.next('http-server-request');
    const done = [];
    for (;;) {
      const args = await observer.next('http-handler-done');
      assert.equal(args[0], request[7], 'the id of the request');
      assert.deepEqual([args[3], args[5]], ['express', '']);
      done.push(args);
      if (args[1] === 'user') break;
    }
    assert.deepEqual(
      done.map((args) => args[1]).filter((handler) => ['first', 'check', 'user'].includes(handler)),
      ['first', 'check', 'user'],
    );
    const latency = Object.fromEntries(done.map((args) => [args[1], args[4]]));
    assert.ok(latency.first >= 28 * MS && latency.check < 20 * MS && latency.user >= 18 * MS);
    assert.equal(done.at(-1)[2], '/users/:id');
    const started = await observer.next('http-handler-start', (args) => args[1] === 'user');
    assert.equal(started[0], request[7]);

    assert.equal(await app.run('get', '/fails'), 500);
    const failed = await observer.next('http-handler-done', (args) => args[1] === 'fails');
    assert.deepEqual([failed[2], failed[5]], ['/fails', 'in the handler']);
  });
}

framework('fastify: routes and handlers', ['fastify'], async (t) => {
  const app = await actor(
    t,
    `
    ${GET}
    async start() {
      const app = require(${JSON.stringify(installed('fastify'))})();
      app.get('/users/:id', async function user() { await new Promise((resolve) => setTimeout(resolve, 30)); return 'user'; });
      app.get('/callback', function called(request, reply) { setTimeout(() => reply.send('later'), 30); });
      app.get('/fails', async function fails() { throw Object.assign(new Error('no'), { code: 'ENO' }); });
      await app.register(async (inner) => { inner.get('/deep/:x', async () => 'deep'); }, { prefix: '/api' });
      await app.listen({ port: 0, host: '127.0.0.1' });
      return this.port = app.server.address().port;
    },`,
  );
  const observer = await routes(t, app, [
    ['/users/7', 200, '/users/:id'],
    ['/callback', 200, '/callback'],
    ['/api/deep/1', 200, '/api/deep/:x'],
    ['/nowhere', 404, ''],
  ]);
  assert.equal(await app.run('get', '/fails'), 500);
  const failed = await observer.next('http-server-response');
  assert.deepEqual([failed[9], failed[13], failed[14]], ['/fails', 'ENO', 0]);

  const handlers = await Observer.of(t, app.socket, 'probe.node.http-handler-');
  for (const [url, handler, error] of [
    ['/users/7', 'user', ''],
    ['/callback', 'called', ''],
    ['/fails', 'fails', 'ENO'],
  ]) {
    await app.run('get', url);
    const done = await handlers.next('http-handler-done');
    assert.deepEqual([done[1], done[3], done[5]], [handler, 'fastify', error]);
    if (handler !== 'fails') assert.ok(done[4] >= 28 * MS, String(done[4]));
  }
});

for (const name of ['koa', 'koa2']) {
  framework(`${name}: routes of @koa/router`, [name, '@koa/router'], async (t) => {
    const app = await actor(
      t,
      `
      ${GET}
      start() {
        const Koa = require(${JSON.stringify(installed(name))});
        const Router = require(${JSON.stringify(installed('@koa/router'))});
        const router = new (Router.default ?? Router)({ prefix: '/api' });
        router.get('/users/:id', (ctx) => { ctx.body = 'user'; });
        const app = new Koa();
        app.use(router.routes());
        return this.listening(require('node:http').createServer(app.callback()));
      },`,
    );
    await routes(t, app, [
      ['/api/users/7', 200, '/api/users/:id'],
      ['/nowhere', 404, ''],
    ]);
  });
}

for (const [name, range] of [
  ['restify-11', [20, 22]],
  ['restify-12', [22, 99]],
]) {
  framework(
    `${name}: routes`,
    [name],
    async (t) => {
      const app = await actor(
        t,
        `
        ${GET}
        start() {
          const server = require(${JSON.stringify(installed(name))}).createServer({ name: 'api' });
          server.get('/users/:id', (req, res, next) => { res.send('user'); next(); });
          server.post({ name: 'make', path: '/users' }, (req, res, next) => { res.send('made'); next(); });
          return this.listening(server);
        },`,
      );
      await routes(t, app, [
        ['/users/7', 200, '/users/:id'],
        ['/nowhere', 404, ''],
        ['/users', 405, ''],
      ]);
    },
    range,
  );
}

test('a framework that is loaded while somebody looks is found with its server', async (t) => {
  const directory = installed('koa') ?? installed('koa2');
  if (directory === null || installed('@koa/router') === null) {
    t.skip('koa is not installed');
    return;
  }
  const app = await actor(
    t,
    `
    ${GET}
    start() {
      const Koa = require(${JSON.stringify(directory)});
      const Router = require(${JSON.stringify(installed('@koa/router'))});
      const router = new (Router.default ?? Router)();
      router.get('/late/:id', (ctx) => { ctx.body = 'late'; });
      return this.listening(require('node:http').createServer(new Koa().use(router.routes()).callback()));
    },`,
  );
  const observer = await Observer.of(t, app.socket, 'probe.node.http-server-response');
  await app.run('start');
  assert.equal(await app.run('get', '/late/1'), 200);
  assert.equal((await observer.next('http-server-response'))[9], '/late/:id');
});
