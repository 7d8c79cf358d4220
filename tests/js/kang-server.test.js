'use strict';
// The server: what it answers, and what the application's callbacks cannot do to it.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const { test } = require('node:test');
const { setImmediate: turn } = require('node:timers/promises');
const { knStartServer } = require('../../js/kang/kang');
const nodeobs = require('../../js');
const { Answer } = require('../../js/kang/answer');
const { Service } = require('../../js/kang/service');
const { SharedAnswer } = require('../../js/kang/shared-answer');
const state = require('../fixtures/kang_state');
const { appIn } = require('./client');
const { get, started } = require('./kang.fixture');

/** One type of objects. */
const one = (objects, more = {}) => ({
  list_types: () => ['thing'],
  list_objects: () => Object.keys(objects),
  get: (_type, id) => objects[id],
  ...more,
});

test('two routes, JSON, and refusals', async (t) => {
  const { port } = await started(t, state);
  const { status, headers, text, data } = await get(port, '/kang/snapshot?x=1');
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(Number(headers['content-length']), Buffer.byteLength(text));
  assert.deepEqual(Object.keys(data), ['service', 'stats', 'types', ...state.list_types()]);
  assert.deepEqual(data.service, {
    name: 'school',
    ident: 'springfield',
    version: '1.0.0',
    component: 'class',
  });
  assert.deepEqual(Object.keys(data.stats), ['requests', 'by', 'started', 'memory']);
  const schema = await get(port, '/kang/schema');
  assert.deepEqual(schema.data.schemas.student, { summaryFields: ['role', 'surname'] });
  for (const path of ['/kang', '/kang/', '/kang/other', '/', '/snapshot', '/kang/snapshot/x']) {
    const refused = await get(port, path);
    assert.deepEqual([refused.status, refused.data.code], [404, 'ResourceNotFound'], path);
  }
  const posted = await get(port, '/kang/snapshot', { method: 'POST' });
  assert.deepEqual([posted.status, posted.headers.allow], [405, 'GET, HEAD']);
  const head = await get(port, '/kang/snapshot', { method: 'HEAD' });
  assert.deepEqual([head.status, head.text], [200, '']);
});

test('without options it tells what the registry knows, to this machine', async (t) => {
  const queue = { length: 3 }; // the registry holds it weakly
  nodeobs.registry.add('kang-test-queue', queue, 'orders');
  t.after(() => nodeobs.registry.remove('kang-test-queue', 'orders'));
  const { server, port } = await started(t);
  assert.equal(server.address().address, '127.0.0.1');
  const { data } = await get(port, '/kang/snapshot');
  assert.equal(data.service.name, 'nodeobs');
  assert.equal(data.service.ident, `${os.hostname()}/${process.pid}`);
  assert.deepEqual(data['kang-test-queue'], { orders: queue });
  assert.equal(data.process[process.pid].node, process.version);
  assert.ok(data.stats.memory.rss > 0);
  assert.equal(data.nodeobs, undefined);
  const schema = (await get(port, '/kang/schema')).data;
  assert.ok(schema.schemas.process.summaryFields.includes('uptime_s'));
});

test('a page in a browser cannot have its own name resolved to us', async (t) => {
  const { port } = await started(t, state);
  const asked = async (host) => (await get(port, '/kang/snapshot', { headers: { host } })).status;
  assert.equal(await asked('evil.example:80'), 403);
  for (const host of ['localhost', `127.0.0.1:${port}`, `[::1]:${port}`, os.hostname()]) {
    assert.equal(await asked(host), 200, host);
  }
});

test('callbacks may answer later, and are asked several at a time', async (t) => {
  let asked = 0;
  let most = 0;
  const objects = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`o${i}`, { i }]));
  const { port } = await started(t, {
    list_types: async () => ['thing'],
    list_objects: async () => Object.keys(objects),
    get: async (_type, id) => {
      most = Math.max(most, ++asked);
      await turn();
      asked -= 1;
      return objects[id];
    },
    stats: async () => ({ late: true }),
    schema: async () => ({ summaryFields: ['i'] }),
  });
  const { data } = await get(port, '/kang/snapshot');
  assert.deepEqual(data.thing, objects);
  assert.equal(data.stats.late, true);
  assert.ok(most > 1 && most <= 32, `${most} at a time`);
  assert.deepEqual((await get(port, '/kang/schema')).data.schemas, {
    thing: { summaryFields: ['i'] },
  });
});

