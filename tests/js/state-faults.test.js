'use strict';
// What applications hold and do that makes looking hard.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Places } = require('../../js/state/places');
const { toPlain } = require('../../js/state/plain');
const { Registry } = require('../../js/state/registry');
const { View } = require('../../js/state/view');

const boom = () => assert.fail('ran');
const traps = { get: boom, getPrototypeOf: boom, getOwnPropertyDescriptor: boom, has: boom };

/** All pages for one who looks. */
function pages(registry, type, limit, holder = {}) {
  const all = [];
  for (let after = null; ; ) {
    const { objects, next } = registry.list(type, limit, { after, holder, time: 1e6 });
    all.push(...objects);
    if (next === undefined) return all;
    after = next;
  }
}

test('nothing runs for a proxy among the prototypes, nor for a regular expression', () => {
  const regexp = /x/gi;
  Object.defineProperty(regexp, 'source', { get: boom });
  Object.defineProperty(regexp, 'flags', { get: boom });
  Object.defineProperty(regexp, 'global', { get: boom });
  const below = Object.create(new Proxy({}, traps));
  below.own = 1;
  class Gone extends Error {
    static [Symbol.hasInstance] = boom;
  }
  const { proxy, revoke } = Proxy.revocable({}, traps);
  revoke();
  const copy = toPlain({ regexp, below, gone: new Gone('away'), proxy });
  assert.deepEqual([copy.regexp, copy.below, copy.proxy], ['/x/gi', { own: 1 }, '[Proxy]']);
  assert.equal(copy.gone.message, 'away');
  const { objects } = (() => {
    const registry = new Registry();
    registry.add('thing', below, 'a');
    return registry.list('thing', 1, { fields: ['own', 'none'] });
  })();
  assert.deepEqual(objects, [{ id: 'a', own: 1, none: null }]);
});

test('setters and freezes of Object.prototype do not reach a copy', () => {
  const added = { set: boom, get: () => 'inherited', configurable: true };
  Object.defineProperty(Object.prototype, 'trapped', added);
  try {
    const copy = toPlain(JSON.parse('{"trapped":1,"__proto__":{"x":1},"toString":2}'));
    assert.deepEqual(Object.entries(copy), [
      ['trapped', 1],
      ['__proto__', { x: 1 }],
      ['toString', 2],
    ]);
  } finally {
    delete Object.prototype.trapped;
  }
});

test('a stack that cannot be formatted costs itself only', () => {
  const error = new TypeError('bad');
  Error.prepareStackTrace = () => {
    throw new Error('no format');
  };
  let copy;
  try {
    copy = toPlain(error);
  } finally {
    delete Error.prepareStackTrace;
  }
  assert.deepEqual([copy.name, copy.message], ['TypeError', 'bad']);
  assert.equal(copy.stack, '[Threw: no format]');
});

test('objects around a text are the text, and buffers their size', () => {
  const long = Object('x'.repeat(50 << 20)); // 50 million properties
  const copy = toPlain({
    long,
    texts: [Object('a'), Object(1), Object(false), Object(2n), Object(Symbol('s'))],
    buffer: new ArrayBuffer(8),
    shared: new SharedArrayBuffer(4),
    huge: 1n << 1_000_000n,
  });
  assert.match(copy.long, /^x+… \(52428800 characters\)$/);
  assert.deepEqual(copy.texts, ['a', 1, false, '2', 'Symbol(s)']);
  assert.deepEqual(
    [copy.buffer, copy.shared],
    ['[ArrayBuffer 8 bytes]', '[SharedArrayBuffer 4 bytes]'],
  );
  assert.equal(copy.huge, '[BigInt of over 4,096 bits]');
});

test('a row is called what it is found by', () => {
  const registry = new Registry();
  registry.define('order', { fields: ['id', 'state'] });
  registry.add('order', { id: 'own', state: 'new' }, 'given');
  assert.deepEqual(registry.list('order', 1).objects, [{ id: 'given', state: 'new' }]);
  registry.register('broken', {
    list: () => [1],
    get: boom,
    schema: { summaryFields: ['id', 'state'] },
  });
  const [row] = registry.list('broken', 1).objects;
  assert.deepEqual([row.id, row.state, row.threw], ['1', null, 'ran']);
});

