'use strict';
// No argument makes a log call throw, or write anything but one line of JSON.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const util = require('node:util');
const { captured, capturedStderr, log } = require('./log.fixture');

function boom() {
  throw new Error('boom');
}

function cyclic() {
  const object = { n: 1 };
  object.self = object;
  return object;
}

function deep(levels, end) {
  let object = end;
  for (let i = 0; i < levels; i++) object = { object };
  return object;
}

/** Every object leads to every other. */
function entangled() {
  const all = Array.from({ length: 30 }, (_, i) => ({ i }));
  for (const one of all) for (const other of all) one[`to${other.i}`] = other;
  return all;
}

const endless = () => ({
  big: 1n,
  get left() {
    return endless();
  },
  get right() {
    return endless();
  },
});

function revoked(target) {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const TRAPS = { get: boom, has: boom, ownKeys: boom, getPrototypeOf: boom };

const HOSTILE = {
  'a cycle': cyclic(),
  'a BigInt': 12n,
  'a BigInt deep inside': { a: [1n, { b: 2n ** 70n }] },
  'a getter that throws': Object.defineProperty({ a: 1 }, 'b', { enumerable: true, get: boom }),
  'a toJSON that throws': { toJSON: boom },
  'a toJSON getter that throws': Object.defineProperty({}, 'toJSON', { get: boom }),
  'a toJSON that throws deep inside': { a: { toJSON: boom }, b: 1 },
  'a toJSON that gives nothing': { toJSON() {} },
  'a toString that throws': { toString: boom, [Symbol.toPrimitive]: boom },
  'an inspector that throws': { [util.inspect.custom]: boom },
  'a proxy that throws': new Proxy({ a: 1 }, TRAPS),
  'a revoked proxy': revoked({}),
  'a revoked proxy of a list': revoked([]),
  'a deep object': deep(100_000, {}),
  'a deep object with a BigInt': deep(20_000, 1n),
  'an entangled graph': { graph: entangled() },
  'an object without end': { endless: endless() },
  'an error whose stack throws': Object.defineProperty(new Error('x'), 'stack', { get: boom }),
  'an error whose message throws': Object.defineProperty(new Error('x'), 'message', { get: boom }),
  'an error whose cause throws': Object.defineProperty(new Error('x'), 'cause', { get: boom }),
  'an invalid date': new Date(Number.NaN),
  'no prototype': Object.assign(Object.create(null), { a: 1 }),
  'line ends and quotes': { 'a\n"b': 'a\r\n"\\\u2028\ud800\u0000' },
  'a level that is a symbol': { level: Symbol('x') },
  'a level that throws': { level: { valueOf: boom } },
  'a time that throws': { time: { toJSON: boom } },
  'an err that throws': Object.defineProperty({}, 'err', { enumerable: true, get: boom }),
  __proto__: JSON.parse('{"__proto__":{"polluted":1},"a":1}'),
  'a symbol': Symbol('x'),
  'a function': boom,
};

/** Ways in which a value gets into a log call; `%` and util.inspect are the application's own. */
const WAYS = {
  fields: (logger, value) => logger.fatal(value, 'msg'),
  'the only argument': (logger, value) => logger.fatal(value),
  'a field': (logger, value) => logger.fatal({ value, more: 1 }, 'msg'),
  err: (logger, value) => logger.fatal({ err: value }),
  'a child field': (logger, value) => logger.child({ value }).fatal({ value: 1 }, 'msg'),
  'a simple child field': (logger, value) => logger.child({ value }, true).fatal('msg'),
  'what a serializer makes': (logger, value) => {
    logger.addSerializers({ err: () => value, x: () => value });
    logger.fatal(new Error('x'));
    logger.fatal({ x: 1 }, 'msg');
  },
};

for (const [way, call] of Object.entries(WAYS)) {
  test(`anything can be logged as ${way}`, () => {
    for (const [what, value] of Object.entries(HOSTILE)) {
      const { logger, stream } = captured({ level: 0 });
      call(logger, value);
      const unwritten = what.startsWith('a level that') && /argument|fields/.test(way);
      assert.ok(unwritten || stream.lines.length > 0, what);
      for (const line of stream.lines) {
        assert.equal(line.indexOf('\n'), line.length - 1, what);
        const { name, pid, v } = JSON.parse(line);
        assert.deepEqual([name, pid, v], ['app', process.pid, 0], what);
      }
    }
  });
}

test('a message that cannot be formatted is written as well as can be', () => {
  const { logger, stream } = captured();
  logger.info('%j', 1n);
  assert.equal(stream.last.msg, '%j 1n');
  logger.info('see', HOSTILE['an inspector that throws']);
  assert.match(stream.last.msg, /^see /);
  logger.info('see %s', HOSTILE['a toString that throws']);
  assert.match(stream.last.msg, /^see /);
});

test('only true cycles are marked, and what breaks costs only itself', () => {
  const { logger, stream } = captured();
  const shared = { s: 1 };
  const value = {
    one: shared,
    two: [shared, 1n, 2n ** 53n, undefined, boom],
    loop: cyclic(),
    throwing: HOSTILE['a getter that throws'],
    json: HOSTILE['a toJSON that throws'],
    boxed: [Object('s'), Object(1), Object(2n)],
    date: new Date(0),
  };
  logger.info({ value, fine: true }, 'x');
  assert.deepEqual(stream.last.value, {
    one: { s: 1 },
    two: [{ s: 1 }, 1, '9007199254740992', null, null],
    loop: { n: 1, self: '[Circular]' },
    throwing: { a: 1, b: '[Throws: boom]' },
    json: '[Throws: boom]',
    boxed: ['s', 1, 2],
    date: '1970-01-01T00:00:00.000Z',
  });
  assert.equal(stream.last.fine, true);
});

test('an entangled graph is written once and not along all its paths', () => {
  const { logger, stream } = captured();
  logger.info({ graph: entangled() });
  assert.equal(stream.last.graph[0].to1.to2.i, 2);
  assert.ok(stream.lines[0].length < 100_000);
});

test('fields that are a toJSON function do not take the place of the record', () => {
  const { logger, stream } = captured();
  logger.info({ toJSON: () => 'gone', a: 1 }, 'x');
  assert.equal(stream.last.a, 1);
});

test('a log call at the end of the stack writes a line or none', () => {
  const { logger, stream } = captured();
  const recurse = () => {
    logger.info({ a: { b: 1 } }, 'deep');
    recurse();
  };
  assert.throws(recurse, RangeError); // its own: not even a log method can be entered
  const { length } = stream.lines;
  for (const line of stream.lines.slice(-50)) assert.equal(JSON.parse(line).v, 0);
  logger.info('and goes on');
  assert.equal(stream.lines.length, length + 1);
});

test('a clock that has stopped working does not stop the log', (t) => {
  const { logger, stream } = captured();
  t.mock.method(Date, 'now', () => Number.NaN);
  logger.info('x');
  assert.equal(stream.last.time, null);
  assert.equal(stream.last.msg, 'x');
});

test('a stream that throws takes neither the application nor the other streams down', (t) => {
  const stderr = capturedStderr(t);
  const { stream } = captured();
  const broken = { write: boom };
  const list = [
    { stream: broken, name: 'broken' },
    { stream, level: 'trace' },
  ];
  const both = log.createLogger({ name: 'both', streams: list });
  both.info('1');
  both.child({ a: 1 }).info('2');
  assert.deepEqual(
    stream.records.map(({ msg }) => msg),
    ['1', '2'],
  );
  assert.equal(stderr.length, 1);
  assert.match(stderr[0], /records are lost: the log stream "broken" failed: boom/);

  const errors = [];
  both.on('error', (error, entry) => {
    errors.push([error.message, entry.name]);
    both.info('from the listener');
    throw new Error('and the listener is broken too');
  });
  both.info('3');
  assert.deepEqual(errors, [['boom', 'broken']]);
});