test('what throws, rejects, hangs or is nonsense costs itself only', async (t) => {
  const bad = {
    throws: () => {
      throw new Error('boom');
    },
    throwsNothing: () => {
      throw undefined;
    },
    rejects: () => Promise.reject(new Error('later boom')),
    hangs: () => new Promise(() => {}),
    fine: () => ({ ok: true }),
    nothing: () => undefined,
    evil: () =>
      new Proxy(
        {},
        {
          get() {
            throw new Error('trap');
          },
        },
      ),
  };
  const { port } = await started(t, {
    list_types: () => ['thing', 'listThrows', 'listHangs', 'listNonsense', 7, 'service', 'fine'],
    list_objects: (type) => {
      if (type === 'listThrows') throw new Error('no list');
      if (type === 'listHangs') return new Promise(() => {});
      if (type === 'listNonsense') return { length: 3 };
      return type === 'fine' ? ['fine'] : Object.keys(bad);
    },
    get: (_type, id) => bad[id](),
    stats: () => {
      throw new Error('no stats');
    },
    limits: { callback_ms: 20 },
  });
  const { status, data } = await get(port, '/kang/snapshot');
  assert.equal(status, 200);
  assert.deepEqual(data.types, ['thing', 'listThrows', 'listHangs', 'listNonsense', 'fine']);
  assert.deepEqual(data.thing, {
    throws: { nodeobs_error: 'get threw: boom' },
    throwsNothing: { nodeobs_error: 'get threw: undefined' },
    rejects: { nodeobs_error: 'get threw: later boom' },
    hangs: { nodeobs_error: 'get did not answer within 20 ms' },
    fine: { ok: true },
    evil: { nodeobs_error: 'get threw: trap' },
  });
  assert.deepEqual(data.fine, { fine: { ok: true } });
  assert.deepEqual([data.listThrows, data.listHangs, data.listNonsense], [{}, {}, {}]);
  const errors = data.nodeobs.errors.map(
    ({ type = '', id = '', error }) => `${type}/${id}: ${error}`,
  );
  for (const expected of [
    'stats/: stats threw: no stats',
    '/: a type is no string: number',
    'service/: no type can have this name',
    'listThrows/: list_objects threw: no list',
    'listHangs/: list_objects did not answer within 20 ms',
    'listNonsense/: list_objects gave no array',
    'thing/hangs: get did not answer within 20 ms',
  ]) {
    assert.ok(errors.includes(expected), `${expected} in\n${errors.join('\n')}`);
  }
  assert.deepEqual(Object.keys(data.stats), ['started', 'memory']);
});

test('list_types that fails leaves the rest', async (t) => {
  for (const listTypes of [() => Promise.reject(new Error('no')), () => 'text', () => null]) {
    const { port } = await started(t, { ...one({}), list_types: listTypes });
    const { data } = await get(port, '/kang/snapshot');
    assert.deepEqual(data.types, []);
    assert.equal(data.nodeobs.errors.length, 1);
  }
});

