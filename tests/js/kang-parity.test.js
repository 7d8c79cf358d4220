'use strict';
// kang itself and ours, side by side: each one's client on each one's server, and the same merges.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const ours = require('../../js/kang/kang');
const state = require('../fixtures/kang_state');
const { get, kangSkip, source, started } = require('./kang.fixture');

const skip = kangSkip;
const theirs = skip ? null : require('kang');

/** kang's server with the fixture's state. */
function kangServer(t, args) {
  return new Promise((resolve) => {
    theirs.knStartServer({ port: 0, host: '127.0.0.1', ...args }, (_error, server) => {
      t.after(() => server.close());
      resolve(server.address().port);
    });
  });
}

/** What two moments or processes never have in common. */
function timeless(data) {
  const { started: at, memory, ...stats } = data.stats;
  assert.match(at, /^\d{4}-.*Z$/);
  assert.ok(memory.rss > 0);
  return { ...data, stats: { ...stats, memory: Object.keys(memory) } };
}

test('the same callbacks give the same JSON', { skip }, async (t) => {
  const kang = await kangServer(t, state);
  const { port } = await started(t, state);
  const [expected, got] = [await get(kang, '/kang/snapshot'), await get(port, '/kang/snapshot')];
  assert.deepEqual(timeless(got.data), timeless(expected.data));
  assert.deepEqual(Object.keys(got.data), Object.keys(expected.data));
  assert.equal(got.headers['content-type'], expected.headers['content-type']);
  assert.deepEqual((await get(port, '/kang/schema')).data, (await get(kang, '/kang/schema')).data);
  for (const path of ['/kang/other', '/other', '/kang/snapshot/']) {
    assert.equal((await get(port, path)).status, (await get(kang, path)).status, path);
  }
  const method = 'POST';
  assert.equal(
    (await get(port, '/kang/snapshot', { method })).status,
    (await get(kang, '/kang/snapshot', { method })).status,
  );
});

test('without a schema there is none', { skip }, async (t) => {
  const { schema: _, ...rest } = state;
  const kang = await kangServer(t, rest);
  const { port } = await started(t, rest);
  const asked = async (at) => (await get(at, '/kang/schema')).data;
  assert.deepEqual(await asked(port), await asked(kang));
});

test("each one's client reads each one's server", { skip }, async (t) => {
  const ports = [await kangServer(t, state), (await started(t, state)).port];
  const read = (client, port) =>
    new Promise((resolve, reject) => {
      client.knFetchAll({ sources: [source(port)] }, (error, snapshot) =>
        error ? reject(error) : resolve(JSON.parse(JSON.stringify(snapshot.cs_objects))),
      );
    });
  for (const port of ports) {
    const [expected, got] = [await read(theirs, port), await read(ours, port)];
    for (const objects of [expected, got]) delete objects.stats;
    delete got.motto.school[0].origin; // kang gives none to texts
    assert.deepEqual(got, expected);
  }
});

test('the schemas merge to the same', { skip }, async (t) => {
  const ports = [await kangServer(t, state), (await started(t, state)).port];
  const schemas = ports.map(
    (port) =>
      new Promise((resolve, reject) => {
        theirs.knFetchSchema({ sources: [source(port)] }, (error, schema) =>
          error ? reject(error) : resolve(schema),
        );
      }),
  );
  const [expected, got] = await Promise.all(schemas);
  assert.deepEqual(got, expected);
});

test('sources mean the same', { skip }, () => {
  const texts = [
    'localhost',
    'a:1',
    'https://a',
    'http://a:65535/x',
    '[::1]:80',
    '[::1]',
    '1.2.3.4:5/y',
    'a_b-c.d',
    '',
    ':80',
    'a:',
    'a:0',
    'a:65536',
    'a:1x',
    'a:-1',
    '[x]',
    '1.2.3.456',
    'http://',
    'a b',
    'é',
    '/x',
  ];
  const made = (client, text) => {
    try {
      return client.knMakeSource(text);
    } catch {
      return 'refused';
    }
  };
  for (const text of texts) assert.deepEqual(made(ours, text), made(theirs, text), text);
});

/** A small generator of repeatable numbers. */
function generator(seed) {
  let at = seed;
  return (n) => {
    at = (Math.imul(at, 1664525) + 1013904223) >>> 0;
    return Math.floor((at / 2 ** 32) * n);
  };
}

// Without fields like "constructor", which kang takes for types that there are.
/** @param {(n: number) => number} pick */
function generated(pick) {
  const names = ['a', 'b', 'c', 'x:y', '7', 'ü', 'origin', ''];
  const name = () => names[pick(names.length)];
  const value = (depth) => {
    switch (pick(depth > 2 ? 4 : 7)) {
      case 0:
        return pick(100);
      case 1:
        return `${name()}:${name()}`;
      case 2:
        return null;
      case 3:
        return pick(2) === 0;
      case 4:
        return Array.from({ length: pick(4) }, () => value(depth + 1));
      default:
        return object(depth + 1);
    }
  };
  const object = (depth) => {
    const made = {};
    for (let i = pick(4); i > 0; i--) made[name()] = value(depth);
    return made;
  };
  const types = ['a', 'b', 'ü'].slice(0, pick(4));
  const snapshot = {
    service: { name: name(), ident: name(), version: '1', ...(pick(2) && { component: name() }) },
    ...(pick(4) && { types }),
    ...(pick(3) && { stats: object(0) }),
    source: { ...source(1 + pick(100)), protocol: pick(2) ? 'http' : 'https' },
  };
  for (const type of types) {
    if (pick(5) === 0) continue;
    snapshot[type] = {};
    for (let i = pick(4); i > 0; i--) {
      snapshot[type][name()] = pick(6) === 0 ? 'text' : object(0);
    }
  }
  if (pick(20) === 0) delete snapshot.service;
  return snapshot;
}

test('generated snapshots merge to the same', { skip }, () => {
  const clone = (data) => JSON.parse(JSON.stringify(data));
  for (let seed = 1; seed <= 1000; seed++) {
    const pick = generator(seed);
    const snapshots = Array.from({ length: pick(5) }, () => generated(pick));
    const expected = theirs.knMergeSnapshots(clone(snapshots));
    const got = ours.knMergeSnapshots(clone(snapshots));
    const texts = clone(got.cs_objects);
    for (const objects of Object.values(texts)) {
      for (const one of Object.values(objects).flat()) if (one.body === 'text') delete one.origin;
    }
    for (const type of Object.keys(expected.cs_objects)) {
      assert.deepEqual(texts[type], clone(expected.cs_objects[type]), `seed ${seed}: ${type}`);
    }
    assert.deepEqual(got.types(), expected.types(), `seed ${seed}`);
    for (const type of ['type', ...expected.types()]) {
      assert.deepEqual(got.list(type), expected.list(type));
      const fields = ({ fields }) => fields.filter((field) => field !== 'origin');
      assert.deepEqual(fields(got.query(type)), fields(expected.query(type)), `seed ${seed}`);
      for (const object of got.query(type).objects) {
        assert.deepEqual(got.links(object), expected.links(object), `seed ${seed}`);
      }
    }
  }
});
