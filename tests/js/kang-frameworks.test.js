'use strict';
// The handler in other people's servers: those among the examples' packages.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { knHandler, knRestifyHandler } = require('../../js/kang/kang');
const state = require('../fixtures/kang_state');
const { get, kangSkip, listening } = require('./kang.fixture');

const MAJOR = Number(process.versions.node.split('.')[0]);
const PACKAGES = path.join(__dirname, '../../examples/node_modules');

const missing = (name) =>
  !fs.existsSync(path.join(PACKAGES, name, 'package.json')) && `${name} is not installed`;
const load = (name) => require(path.join(PACKAGES, name));

/** The snapshot, the refusals, and that the other routes are still the application's. */
async function serves(port, base = '') {
  const { status, data } = await get(port, `${base}/kang/snapshot`);
  assert.equal(status, 200);
  assert.equal(data.student.bart.role, 'clown');
  assert.equal((await get(port, `${base}/kang/other`)).status, 404);
  const own = await get(port, '/own');
  assert.deepEqual([own.status, own.text], [200, 'own']);
  const { status: none } = await get(port, '/none');
  assert.equal(none, 404);
}

test('node:http', async (t) => {
  const handler = knHandler(state);
  await serves(
    await listening(t, (req, res) => {
      handler(req, res, () => {
        res.statusCode = req.url === '/own' ? 200 : 404;
        res.end('own');
      });
    }),
  );
});

test('what somebody has answered already is left alone', async (t) => {
  const handler = knHandler(state);
  const port = await listening(t, (req, res) => {
    res.end('theirs');
    handler(req, res);
  });
  for (const method of ['GET', 'POST']) {
    assert.equal((await get(port, '/kang/snapshot', { method })).text, 'theirs');
  }
});

for (const name of ['express', 'express4']) {
  test(name, { skip: missing(name) }, async (t) => {
    const express = load(name);
    const app = express();
    app.use(knHandler(state));
    app.use('/below', knHandler(state));
    app.get('/own', (_req, res) => res.send('own'));
    const errors = [];
    app.use((error, _req, _res, next) => {
      errors.push(error);
      next(error);
    });
    const port = await listening(t, app);
    await serves(port);
    await serves(port, '/below');
    assert.deepEqual(errors, []);
  });
}

test('fastify', { skip: missing('fastify') }, async (t) => {
  const app = load('fastify')();
  const handler = knHandler(state);
  app.get('/kang/*', (request, reply) => {
    reply.hijack();
    handler(request.raw, reply.raw);
  });
  app.get('/own', async () => 'own');
  await app.listen({ port: 0, host: '127.0.0.1' });
  t.after(() => app.close());
  await serves(app.server.address().port);
});

test('koa', { skip: missing('koa') }, async (t) => {
  const Koa = load('koa');
  const app = new (Koa.default ?? Koa)();
  const handler = knHandler(state);
  app.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/kang/')) return next();
    ctx.respond = false;
    return handler(ctx.req, ctx.res);
  });
  app.use((ctx) => {
    if (ctx.path === '/own') ctx.body = 'own';
  });
  await serves(await listening(t, app.callback()));
});

/** restify 11 is for Node 20 and 22, restify 12 for 22 and later. */
for (const [name, oldest, newest] of [
  ['restify-11', 20, 22],
  ['restify-12', 22, 99],
]) {
  const suits = MAJOR >= oldest && MAJOR <= newest;
  const skip = suits ? missing(name) : `${name} does not run on Node ${MAJOR}`;
  test(`${name}: the chain comes to its end`, { skip }, async (t) => {
    const server = load(name).createServer();
    server.get('/kang/*', knRestifyHandler(state));
    server.get('/own', (_req, res, next) => {
      res.sendRaw('own');
      next();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const { port } = server.address();
    const after = once(server, 'after');
    assert.equal((await get(port, '/kang/snapshot')).status, 200);
    const [request] = await after;
    assert.equal(request.url, '/kang/snapshot');
    await serves(port);
    assert.equal(server.inflightRequests(), 0);
  });
}

test("kang's own restify", { skip: kangSkip }, async (t) => {
  const restify = require(require.resolve('restify', { paths: [require.resolve('kang')] }));
  const server = restify.createServer();
  server.get(/\/kang\/.*/, knRestifyHandler(state));
  server.get('/own', (_req, res, next) => {
    res.end('own');
    next();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  await serves(server.address().port);
});