test('any value becomes JSON', async (t) => {
  const cycle = { name: 'c' };
  cycle.again = cycle;
  let deep = {};
  for (let i = 0; i < 1000; i++) deep = { deep };
  const { port } = await started(
    t,
    one({
      cycle,
      deep,
      big: 2n ** 70n,
      error: new TypeError('bad'),
      text: 'only a text',
      number: 5,
      getter: {
        get broken() {
          throw new Error('getter');
        },
      },
      json: { toJSON: () => ({ made: 1 }) },
      proto: { ['__proto__']: { polluted: true } },
      half: '\ud800',
    }),
  );
  const { data } = await get(port, '/kang/snapshot');
  assert.deepEqual(data.thing.cycle, { name: 'c', again: '[Circular]' });
  assert.match(JSON.stringify(data.thing.deep), /\[Too deep\]/);
  assert.equal(data.thing.big, String(2n ** 70n));
  assert.equal(data.thing.error.message, 'bad');
  assert.deepEqual([data.thing.text, data.thing.number], ['only a text', 5]);
  assert.equal(data.thing.getter.broken, '[Throws: getter]');
  assert.deepEqual(data.thing.json, { made: 1 });
  assert.ok(Object.hasOwn(data.thing.proto, '__proto__'));
  assert.equal(data.thing.half, '\ud800');
});

test('an answer is bounded, and says what is not in it', async (t) => {
  const huge = 'x'.repeat(50 << 20);
  const list = Array.from({ length: 300_000 }, (_, i) => `element ${i}`);
  const { port } = await started(t, {
    ...one({ huge, list, more: { list }, last: 1 }),
    limits: { bytes: 2 << 20 },
  });
  const { text, data } = await get(port, '/kang/snapshot');
  assert.ok(text.length <= 2 << 20, `${text.length}`);
  assert.match(data.thing.huge, /^x{1000,}\[\d+ more characters\]$/);
  assert.match(data.thing.list.at(-1), /^\[\d+ more\]$/);
  assert.equal(data.thing.last, undefined);
  assert.deepEqual(data.nodeobs.errors.at(-1), {
    type: 'thing',
    error: 'limits.bytes: left out 2 of 4 objects',
  });
});

test('names and types are bounded as well', async (t) => {
  const long = 'x'.repeat(1e6);
  const types = [...Array.from({ length: 30 }, (_, i) => `type ${i}`), long];
  const { port } = await started(t, {
    list_types: () => types,
    list_objects: () => [long, Object.create(null), Symbol('s'), 'a', 'a'],
    get: () => ({ text: long }),
    limits: { bytes: 3 << 20, objects: 40 },
  });
  const { text, data } = await get(port, '/kang/snapshot');
  assert.ok(text.length <= 3 << 20, `${text.length}`);
  assert.equal(data.types.length, 30);
  assert.deepEqual(
    Object.keys(data['type 0']).map((id) => id.length),
    [4096 + '[995904 more characters]'.length, '[an id that is no text]'.length, 9, 1],
  );
  assert.equal(data['type 29'], undefined);
  const errors = data.nodeobs.errors.map(({ type, error }) => `${type}: ${error}`);
  assert.equal(errors[0], `${long.slice(0, 100)}[999900 more characters]: the name is too long`);
  assert.equal(errors.at(-1), 'type 29: limits.bytes: left out');
  const many = await started(t, { ...one({}), list_types: () => types, limits: { objects: 3 } });
  const answer = (await get(many.port, '/kang/snapshot')).data;
  assert.equal(answer.types.length, 3);
  assert.equal(answer.nodeobs.errors[0].error, 'limits.objects: left out 28 of 31 types');
});

test('what was asked for is written though the time is over meanwhile', async () => {
  let left = 1;
  const service = new Service({
    list_types: () => ['thing'],
    list_objects: () => ['a', 'b', 'c', 'd'],
    get: async (_type, id) => {
      if (id === 'b') left = 0;
      return id;
    },
  });
  const answer = new Answer(service);
  answer.pace = { left: () => left, over: () => false, pause: async () => {} };
  const data = JSON.parse(Buffer.concat(await answer.snapshot()).toString());
  assert.deepEqual(data.thing, { a: 'a', b: 'b' });
  assert.deepEqual(data.nodeobs.errors, [
    { type: 'thing', error: 'limits.answer_ms: left out 2 of 4 objects' },
  ]);
});

