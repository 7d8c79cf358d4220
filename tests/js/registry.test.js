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
    next: 'named',
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
    next: 'a',
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

/** A type of nodeobs's own with these objects. */
function own(objects) {
  const ids = Object.keys(objects);
  return {
    fields: [],
    count: () => ids.length,
    ids: (limit) => ({ ids: ids.slice(0, limit), total: ids.length }),
    get: (id) => objects[id],
  };
}

test('a type of the application has the plain name, however it was registered', () => {
  const names = (registry) => registry.types().map(({ type }) => type);
  const ways = [
    (registry) => registry.define('queue'),
    (registry) => registry.add('queue', {}),
    (registry) => registry.register('queue', new Map([['mine', { x: 1 }]])),
    (registry) => registry.register('queue', { list: () => [], get() {} }),
    (registry) =>
      registry.provide({ list_types: () => ['queue'], list_objects: () => [], get() {} }),
  ];
  for (const register of ways) {
    const registry = new Registry();
    registry.builtIn('process', own({}));
    registry.builtIn('queue', own({ ours: { length: 3 } }));
    assert.deepEqual(names(registry), ['process', 'queue']);
    register(registry);
    assert.deepEqual(names(registry), ['queue', 'process', 'nodeobs.queue']);
    assert.deepEqual(registry.get('nodeobs.queue', 'ours'), { length: 3 });
    assert.equal(registry.get('queue', 'ours'), undefined);
    assert.equal(registry.ownType('nodeobs.queue'), 'queue');
    assert.equal(registry.ownType('queue'), null);
    registry.define('nodeobs.queue');
    assert.ok(names(registry).includes('nodeobs.nodeobs.queue'));
  }
  assert.throws(() => new Registry().define(''), { code: 'ERR_NODEOBS_ARGUMENT' });
});

test('a collection is shown as it is when somebody looks', () => {
  const registry = new Registry();
  const key = { key: true };
  const map = new Map([
    ['a', { n: 1 }],
    [2, { n: 2 }],
    [key, { n: 3 }],
    ['__proto__', { n: 4 }],
    ['x/y ü\n', { n: 5 }],
  ]);
  const end = registry.register('session', map, { fields: ['n'] });
  assert.deepEqual(registry.types(), [{ type: 'session', count: 5, fields: ['n'] }]);
  const { objects } = registry.list('session', 10);
  assert.deepEqual(
    objects.map(({ id, n }) => [id, n]),
    [
      ['a', 1],
      ['2', 2],
      ['Object#1', 3],
      ['__proto__', 4],
      ['x/y ü\n', 5],
    ],
  );
  for (const { id, n } of objects) assert.deepEqual(registry.get('session', id), { n });
  map.set('new', { n: 6 });
  map.delete('a');
  assert.deepEqual(registry.ids('session', 2), ['2', 'Object#1']);
  assert.deepEqual(registry.get('session', 'new'), { n: 6 });
  assert.deepEqual(Object.keys(registry.snapshot(['session']).session), [
    '2',
    'Object#1',
    '__proto__',
    'x/y ü\n',
    'new',
  ]);
  end();
  end();
  assert.deepEqual(registry.types(), []);

  const set = new Set(['one', { n: 1 }]);
  registry.register('set', set);
  assert.deepEqual(registry.ids('set', 9), ['one', 'Object#1']);
  assert.equal(registry.get('set', 'one'), 'one');
  assert.deepEqual(registry.get('set', 'Object#1'), { n: 1 });
  const array = [{ n: 1 }, null, { n: 2 }];
  registry.register('array', array, { inspect: ({ n }) => ({ twice: 2 * n }) });
  assert.deepEqual(registry.list('array', 9).objects[1].threw.slice(0, 20), 'Cannot destructure p');
  assert.deepEqual(registry.get('array', '2'), { twice: 4 });
  assert.equal(registry.get('array', 'length'), undefined);
  for (const wrong of [null, {}, 7, { list() {} }, { get() {} }]) {
    assert.throws(() => registry.register('x', wrong), { code: 'ERR_NODEOBS_ARGUMENT' });
  }
});

test('registering again replaces, and the earlier one can no longer be taken back', () => {
  const registry = new Registry();
  const first = registry.register('job', { list: () => ['1'], get: (id) => ({ id }) });
  registry.register('job', {
    list: () => ['2'],
    get: () => ({}),
    schema: { summaryFields: ['s'] },
  });
  first();
  assert.deepEqual(registry.ids('job', 9), ['2']);
  assert.deepEqual(registry.types()[0].fields, ['s']);
  assert.deepEqual(registry.schema('job'), { summaryFields: ['s'] });
  assert.throws(() => registry.add('job', {}), { code: 'ERR_NODEOBS_ARGUMENT' });
  assert.throws(() => registry.define('job'), { code: 'ERR_NODEOBS_ARGUMENT' });
  registry.define('defined', { fields: ['a'] });
  assert.deepEqual(registry.schema('defined'), { summaryFields: ['a'] });
  assert.throws(() => registry.register('defined', []), { code: 'ERR_NODEOBS_ARGUMENT' });
});

test('a collected collection is gone', async () => {
  const { setFlagsFromString } = require('node:v8');
  setFlagsFromString('--expose-gc');
  const gc = require('node:vm').runInNewContext('gc');
  const registry = new Registry();
  (() => registry.register('gone', new Map([['a', 1]])))();
  await new Promise(setImmediate);
  gc();
  assert.deepEqual(registry.types(), []);
  registry.define('gone'); // the name is free again
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
