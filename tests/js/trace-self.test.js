'use strict';
// What `self->` belongs to: the request, or the async context; and that nothing of it stays.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, appIn } = require('./client');
const d = require('./trace.fixture');
const { Traced, SHOP, does, program, clause, agg, arg, data, int, self } = d;

// A server whose handlers fire probes at several places of a request: at its head, after its body,
// after a timer and a promise, when its response is finished, and when its connection is gone.
const SERVER = `
  ${SHOP}
  const http = require('node:http');
  const { AsyncLocalStorage } = require('node:async_hooks');
  const own = new AsyncLocalStorage();
  const at = p.addProbe('at', 'char *', 'char *');
  const server = http.createServer((request, response) => own.run(request.url, () => {
    const say = (place) => at.fire(() => [place, request.url]);
    const mine = own.getStore();
    say('head');
    response.on('finish', () => say('finish'));
    response.on('close', () => say('close'));
    request.on('aborted', () => say('aborted'));
    request.on('data', () => {});
    request.on('end', () => {
      say('body');
      setTimeout(async () => {
        await null;
        say('later');
        if (!request.url.startsWith('/abort')) response.end('ok');
      }, 2);
    });
  }));
  const kept = new http.Agent({ keepAlive: true, maxSockets: 2 });
  const get = (path, body) => new Promise((resolve) => {
    const port = server.address().port;
    const request = http.request({ port, path, agent: kept, method: body ? 'POST' : 'GET' }, (response) => {
      response.resume();
      response.on('end', resolve);
    });
    request.on('error', resolve);
    if (!body) request.end();
    // The body comes by itself, so that the connection's context has it.
    else { request.flushHeaders(); setTimeout(() => (path.startsWith('/abort') ? request.write(body) : request.end(body)), 5); }
    if (path.startsWith('/abort')) setTimeout(() => request.destroy(), 30);
  });
`;

const at = (place, body) => clause('shop:::at', body, d.binary('==', arg(0), d.str(place)));

test('a request has its own variables, wherever in it the probes fire', async (t) => {
  const app = await appIn(t, SERVER);
  await does(app, 'await new Promise((resolve) => server.listen(0, resolve))');
  const shown = (n) => [data(n, arg(1), self('url'), self('n'))];
  const traced = await Traced.run(
    t,
    app,
    program([
      at('head', [data(1, arg(1), self('url'), self('n')), d.assign(self('url'), arg(1))]),
      clause('shop:::at', [d.step(self('n'))]),
      at('body', shown(2)),
      at('later', shown(3)),
      at('finish', shown(4)),
      at('close', shown(5)),
      at('aborted', shown(6)),
    ]),
  );
  await does(
    app,
    `await Promise.all(Array.from({ length: 40 }, (_, i) => get('/' + i, i % 2 ? 'a body' : '')));
     await Promise.all([get('/abort1', ''), get('/abort2', 'a body')]);`,
  );
  // Five places of 40 requests; one that is aborted has no finish, one whose body never ends no body.
  const records = await traced.records(40 * 5 + 4 + 3);
  const seen = new Map();
  const places = new Set();
  for (const { d: values } of records) {
    const [[n, [url, own, count]]] = values;
    if (n === 1) assert.deepEqual([own, count], [0, 0], `${url} began with another's`);
    else assert.equal(own, url, `statement ${n}`);
    assert.equal(count, seen.has(url) ? seen.get(url) + 1 : 0, `${url} at ${n}`);
    // The counting clause runs after the one that shows the head, before the others.
    seen.set(url, n === 1 ? 1 : count);
    places.add(n);
  }
  assert.deepEqual([seen.size, places.size], [42, 6]);
});