test('bytes are counted, not characters', async (t) => {
  const { port } = await started(t, {
    ...one({ a: Array(20).fill('ü'.repeat(1e6)), b: 1 }),
    limits: { bytes: 4 << 20 },
  });
  const { headers, data } = await get(port, '/kang/snapshot');
  assert.ok(Number(headers['content-length']) < 6 << 20, headers['content-length']);
  assert.match(data.thing.a.at(-1), /^\[\d+ more\]$/);
  assert.equal(data.thing.b, undefined);
});

test('a million objects end at the limit', async (t) => {
  const ids = Array.from({ length: 1e6 }, (_, i) => i);
  let asked = 0;
  const { port } = await started(t, {
    list_types: () => ['thing', 'after'],
    list_objects: (type) => (type === 'thing' ? ids : ['one']),
    get: () => ({ n: ++asked }),
    limits: { objects: 500 },
  });
  const { data } = await get(port, '/kang/snapshot');
  assert.equal(Object.keys(data.thing).length, 500);
  assert.equal(asked, 501);
  assert.deepEqual(data.after, { one: { n: 501 } });
  assert.deepEqual(data.nodeobs, {
    errors: [{ type: 'thing', error: 'limits.objects: left out 999500 of 1000000 objects' }],
    more: 0,
  });
});

test('time is up: what is left is named', async () => {
  let left = 1;
  const service = new Service({
    list_types: () => ['thing', 'other'],
    list_objects: () => ['a', 'b', 'c'],
    get: (_type, id) => {
      if (id === 'b') left = 0;
      return id;
    },
  });
  const answer = new Answer(service);
  answer.pace = { left: () => left, over: () => false, pause: async () => {} };
  const data = JSON.parse(Buffer.concat(await answer.snapshot()).toString());
  assert.deepEqual([data.thing, data.other], [{ a: 'a', b: 'b' }, {}]);
  assert.deepEqual(data.nodeobs.errors, [
    { type: 'thing', error: 'limits.answer_ms: left out 1 of 3 objects' },
    { type: 'other', error: 'limits.answer_ms: left out 3 of 3 objects' },
  ]);
});

test('the application goes on while an answer is built', async (t) => {
  const list = Array.from({ length: 2e5 }, (_, i) => ({ i }));
  let building = false;
  const { port } = await started(t, {
    ...one({ big: { list }, end: {} }),
    get(_type, id) {
      building = id === 'big';
      return id === 'big' ? { list } : { turns };
    },
  });
  let turns = 0;
  const count = () => {
    if (building) turns += 1;
    if (running) setImmediate(count);
  };
  let running = true;
  setImmediate(count);
  const { data } = await get(port, '/kang/snapshot');
  running = false;
  assert.equal(data.thing.big.list.length, 2e5);
  assert.ok(data.thing.end.turns > 5, `${data.thing.end.turns} turns of the loop`);
});

test('however many ask at once, two answers are built', async (t) => {
  const hold = setInterval(() => {}, 1000); // nothing of ours keeps the loop alive
  t.after(() => clearInterval(hold));
  const builds = [];
  const service = new Service({
    ...one({}),
    list_types: () => new Promise((resolve) => builds.push(() => resolve([]))),
  });
  const shared = new SharedAnswer(service, 'snapshot');
  const first = shared.want();
  while (builds.length === 0) await turn();
  const others = Array.from({ length: 20 }, () => shared.want());
  assert.equal(new Set(others).size, 1);
  assert.equal(others[0].waiting, 20);
  builds[0]();
  await first.body;
  while (builds.length === 1) await turn();
  assert.notEqual(shared.want(), others[0], 'that one has begun already');
  builds[1]();
  await others[0].body;
  while (builds.length === 2) await turn();
  builds[2]();
  while (shared.current !== null) await turn();
  assert.equal(builds.length, 3);
});