test('an id of 50 MB is cut, and what is behind it comes all the same', () => {
  const long = 'x'.repeat(50 << 20);
  const registry = new Registry();
  registry.register('thing', { list: () => ['a', long, 'b'], get: (id) => ({ size: id.length }) });
  const shown = 'x'.repeat(4096);
  for (const holder of [{}, null]) {
    const rows = pages(registry, 'thing', 1, holder);
    assert.deepEqual(
      rows.map(({ id, size }) => [id.slice(0, 4096), id.length < 5000, size]),
      [
        ['a', true, 1],
        [shown, true, 50 << 20],
        ['b', true, 1],
      ],
    );
  }
  assert.deepEqual(
    Object.keys(registry.snapshot(['thing']).thing).map((id) => id.slice(0, 4096)),
    ['a', shown, 'b'],
  );
});

test('what is looked for by its id is the newest of that name, or gone', () => {
  const registry = new Registry();
  const key = {};
  const map = new Map([
    [0, 'zero'],
    [16, 'sixteen'],
    [key, { n: 1 }],
    [7n, 'big'],
  ]);
  registry.register('entry', map);
  for (const id of ['', ' 16', '0x10', '1e1', '-0'])
    assert.equal(registry.get('entry', id), undefined);
  assert.equal(registry.get('entry', '16'), 'sixteen');
  assert.equal(registry.get('entry', '7'), 'big');
  assert.equal(registry.get('entry', 'Object#1'), undefined, 'nobody was told that name');
  const { next } = registry.list('entry', 2, { time: 1e6 }); // looks one further
  assert.equal(next, '16');
  map.set(key, { n: 2 });
  assert.deepEqual(registry.get('entry', 'Object#1'), { n: 2 });
  map.delete(key);
  assert.equal(registry.get('entry', 'Object#1'), undefined);
});

test('all of a large Set and Map come, each found without a search', () => {
  const count = 20_000;
  const registry = new Registry();
  const values = Array.from({ length: count }, (_, i) => ({ i }));
  registry.register('set', new Set(values));
  registry.register('texts', new Set(values.map(({ i }) => `t${i}`)));
  registry.register('map', new Map(values.map((value) => [value, value])));
  // A search for each would take minutes.
  for (const type of ['set', 'texts', 'map']) {
    const rows = pages(registry, type, 1000);
    assert.equal(new Set(rows.map(({ id }) => id)).size, count);
    assert.equal(rows.length, count);
  }
});

test('a snapshot goes on where it was, though what it ended with is gone', () => {
  const registry = new Registry();
  const ids = Array.from({ length: 30 }, (_, i) => `k${i}`);
  const map = new Map(ids.map((id) => [id, { id }]));
  let listed = 0;
  registry.register('entry', map);
  registry.register('job', {
    list() {
      listed += 1;
      return ids;
    },
    get: (id) => ({ id }),
  });
  const holder = {};
  const seen = { entry: [], job: [] };
  for (let next = { types: ['entry', 'job'], after: {} }; next; ) {
    const part = registry.snapshot(next.types, { after: next.after, holder, size: 60, time: 1e6 });
    assert.equal(part.failed, undefined);
    for (const type of next.types) seen[type].push(...Object.keys(part[type]));
    next = part.cut?.next;
    const last = next?.after.entry;
    if (last) map.delete(last);
  }
  assert.deepEqual(seen, { entry: ids, job: ids });
  assert.equal(listed, 1);
});

test('a place is not kept for long, as it holds what it is in', async () => {
  const places = new Places(1);
  const source = new View(new Map(['a', 'b', 'c'].map((id) => [id, id])));
  const holder = {};
  const walk = places.walk(source, null, holder);
  walk.take();
  places.keep(holder, walk, true);
  assert.equal(places.walk(source, 'a', holder), walk);
  while (places.walk(source, 'a', holder) === walk) await new Promise(setImmediate);
  assert.equal(places.walk(source, 'a', holder).take(), 'b'); // found by the id
});

test('a type that goes, or is registered anew, while it is listed', () => {
  const registry = new Registry();
  const holder = {};
  const end = registry.register('job', { list: () => ['a', 'b', 'c'], get: (id) => ({ id }) });
  const { next } = registry.list('job', 1, { holder });
  assert.equal(next, 'a');
  registry.register('job', { list: () => ['x', 'a', 'y'], get: (id) => ({ id }) });
  end(); // too late to take anything back
  const ids = registry.list('job', 9, { after: next, holder }).objects.map(({ id }) => id);
  assert.deepEqual(ids, ['y']);

  const gone = registry.register('self', {
    list: () => ['a', 'b'],
    get(id) {
      gone();
      return { id };
    },
  });
  assert.equal(registry.list('self', 9).objects.length, 2);
  assert.throws(() => registry.list('self', 9), { code: 'ERR_NODEOBS_ARGUMENT' });
});

