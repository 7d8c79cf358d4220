'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { toPlain } = require('../../js/state/plain');
const { Registry } = require('../../js/state/registry');

test('objects are listed by type, in a table of the fields asked for', () => {
  const registry = new Registry();
  const queue = { length: 2, pending: { a: 1 }, secret: 'no' };
  registry.define('queue', {
    fields: ['length'],
    inspect: ({ length, pending }) => ({ length, pending }),
  });
  assert.equal(registry.add('queue', queue), '1');
  assert.equal(registry.add('queue', queue, 'named'), 'named');
  assert.equal(registry.add('queue', queue), '2');
  assert.deepEqual(registry.types(), [{ type: 'queue', count: 3, fields: ['length'] }]);
  assert.deepEqual(registry.list('queue', 2), {
    type: 'queue',
    fields: ['length'],
    objects: [
      { id: '1', length: 2 },
      { id: 'named', length: 2 },
    ],
    total: 3,
    truncated: true,
  });
  assert.deepEqual(registry.get('queue', 'named'), { length: 2, pending: { a: 1 } });
  assert.equal(registry.get('queue', 'other'), undefined);
  assert.equal(registry.remove('queue', 'named'), true);
  assert.equal(registry.remove('queue', 'named'), false);
  assert.equal(registry.remove('nothing', '1'), false);
});

test('a type needs no definition, and its fields are then the scalar ones', () => {
  const registry = new Registry();
  registry.add('job', { state: 'waiting', tries: 2, payload: { big: true } }, 7);
  const { fields, objects } = registry.list('job', 10);
  assert.deepEqual(fields, ['state', 'tries']);
  assert.deepEqual(objects, [{ id: '7', state: 'waiting', tries: 2 }]);
});

test('what cannot be held weakly is held', () => {
  const registry = new Registry();
  registry.add('flag', 'blue', 'color');
  assert.deepEqual(registry.list('flag', 1).objects, [{ id: 'color', value: 'blue' }]);
});

test("kang's callbacks are asked only while somebody looks", () => {
  const registry = new Registry();
  const asked = [];
  const end = registry.provide({
    list_types: () => ['pipeline'],
    list_objects(type) {
      asked.push(type);
      return ['a', 'b'];
    },
    get: (type, id) => ({ type, id, stage: 3 }),
    schema: () => ({ summaryFields: ['stage'] }),
    stats: () => ({ requests: 9 }),
  });
  assert.deepEqual(registry.types(), [{ type: 'pipeline', count: null, fields: ['stage'] }]);
  assert.deepEqual(asked, []);
  assert.deepEqual(registry.list('pipeline', 1), {
    type: 'pipeline',
    fields: ['stage'],
    objects: [{ id: 'a', stage: 3 }],
    total: 2,
    truncated: true,
  });
  const snapshot = registry.snapshot();
  assert.deepEqual(Object.keys(snapshot), ['service', 'stats', 'types', 'pipeline']);
  assert.deepEqual(Object.keys(snapshot.service), ['name', 'ident', 'version']);
  assert.equal(snapshot.stats.requests, 9);
  assert.ok(snapshot.stats.started && snapshot.stats.memory.rss > 0);
  assert.deepEqual(snapshot.pipeline.b, { type: 'pipeline', id: 'b', stage: 3 });
  end();
  assert.deepEqual(registry.types(), []);
  assert.throws(() => registry.provide({ list_types() {} }), { code: 'ERR_NODEOBS_ARGUMENT' });
});

test("nodeobs's own types are not for others", () => {
  const registry = new Registry();
  registry.builtIn('process', {
    fields: [],
    count: () => 1,
    ids: () => ({ ids: [], total: 0 }),
    get() {},
  });
  assert.throws(() => registry.add('process', {}), { code: 'ERR_NODEOBS_ARGUMENT' });
  assert.throws(() => registry.define('process'), { code: 'ERR_NODEOBS_ARGUMENT' });
  assert.throws(() => registry.define(''), TypeError);
});

test('a plain copy runs no code of the application', () => {
  const boom = () => assert.fail('ran');
  const value = {
    get getter() {
      return boom();
    },
    toJSON: boom,
    proxy: new Proxy(
      {},
      { get: boom, ownKeys: boom, getPrototypeOf: boom, getOwnPropertyDescriptor: boom },
    ),
    nested: new (class Thing {
      own = 1;
      get inherited() {
        return boom();
      }
    })(),
  };
  assert.deepEqual(toPlain(value), {
    getter: '[Getter]',
    toJSON: '[Function boom]',
    proxy: '[Proxy]',
    nested: { own: 1 },
  });
});

test('every kind of value becomes JSON', () => {
  const error = new TypeError('bad', { cause: new Error('why') });
  const cycle = { name: 'c' };
  cycle.again = cycle;
  const shared = { s: 1 };
  const copy = toPlain({
    undef: undefined,
    nan: Number.NaN,
    big: 10n,
    symbol: Symbol('s'),
    date: new Date(0),
    bad: new Date(Number.NaN),
    regexp: /x/g,
    buffer: Buffer.from('abc'),
    map: new Map([
      ['k', 1],
      [{}, 2],
    ]),
    set: new Set([1, 'two']),
    error,
    cycle,
    twice: [shared, shared],
    bare: Object.assign(Object.create(null), { ok: true }),
    ['__proto__']: { polluted: true },
  });
  assert.equal(copy.undef, null);
  assert.deepEqual([copy.nan, copy.big, copy.symbol], ['NaN', '10', 'Symbol(s)']);
  assert.deepEqual(
    [copy.date, copy.bad, copy.regexp],
    ['1970-01-01T00:00:00.000Z', 'Invalid Date', '/x/g'],
  );
  assert.equal(copy.buffer, '[Buffer 3 bytes]');
  assert.deepEqual(copy.map, { k: 1, '[Object 2]': 2 });
  assert.deepEqual(copy.set, [1, 'two']);
  assert.equal(copy.error.name, 'TypeError');
  assert.equal(copy.error.message, 'bad');
  assert.match(copy.error.stack, /TypeError: bad/);
  assert.equal(copy.error.cause.message, 'why');
  assert.equal(copy.cycle.again, '[Circular]');
  assert.deepEqual(copy.twice, [{ s: 1 }, { s: 1 }]);
  assert.deepEqual(copy.bare, { ok: true });
  assert.equal(Object.getPrototypeOf(copy), Object.prototype);
  JSON.stringify(copy);
});

test('a million objects cost no more than the limit', () => {
  const copy = toPlain({ list: Array.from({ length: 1e6 }, (_, i) => ({ i })) });
  assert.ok(JSON.stringify(copy).length < 1e6);
  assert.match(copy.list.at(-1), /^… \d+ more$/);
  let deep = {};
  for (let i = 0; i < 1e5; i++) deep = { deep };
  assert.match(JSON.stringify(toPlain(deep)), /\[Deeper\]/);
  assert.match(toPlain('x'.repeat(1e6)), /^x+… \(1000000 characters\)$/);
});