test('a client that leaves stops the building', async (t) => {
  let asked = 0;
  let release = () => {};
  const { port } = await started(t, {
    list_types: () => ['thing'],
    list_objects: () => Array.from({ length: 5000 }, (_, i) => String(i)),
    get: () => {
      asked += 1;
      if (asked > 1) return {};
      return new Promise((resolve) => {
        release = () => resolve({});
      });
    },
  });
  const request = http.get({ port, path: '/kang/snapshot', host: '127.0.0.1' });
  request.on('error', () => {});
  while (asked < 32) await turn();
  const left = new Promise((resolve) => request.once('close', resolve));
  request.destroy();
  await left;
  await get(port, '/kang/other');
  release();
  await get(port, '/kang/other');
  assert.ok(asked < 5000, `${asked} objects`);
});

test('the callbacks are seen on the socket as well, and go with the server', async (t) => {
  const { server, port } = await started(t, {
    ...state,
    list_types: () => ['kang-test-student'],
    list_objects: () => ['bart', 'later', 'throws'],
    get: (_type, id) => {
      if (id === 'throws') throw new Error('boom');
      return id === 'later' ? Promise.reject(new Error('x')) : { surname: 'simpson' };
    },
  });
  const seen = nodeobs.registry.snapshot(['kang-test-student'])['kang-test-student'];
  assert.deepEqual(seen, {
    bart: { surname: 'simpson' },
    later: { nodeobs_error: 'get answers later; ask over HTTP' },
    throws: { nodeobs_error: 'get threw: boom' },
  });
  assert.ok(port > 0);
  server.close();
  await once(server, 'close');
  assert.ok(!nodeobs.registry.types().some(({ type }) => type === 'kang-test-student'));
});

test('options that are none are refused, a port that is taken is told', async (t) => {
  for (const [args, message] of [
    [{ service_name: 5 }, '"service_name" must be a string'],
    [{ get: 'x' }, '"get" must be a function'],
    [{ limits: { objcts: 1 } }, '"limits" has no "objcts"'],
    [{ limits: { bytes: -1 } }, '"limits.bytes" must be a positive number'],
    [{ port: 70000 }, '"port" must be 0-65535 and "host" a string'],
    [null, '"args" must be an object'],
  ]) {
    assert.throws(() => knStartServer(args), { name: 'AssertionError', message });
  }
  const { port } = await started(t, state);
  const error = await new Promise((resolve) => knStartServer({ ...state, port }, resolve));
  assert.equal(error.code, 'EADDRINUSE');
});

test('garbage costs its connection only', async (t) => {
  const { port } = await started(t, state);
  for (const bytes of ['\0\x01\x02\r\n\r\n', 'GET /kang/snapshot\r\n\r\n', 'x'.repeat(1e5)]) {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(bytes);
    socket.resume();
    await closed;
  }
  assert.equal((await get(port, '/kang/snapshot')).status, 200);
});

/** A process of its own with a server, which ends when it has nothing more to do. */
async function ending(t, options) {
  const { child, said } = await appIn(
    t,
    `const { knStartServer } = require(${JSON.stringify(require.resolve('../../js/kang/kang'))});
     knStartServer({ port: 0, list_types: () => ['t'], list_objects: () => ['a'], ${options} },
       (error, server) => process.send({ port: server.address().port }));
     process.once('message', () => process.disconnect());`,
  );
  const { port } = await said();
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('GET /kang/snapshot HTTP/1.1\r\nhost: localhost\r\n\r\n');
  return { child, port, said, socket };
}

test('the process ends though its server listens and a client waits for a callback', async (t) => {
  const { child, said, socket } = await ending(
    t,
    `get: () => { process.send('asked'); return new Promise(() => {}); }`,
  );
  socket.resume();
  assert.equal(await said(), 'asked');
  child.send('end');
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
});

test('the process ends soon though a client does not read', async (t) => {
  const { child, socket } = await ending(
    t,
    `limits: { read_ms: 50 }, get: () => Array(20).fill('x'.repeat(1 << 20))`,
  );
  await once(socket, 'readable');
  child.send('end');
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
});

test('with ref the process stays', async (t) => {
  const { child, port } = await ending(t, 'ref: true, get: () => 1');
  child.send('end');
  await once(child, 'disconnect');
  assert.equal((await get(port, '/kang/schema')).status, 200);
  assert.equal(child.exitCode, null);
});
