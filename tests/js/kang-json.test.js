'use strict';
// JSON in slices: the text of JSON.stringify, whenever the writing is interrupted.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { JsonText } = require('../../js/kang/json-text');

/** Written to the end, or interrupted at every look at the clock. */
function written(value, { interrupted = false, room = Infinity } = {}) {
  const text = new JsonText('key', value, room);
  let all = '';
  while (!text.run(() => interrupted)) all += text.take();
  return { text: all + text.take(), cut: text.cut };
}

class Point {
  constructor() {
    this.x = 1;
    Object.defineProperty(this, 'hidden', { value: 2 });
  }
  get y() {
    return 2;
  }
}

const VALUES = [
  ...[null, true, 0, -0, 1.5, Number.NaN, Infinity, 'text', '"\\\n\u2028\ud800', '', [], {}],
  [undefined, () => {}, Symbol('s'), [[]], [{}], {}],
  { a: undefined, b: () => {}, c: Symbol('s'), [Symbol('key')]: 1, d: null },
  new Date(0),
  new Date(Number.NaN),
  [new Number(1), new String('s'), new Boolean(false)],
  { toJSON: (key) => ({ key }) },
  { inner: { toJSON: (key) => key }, list: [{ toJSON: (key) => key }] },
  { toJSON: () => undefined },
  new Map([[1, 2]]),
  new Set([1]),
  Buffer.from('ab'),
  new Uint8Array(3),
  new Point(),
  Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true } }),
  Object.create(null),
  { ['__proto__']: { x: 1 } },
  { 2: 'b', 1: 'a', '': 0 },
  Array.from({ length: 1000 }, (_, i) => ({ i, list: [i, [i]] })),
  // biome-ignore lint/suspicious/noSparseArray: that is what is tested
  [1, , 3],
];

test('the text is that of JSON.stringify, interrupted or not', () => {
  for (const [index, value] of VALUES.entries()) {
    const expected = JSON.stringify({ key: value }).slice('{"key":'.length, -1);
    for (const interrupted of [false, true]) {
      const { text, cut } = written(value, { interrupted });
      assert.equal(text, expected, `value ${index}`);
      assert.equal(cut, false);
    }
  }
  for (const value of [undefined, () => {}, Symbol('s'), { toJSON: () => undefined }]) {
    assert.equal(written(value).text, '');
  }
});

test('it is interrupted, and objects may change meanwhile', () => {
  const list = Array.from({ length: 1000 }, (_, i) => i);
  const text = new JsonText('', { list, after: 1 }, Infinity);
  assert.equal(
    text.run(() => true),
    false,
  );
  const first = text.take();
  list.length = 100;
  while (!text.run(() => true));
  const all = JSON.parse(first + text.take());
  assert.deepEqual(all, { list: list.slice(0, 100), after: 1 });
});

test('wherever there is no more room, it is JSON that says so', () => {
  const value = {
    text: 'x'.repeat(50),
    list: [1, 2, [3, { four: 5 }], 'six'],
    more: { a: 1 },
    z: 0,
  };
  const whole = JSON.stringify(value);
  for (let room = 0; room < whole.length; room++) {
    const { text, cut } = written(value, { room });
    JSON.parse(text);
    assert.ok(text.length < whole.length + 80);
    if (text !== whole) assert.equal(cut, true, `room ${room}: ${text}`);
  }
});

test('a cycle, what throws, and what is endless', () => {
  const cycle = { list: [] };
  cycle.list.push(cycle, { cycle });
  assert.equal(written(cycle).text, '{"list":["[Circular]",{"cycle":"[Circular]"}]}');
  const shared = { s: 1 };
  assert.equal(written([shared, shared]).text, '[{"s":1},{"s":1}]');
  const throwing = {
    get a() {
      throw new Error('no');
    },
    b: {
      toJSON() {
        throw new Error('never');
      },
    },
    c: new Proxy({}, { ownKeys: () => assert.fail('trap') }),
  };
  const { a, b, c } = JSON.parse(written(throwing).text);
  assert.deepEqual([a, b, c], ['[Throws: no]', '[Throws: never]', '[Throws: trap]']);
  const endless = () => ({ toJSON: () => ({ next: endless() }) });
  assert.match(written(endless()).text, /"\[Too deep\]"/);
  const wide = { toJSON: () => Array.from({ length: 100 }, () => wide) };
  assert.ok(written(wide, { room: 1e5 }).text.length < 2e5);
});
