'use strict';
// What the application's callbacks do to those who look, and what is cut.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Copier } = require('../../js/state/copier');
const { toPlain } = require('../../js/state/plain');
const { Registry } = require('../../js/state/registry');
const { LostPlace } = require('../../js/state/source');

const LIMITS = { nodes: 20000, depth: 12, string: 16384, size: 65536 };

/** A registry with one type: what `get` gives by id. */
function registryOf(objects, list = () => Object.keys(objects)) {
  const registry = new Registry();
  registry.register('thing', { list, get: (id) => objects[id] });
  return registry;
}

function copied(value, limits = LIMITS, run = true) {
  const copier = new Copier(limits, { run });
  return { copy: copier.copy(value), cuts: copier.cuts };
}

test('what a callback gives is read as JSON would, and what throws costs its field only', () => {
  class Account {
    #balance = 3;
    name = 'a';
    toJSON() {
      return { name: this.name, balance: this.#balance };
    }
  }
  const value = {
    get length() {
      return 4;
    },
    get boom() {
      throw new Error('no length');
    },
    get odd() {
      throw Object.create(null);
    },
    account: new Account(),
    bad: {
      toJSON() {
        throw new TypeError('no JSON');
      },
    },
    url: new URL('http://x/y'),
    date: new Date(0),
    buffer: Buffer.from('abc'),
    list: Object.defineProperty([1, 2], 1, { get: () => 'two', enumerable: true }),
    proxy: new Proxy({ a: 1 }, {}),
    trap: new Proxy({}, { ownKeys: () => assert.fail('a trap') }),
    after: 'all of it',
  };
  const registry = registryOf({ one: value });
  const { object, cut } = registry.look('thing', 'one');
  assert.deepEqual(object, {
    length: 4,
    boom: '[Threw: no length]',
    odd: '[Threw: something that has no text]',
    account: { name: 'a', balance: 3 },
    bad: '[Threw: no JSON]',
    url: 'http://x/y',
    date: '1970-01-01T00:00:00.000Z',
    buffer: '[Buffer 3 bytes]',
    list: [1, 'two'],
    proxy: { a: 1 },
    trap: '[Threw: a trap]',
    after: 'all of it',
  });
  assert.deepEqual(cut, { threw: 4 });
  const { objects } = registry.list('thing', 1, { fields: ['length', 'boom', 'account', 'none'] });
  assert.deepEqual(objects, [
    {
      id: 'one',
      length: 4,
      boom: '[Threw: no length]',
      account: { name: 'a', balance: 3 },
      none: null,
    },
  ]);
});

test('of what was only added, nothing runs, elements and subclasses neither', () => {
  const boom = () => assert.fail('ran');
  class List extends Array {
    get [Symbol.iterator]() {
      return boom();
    }
  }
  class Box extends Map {
    get size() {
      return boom();
    }
    entries() {
      return boom();
    }
  }
  const value = {
    list: Object.defineProperty(List.of(1, 2), 1, { get: boom, enumerable: true }),
    box: new Box([['k', 1]]),
    fake: Object.create(Map.prototype),
    fakeDate: Object.create(Date.prototype),
  };
  const registry = new Registry();
  registry.add('thing', value, 'a');
  const expected = { list: [1, '[Getter]'], box: { k: 1 }, fake: {}, fakeDate: {} };
  assert.deepEqual(registry.look('thing', 'a'), { object: expected });
  assert.deepEqual(registry.list('thing', 1, { fields: ['box'] }).objects, [
    { id: 'a', box: { k: 1 } },
  ]);
});

test('an object is at most 64 KiB of JSON, and says what is missing', () => {
  const texts = {
    plain: 'x'.repeat(50 << 20),
    quotes: '"\\\n'.repeat(1 << 20),
    wide: 'ü€😀'.repeat(1 << 18),
    half: '\ud83d'.repeat(1 << 18),
  };
  const values = {
    ...texts,
    many: Array.from({ length: 1e6 }, (_, i) => ({ i })),
    map: new Map(Array.from({ length: 1e6 }, (_, i) => [i, i])),
    numbers: Array.from({ length: 1e6 }, (_, i) => i / 3),
    keys: Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`${i}`.padEnd(1e5, 'k'), i])),
    texts,
  };
  for (const [name, value] of Object.entries(values)) {
    const { copy, cuts } = copied(value);
    const size = Buffer.byteLength(JSON.stringify(copy));
    // The marks of what is missing come on top.
    assert.ok(size < 65536 + 200, `${name}: ${size} bytes`);
    if (name !== 'keys') assert.ok(Object.keys(cuts).length > 0, name);
  }
  assert.match(copied(values.many).copy.at(-1), /^… \d+ more$/);
  const { copy, cuts } = copied(values.map);
  assert.equal(copy['…'], `${cuts.size ?? cuts.nodes} more`);
  assert.equal(Object.keys(copy).length - 1 + (cuts.size ?? cuts.nodes), 1e6);
  let deep = {};
  for (let i = 0; i < 1e5; i++) deep = { deep };
  assert.deepEqual(copied(deep).cuts, { depth: 1 });
  const cyclic = { next: {} };
  cyclic.next.back = cyclic;
  assert.deepEqual(copied(cyclic), { copy: { next: { back: '[Circular]' } }, cuts: {} });
  // No half of a character is left at the end.
  assert.ok(JSON.stringify(copied(values.wide).copy).isWellFormed?.() ?? true);
});