test('elsewhere it is the async context of the first assignment', async (t) => {
  const app = await appIn(t, SHOP);
  const traced = await Traced.run(
    t,
    app,
    program([
      clause(
        'shop:::sold',
        [d.assign(self('x'), arg(1)), d.assign(self('by', arg(0)), int(7))],
        d.binary('<', arg(0), int(9)),
      ),
      clause(
        'shop:::sold',
        [data(1, arg(1), self('x'), self('by', int(1)))],
        d.binary('==', arg(0), int(9)),
      ),
    ]),
  );
  await does(
    app,
    `const job = (name) => new Promise((resolve) => setTimeout(async () => {
       sell(9, name); sell(1, name); await null; sell(9, name); setTimeout(() => { sell(9, name); resolve(); }, 1);
     }, 1));
     await Promise.all(['a', 'b', 'c'].map(job));`,
  );
  const records = await traced.records(9);
  const shown = records.map(({ d: [[, values]] }) => values.join()).sort();
  const each = (name) => [`${name},${name},7`, `${name},${name},7`, `${name},0,0`];
  assert.deepEqual(shown, [...each('a'), ...each('b'), ...each('c')].sort());
});

test('it is not there before, and goes with the last program that uses it', async (t) => {
  const app = await appIn(
    t,
    `${SHOP}
     const http = require('node:http');
     const { executionAsyncResource } = require('node:async_hooks');
     const state = () => [
       Object.hasOwn(http.IncomingMessage.prototype, 'emit'),
       Object.hasOwn(http.ServerResponse.prototype, 'emit'),
     ].join();`,
  );
  const state = () => does(app, 'return state()');
  const none = 'false,false';
  const using = program([
    clause('shop:::sold', [d.assign(self('x'), int(1)), d.step(self('y', arg(0)))]),
  ]);
  assert.equal(await state(), none);
  const without = await Traced.run(
    t,
    app,
    program([clause('shop:::sold', [agg('@', [], 'count')])]),
  );
  assert.equal(await state(), none);
  const one = await Traced.start(t, app, using);
  assert.equal(await state(), none);
  await one.go();
  assert.equal(await state(), 'true,true');
  const two = await Traced.run(t, app, using);
  await does(
    app,
    'for (let i = 0; i < 100; i++) setTimeout(() => { sell(1); sell(2); }, 1); await new Promise((resolve) => setTimeout(resolve, 50))',
  );
  one.dealer.socket.destroy();
  const watcher = await Client.open(t, app.socket, 'DEALER');
  await watcher.until(async () => (await watcher.request('stats')).traces.length === 2);
  assert.equal(await state(), 'true,true');
  await two.stop();
  assert.equal(await state(), none);
  assert.equal((await watcher.request('stats')).traces[0].id, without.watch);
  assert.equal((await watcher.request('stats')).memory.traces < 1000, true);
});

test('contexts that are over make room, one that lives is counted when it asks', async (t) => {
  const app = await appIn(t, SHOP);
  const traced = await Traced.run(
    t,
    app,
    program(
      [
        clause('shop:::sold', [d.assign(self('x'), arg(0))], d.binary('<', arg(0), int(1000))),
        clause(
          'shop:::sold',
          [data(1, self('x')), d.assign(self('x'), int(0))],
          d.binary('==', arg(0), int(1000)),
        ),
      ],
      { dynvars: 10 },
    ),
  );
  // Those that never free theirs are no drops; the first one lives on and misses its own.
  await does(
    app,
    `const turn = () => new Promise(setImmediate);
     const first = (async () => { await turn(); sell(7); for (let i = 0; i < 50; i++) await turn(); sell(1000); })();
     for (let i = 1; i < 30; i++) { setImmediate(() => sell(i)); await turn(); }
     await first;
     await new Promise((resolve) => setImmediate(() => { sell(8); setImmediate(() => { sell(1000); resolve(); }); }));`,
  );
  assert.deepEqual(await traced.values(2), [
    [1, [1, [0]]],
    [1, [1, [8]]],
  ]);
  assert.deepEqual((await traced.stop()).drops, { dynamic: 1 });
});
