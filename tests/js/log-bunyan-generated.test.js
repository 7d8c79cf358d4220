'use strict';
// Calls that nobody would write by hand, on bunyan and on nodeobs/bunyan: the same bytes. Left out
// is what docs/compat.md says is different.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { format } = require('node:util');
const bunyan = require('bunyan');
require('./log.fixture');
const ours = require('nodeobs/bunyan');

const SEEDS = 200;
const STEPS = 60;

/** A small generator of random numbers (mulberry32), so that a failure can be repeated. */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

class Point {
  constructor(x) {
    this.x = x;
  }

  get norm() {
    return this.x * this.x;
  }

  describe() {
    return `point ${this.x}`;
  }
}

const TEXTS = [
  '', 'x', 'hello world', '100%', '%s', '%d%%', '%j', '%o', '%i %f', 'é\u2028\ud83d\ude00', '\ud800',
  '"quoted" \\ and \n broken', '\u0000\u001f\u007f', 'x'.repeat(200), `${'y'.repeat(30)}"`, '__proto__',
]; // biome-ignore format: a table
const SCALARS = [
  0,
  -0,
  1,
  -1.5,
  1e21,
  1e-7,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  true,
  false,
  null,
  undefined,
  Symbol('s'),
  () => 1,
  2 ** 53,
];
const KEYS = [
  'a',
  'b',
  'req_id',
  'f',
  'gone',
  'name',
  'hostname',
  'pid',
  'msg',
  'time',
  'v',
  'src',
  '0',
  '42',
  'key with "quotes"',
  'é',
  'constructor',
  'hasOwnProperty',
  'req',
  'res',
];
const NOW = /"time":"20[2-9]\d-\d\d-\d\dT[\d:.]+Z"/g; // dates among the fields are older
const METHODS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];

/** What is random, drawn from one seed: the same for both libraries. */
class Draw {
  constructor(seed) {
    this.next = numbers(seed);
  }

  chance(share) {
    return this.next() < share;
  }

  below(n) {
    return Math.floor(this.next() * n);
  }

  one(list) {
    return list[this.below(list.length)];
  }

  value(depth = 3) {
    const kind = this.next();
    if (depth > 0 && kind < 0.15) return this.object(depth - 1);
    if (depth > 0 && kind < 0.25) return this.list(depth - 1);
    if (kind < 0.3) return this.odd(depth);
    return kind < 0.65 ? this.one(TEXTS) : this.one(SCALARS);
  }

  odd(depth) {
    const made = [
      () => new Date(this.below(1e12)),
      () => new Point(this.below(9)),
      () => /re/g,
      () => new Map([[1, 2]]),
      () => Buffer.from('ab'),
      () => new Uint8Array(3),
      () => Object('boxed'),
      () => Object.assign(Object.create(null), { bare: this.value(depth - 1) }),
      () => ({ toJSON: (key) => `of ${key}` }),
      () => ({ toJSON: () => undefined }),
    ];
    return this.one(made)();
  }

  object(depth) {
    const object = {};
    for (let i = this.below(6); i > 0; i--) object[this.one(KEYS)] = this.value(depth);
    return object;
  }

  list(depth) {
    return Array.from({ length: this.below(4) }, () => this.value(depth));
  }

  /** Fields of a call or a child. */
  fields() {
    const fields = this.object(2);
    if (this.chance(0.1)) {
      const cycle = { deep: { er: [1] } };
      cycle.deep.er.push(cycle);
      fields.cycle = cycle;
    }
    return fields;
  }

  child() {
    // `name` throws, and `src` and `pid` are listed as different.
    const { name, src, pid, ...fields } = this.fields();
    if (this.chance(0.2)) fields.level = this.one([...METHODS, 10, 35]);
    if (this.chance(0.2)) fields.serializers = { a: (value) => [typeof value] };
    return fields;
  }

  simple() {
    const { name, pid, ...fields } = this.fields();
    return fields;
  }

  args() {
    const args = [];
    const kind = this.next();
    if (kind < 0.4) args.push(this.fields());
    else if (kind < 0.5) args.push(this.error());
    else if (kind < 0.6) args.push(this.anything());
    if (this.chance(0.7)) args.push(this.one(TEXTS));
    for (let i = this.below(4); i > 0; i--) args.push(this.anything());
    try {
      format(...args.slice(1));
      format(...args);
      return args;
    } catch {
      return args.slice(0, 1); // bunyan would throw it into the application
    }
  }