test('a value that makes another one without end comes to an end', () => {
  const endless = {
    toJSON: () => ({
      more: endless,
      get again() {
        return { ...endless };
      },
    }),
  };
  const { copy, cuts } = copied(endless);
  assert.ok(JSON.stringify(copy).length < 70_000);
  assert.ok(cuts.depth > 0);
  const growing = [1];
  Object.defineProperty(growing, 0, { get: () => growing.push(1), enumerable: true });
  growing.push(new Proxy({}, { ownKeys: () => growing.push({}) && [] }));
  assert.ok(copied(growing).copy.length <= LIMITS.nodes);
});

test('time is looked at while copying and between objects', () => {
  const late = new Copier(LIMITS, { run: true, deadline: 0 });
  const copy = late.copy(Array.from({ length: 1000 }, (_, i) => i));
  assert.ok(copy.length <= 66, `${copy.length}`);
  assert.deepEqual(late.cuts, { time: 1000 - (copy.length - 1) });

  const registry = registryOf(Object.fromEntries('abc'.split('').map((id) => [id, { id }])));
  const page = registry.list('thing', 10, { time: -1 });
  assert.deepEqual([page.objects.length, page.truncated, page.next], [1, true, 'a']);
  const rest = registry.list('thing', 10, { after: 'a', time: 1e6 });
  assert.deepEqual([rest.objects.length, rest.truncated, rest.next], [2, false, undefined]);
});

test('pages go on where the one before ended, for each who looks', () => {
  const registry = new Registry();
  const map = new Map(Array.from({ length: 10 }, (_, i) => [`k${i}`, { i }]));
  registry.register('entry', map);
  const [one, other] = [{}, {}];
  const page = (holder, after) =>
    registry.list('entry', 3, { after, holder, time: 1e6 }).objects.map(({ id }) => id);
  assert.deepEqual(page(one, null), ['k0', 'k1', 'k2']);
  assert.deepEqual(page(other, null), ['k0', 'k1', 'k2']);
  map.delete('k2'); // the place is kept all the same
  map.delete('k4');
  map.set('k10', { i: 10 });
  assert.deepEqual(page(one, 'k2'), ['k3', 'k5', 'k6']);
  assert.deepEqual(page(other, 'k2'), ['k3', 'k5', 'k6']);
  assert.deepEqual(page(one, 'k6'), ['k7', 'k8', 'k9']);
  assert.deepEqual(page(one, 'k9'), ['k10']);
  // Somebody else's place is found by its id, as long as that is there.
  assert.deepEqual(page({}, 'k9'), ['k10']);
  assert.throws(() => page({}, 'k2'), LostPlace);
});

test('a callback that throws costs its object or its type', () => {
  const registry = new Registry();
  registry.provide({
    list_types: () => ['good', 'bad', 'none'],
    list_objects(type) {
      if (type === 'bad') throw new Error('no list');
      return type === 'none' ? 'text' : ['a', 'b', 'c'];
    },
    get(_type, id) {
      if (id === 'b') throw new Error('no b');
      return id === 'c' ? undefined : { id };
    },
    stats() {
      throw new Error('no stats');
    },
  });
  registry.provide({
    list_types() {
      throw new Error('no types');
    },
    list_objects: () => [],
    get() {},
  });
  const snapshot = registry.snapshot();
  assert.deepEqual(snapshot.types, ['good', 'bad', 'none']);
  assert.deepEqual(snapshot.good, { a: { id: 'a' }, b: '[Threw: no b]' });
  assert.deepEqual([snapshot.bad, snapshot.none], [{}, {}]);
  assert.ok(snapshot.stats.memory.rss > 0);
  assert.deepEqual(snapshot.failed, {
    total: 5,
    first: [
      { message: 'no types' },
      { type: 'stats', message: 'no stats' },
      { type: 'good', id: 'b', message: 'no b' },
      { type: 'bad', message: 'no list' },
      { type: 'none', message: 'the list of ids is no list' },
    ],
  });
  const { objects, failed } = registry.list('good', 10);
  assert.deepEqual(objects, [{ id: 'a' }, { id: 'b', threw: 'no b' }]);
  assert.equal(failed.total, 1);
  assert.throws(() => registry.list('bad', 10), /no list/);
});