test('what an application registers is asked for no more types than it has', () => {
  const registry = new Registry();
  let asked = 0;
  registry.provide({
    list_types() {
      asked += 1;
      return ['theirs'];
    },
    list_objects: () => ['1'],
    get: () => ({}),
  });
  registry.add('mine', { a: 1 }, 'x');
  assert.ok(registry.has('mine'));
  registry.list('mine', 1);
  registry.look('mine', 'x');
  assert.equal(asked, 0);
  assert.ok(registry.has('theirs'));
  assert.ok(!registry.has('none'));
});

test('arguments that would only fail once somebody looks', () => {
  const registry = new Registry();
  const error = { code: 'ERR_NODEOBS_ARGUMENT' };
  assert.throws(() => registry.define('a', { fields: 'length' }), error);
  assert.throws(() => registry.define('a', { fields: [1] }), error);
  assert.throws(() => registry.define('a', { inspect: 'length' }), error);
  assert.throws(() => registry.define('a', null), error);
  assert.throws(() => registry.register('a', [], { inspect: {} }), error);
  // Neither can be read without running traps, and a Map's not at all.
  assert.throws(() => registry.register('a', new Proxy(new Map(), {})), error);
  assert.throws(() => registry.register('a', new Proxy([], {})), error);
  assert.deepEqual(registry.types(), []);
});

test('who asks for what is stuck of one type gets it, whatever else is older', () => {
  const registry = new Registry();
  const now = performance.now();
  registry.builtIn('queue', {
    fields: [],
    count: () => 1,
    ids: () => ({ ids: [], total: 0 }),
    get() {},
  });
  const requests = Array.from({ length: 50 }, (_, id) => ({
    kind: 'request',
    type: 'request',
    id,
    name: 'GET /',
    since: now - 9000,
  }));
  const task = { kind: 'task', type: 'queue', id: 'q', name: 'lost', since: now - 2000 };
  registry.addPending((_before, limit) => [...requests, task].slice(0, limit));
  const names = (only) => registry.stuck(1000, 10, only).stuck.map(({ name }) => name);
  assert.equal(names(null).length, 10);
  for (const only of ['queue', 'task']) assert.deepEqual(names(only), ['lost']);
  assert.equal(registry.stuck(1000, 10, 'request').total, 50);
  registry.define('queue'); // ours is called otherwise now
  for (const only of ['queue', 'nodeobs.queue', 'task']) assert.deepEqual(names(only), ['lost']);
  assert.deepEqual(names('flow'), []);
});

test('a callback that gives a promise is no way to end the process', async () => {
  const registry = new Registry();
  const late = async () => {
    throw new Error('late');
  };
  registry.register('get', { list: () => ['1'], get: late });
  registry.register('list', { list: late, get: late, schema: late });
  registry.define('inspect', { inspect: late });
  registry.add('inspect', 1, 'a');
  registry.register('view', [1], { inspect: late });
  registry.provide({ list_types: late, list_objects: late, get: late, stats: late });
  const { failed } = registry.snapshot();
  const message = 'it gave a promise, and has to answer at once';
  assert.equal(failed.total, 6);
  assert.ok(failed.first.every((one) => one.message === message));
  assert.equal(registry.list('get', 1).objects[0].threw, message);
  assert.throws(() => registry.list('list', 1), { message });
  assert.throws(() => registry.look('view', '0'), { message });
  registry.types();
  await new Promise(setImmediate); // an unhandled rejection would fail the test
});

test('getters that take long cost no more than the time of the answer', () => {
  let read = 0;
  const slow = {};
  for (let i = 0; i < 1000; i++) {
    Object.defineProperty(slow, `g${i}`, {
      enumerable: true,
      get() {
        read += 1;
        for (const ends = performance.now() + 5; performance.now() < ends; );
        return i;
      },
    });
  }
  const registry = new Registry();
  registry.register('slow', { list: () => ['1', '2'], get: () => slow });
  const { cut } = registry.look('slow', '1');
  assert.ok(read < 10, `${read} of them were read`);
  assert.equal(cut.time, 1000 - read);
});

test('a list of ids that has no end is given up', () => {
  const registry = new Registry();
  let ended = false;
  registry.register('endless', {
    *list() {
      try {
        for (;;) yield 'again';
      } finally {
        ended = true;
      }
    },
    get: () => ({}),
  });
  assert.throws(() => registry.list('endless', 1), { message: 'the list of ids has no end' });
  assert.equal(ended, true);
});