  /** But no object with a toJSON of its own, which takes the place of bunyan's record. */
  anything() {
    const value = this.value();
    return Object.hasOwn(Object(value), 'toJSON') ? null : value;
  }

  error() {
    const Kind = this.one([Error, TypeError, RangeError]);
    const error = new Kind(this.one(TEXTS));
    error.stack = `${error.name}: at nowhere ${this.below(9)}`;
    if (this.chance(0.3)) error.code = this.one(['E_CODE', 5, undefined]);
    if (this.chance(0.2)) {
      const cause = this.error();
      error.cause = () => cause;
    }
    return error;
  }
}

/** One run: the lines, what methods returned, and what they threw. */
function play(library, seed) {
  const draw = new Draw(seed);
  const lines = [];
  const out = (to) => ({
    write: (line) => lines.push(to + line.replace(NOW, '"time":"now"')),
  });
  const options = {
    name: 'app',
    hostname: 'h',
    pid: process.pid,
    ...draw.child(),
    streams: [{ stream: out('main '), level: 'trace', name: 'main' }],
  };
  if (draw.chance(0.5)) options.serializers = { f: (f) => ({ was: f }), gone: () => undefined };
  if (draw.chance(0.3)) options.serializers = { ...library.stdSerializers, ...options.serializers };
  if (draw.chance(0.3)) options.streams.push({ stream: out('second '), level: 'warn' });
  const loggers = [library.createLogger(options)];
  // Those that share their streams with nobody: levels of the others are listed as different.
  let alone = [...loggers];
  const add = (parent, fields, simple) => {
    const child = parent.child(fields, simple);
    loggers.push(child);
    if (simple) alone = alone.filter((logger) => logger !== parent);
    else alone.push(child);
  };
  const steps = [
    () => add(draw.one(loggers), draw.child(), false),
    () => add(draw.one(loggers), draw.simple(), true),
    () => draw.one(loggers).addSerializers({ b: (b) => [b] }),
    () => draw.one(alone)?.levels(),
    () => draw.one(alone)?.level(),
    () => draw.one(loggers).levels(draw.below(3)),
    () => draw.one(alone)?.level(draw.one(['trace', 'WARN', 35, 'loud', -1])),
    () => draw.one(alone)?.addStream({ stream: out('added '), level: draw.one(METHODS) }),
  ];
  for (let step = 0; step < STEPS; step++) {
    try {
      if (draw.chance(0.15)) {
        const result = draw.one(steps)();
        lines.push(`returned ${JSON.stringify(result)}`);
      } else {
        draw.one(loggers)[draw.one(METHODS)](...draw.args());
      }
    } catch (error) {
      lines.push(`threw ${error.name}: ${error.message}`);
    }
  }
  return lines;
}

for (let seed = 1; seed <= SEEDS; seed++) {
  test(`generated calls, seed ${seed}`, (t) => {
    t.mock.method(process.stderr, 'write', () => true);
    const [our, their] = [ours, bunyan].map((library) => play(library, seed));
    for (const [i, line] of their.entries()) assert.equal(our[i], line);
    assert.equal(our.length, their.length);
  });
}

test('nodeobs/bunyan has what bunyan exports, of the same kind', () => {
  assert.deepEqual(Object.keys(ours).sort(), Object.keys(bunyan).sort());
  for (const [name, value] of Object.entries(bunyan)) {
    assert.equal(typeof ours[name], typeof value, name);
  }
  assert.equal(ours.VERSION, bunyan.VERSION);
  assert.ok(ours.createLogger({ name: 'a', streams: [] }) instanceof ours);
  assert.ok(ours({ name: 'a', streams: [] }) instanceof ours);
});

test('nodeobs/bunyan can be imported by name', async () => {
  const imported = await import('nodeobs/bunyan');
  assert.equal(imported.default, ours);
  for (const name of Object.keys(bunyan)) assert.equal(imported[name], ours[name], name);
});

test('safeCycles writes what it writes in bunyan', () => {
  const shared = { a: 1 };
  const value = { one: shared, two: [shared, null, 'x'], fn() {} };
  value.self = value;
  const [our, their] = [ours, bunyan].map((each) => JSON.stringify(value, each.safeCycles()));
  assert.equal(our, their);
});