test('objects that come and go while they are listed', () => {
  const map = new Map();
  for (let i = 0; i < 100; i++) map.set(i, { i });
  const registry = new Registry();
  registry.register('entry', map, {
    inspect({ i }) {
      map.delete(i + 1);
      map.set(1000 + i, { i: 1000 + i }); // never comes to an end by itself
      return { i };
    },
  });
  const page = registry.list('entry', 200, { time: 1e6 });
  assert.equal(page.objects.length, 200);
  assert.equal(new Set(page.objects.map(({ id }) => id)).size, 200);
  assert.equal(page.truncated, true);
});

test('a million entries cost a page no more than a hundred do', () => {
  const map = new Map();
  for (let i = 0; i < 1e6; i++) map.set(i, i);
  let asked = 0;
  const registry = new Registry();
  registry.register('entry', map, {
    inspect(i) {
      asked += 1;
      return { i };
    },
  });
  const { objects, total, next } = registry.list('entry', 100, { time: 1e6 });
  assert.deepEqual([objects.length, total, next, asked], [100, 1e6, '99', 100]);
});

test('a snapshot that is cut says how to go on, and then everything is there once', () => {
  const registry = new Registry();
  for (const type of ['a', 'b', 'c', 'service', '__proto__']) {
    registry.register(type, {
      list: () => Array.from({ length: 40 }, (_, i) => `${type}${i}`),
      get: (id) => ({ id, text: 'x'.repeat(1000) }),
    });
  }
  const seen = [];
  let parts = 0;
  const names = registry.names();
  for (let next = { types: undefined, after: {} }; next; parts++) {
    const part = registry.snapshot(next.types, { after: next.after, size: 20_000, time: 1e6 });
    for (const type of part.types) {
      if (type !== 'service') seen.push(...Object.values(part[type]).map(({ id }) => id));
    }
    next = part.cut?.next;
    assert.ok(JSON.stringify(part).length < 25_000);
  }
  assert.ok(parts > 5, `${parts}`);
  assert.equal(names.length, 5);
  assert.equal(seen.length, 4 * 40);
  assert.equal(new Set(seen).size, 4 * 40);
  const { failed, service } = registry.snapshot(['service']);
  assert.match(failed.first[0].message, /no place in a snapshot/);
  registry.register('cut', { list: () => ['next'], get: () => ({ types: ['a'] }) });
  assert.equal(registry.snapshot(['cut']).cut, undefined);
  assert.equal(typeof service.ident, 'string');
});

test('what is pending is sorted, and a finder that throws costs its part', () => {
  const registry = new Registry();
  const now = performance.now();
  const flow = { fields: [], count: () => 3, ids: () => ({ ids: [], total: 3 }), get() {} };
  registry.builtIn('flow', flow);
  registry.define('flow'); // ours is now called otherwise
  const asked = [];
  registry.addPending((before, limit) => {
    asked.push([before < now, limit]);
    return [
      {
        kind: 'pipeline',
        type: 'flow',
        id: '1',
        name: 'old',
        since: now - 60_000,
        more: { step: 2 },
      },
      { kind: 'task', type: 'flow', id: '2', name: 'young', since: now },
    ];
  });
  registry.addPending(function broken() {
    throw new Error('lost count');
  });
  registry.addPending(() => [
    { kind: 'queue', type: 'queue', id: 7, name: 'older', since: now - 90_000, more: { x: 1n } },
  ]);
  const { stuck, looked, failed, truncated, total } = registry.stuck(1000, 10);
  assert.deepEqual(
    stuck.map(({ age_ms, ...rest }) => [Math.floor(age_ms / 10_000), rest]),
    [
      [9, { kind: 'queue', type: 'queue', id: '7', name: 'older', more: { x: '1' } }],
      [6, { kind: 'pipeline', type: 'nodeobs.flow', id: '1', name: 'old', more: { step: 2 } }],
    ],
  );
  assert.deepEqual(asked, [[true, 11]]);
  assert.deepEqual(looked, { flow: 3 });
  assert.deepEqual(failed, { total: 1, first: [{ type: 'broken', message: 'lost count' }] });
  assert.deepEqual([truncated, total], [false, 2]);
  assert.deepEqual(
    registry.stuck(1000, 1).stuck.map(({ name }) => name),
    ['older'],
  );
  assert.equal(registry.stuck(1000, 1).truncated, true);

  const many = new Registry();
  const one = { kind: 'task', type: 'queue', id: 'q', name: 'x'.repeat(1e6), since: now - 1e6 };
  many.addPending((_before, limit) => Array(Math.min(limit, 3e5)).fill(one));
  const answer = many.stuck(1000, 1e6);
  assert.deepEqual([answer.total, answer.truncated], [3e5, true]);
  assert.ok(JSON.stringify(answer).length < 2 << 20);
});

test('arguments of probes are not held to the size of an object', () => {
  const list = Array.from({ length: 10_000 }, () => 'x'.repeat(100));
  assert.equal(toPlain(list).length, 10_000);
});
