'use strict';
// Random programs, most of them valid, some broken in transit: the application serves on, faults
// are D's own, and nothing stays behind. A failure prints its seed; SEED=n repeats it.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, appIn } = require('./client');
const { SHOP, does } = require('./trace.fixture');
const { FUNCTIONS } = require('../../js/trace/functions');
const { BINARY, UNARY, ARITHMETIC } = require('../../js/trace/operators');

const PROGRAMS = 3000;
const SEED = Number(process.env.SEED ?? Date.now() % 1e9);

// Mulberry32: small, and the same on every machine.
function generator(seed) {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const NUMBERS = [
  0,
  1,
  -1,
  2,
  7,
  63,
  64,
  255,
  2 ** 31,
  -(2 ** 31),
  2 ** 53,
  -(2 ** 63),
  2 ** 63,
  2 ** 64,
];
const TEXTS = [
  '',
  'a',
  '/a/b/',
  '{"a":[1,{"b":"x"}]}',
  'a[1].b',
  '\ud83d',
  '😀x',
  '%s',
  '__proto__',
  '-0x7f',
  '::ffff:1.2.3.4',
];
const NAMES = ['x', 'y', '__proto__', 'constructor', 'hasOwnProperty'];
const BUILTINS = [
  'timestamp',
  'walltimestamp',
  'pid',
  'tid',
  'execname',
  'probename',
  'cwd',
  'id',
  'errno',
];
const CASTS = ['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'string'];

class Writer {
  constructor(pick) {
    this.pick = pick;
    this.left = 60; // nodes
  }

  of(list) {
    return list[this.pick(list.length)];
  }

  many(most, make) {
    return Array.from({ length: this.pick(most + 1) }, make);
  }

  // A name has as many keys as its length says, so that programs mostly agree with themselves.
  place(depth) {
    const scope = this.of(['global', 'self', 'this']);
    const name = this.of(NAMES);
    const arity = scope === 'this' ? 0 : NAMES.indexOf(name) % 3;
    const index = Array.from({ length: arity }, () => this.expr(depth - 1));
    return { k: 'var', scope, name: `${name}${arity}`, ...(arity > 0 ? { index } : {}) };
  }

  expr(depth) {
    this.left -= 1;
    const simple = depth <= 0 || this.left <= 0;
    switch (this.pick(simple ? 6 : 15)) {
      case 0:
        return { k: 'int', v: this.of(NUMBERS) };
      case 1:
        return { k: 'str', v: this.of(TEXTS) };
      case 2:
        return { k: 'arg', n: this.pick(4) };
      case 3:
        return { k: 'args', n: this.pick(4) };
      case 4:
        return { k: 'builtin', name: this.of(BUILTINS) };
      case 5:
        return { k: 'var', scope: 'this', name: 'z' };
      case 6:
        return this.place(depth);
      case 7:
        return { k: 'member', e: this.expr(depth - 1), name: this.of(NAMES) };
      case 8:
        return { k: 'unary', op: this.of(Object.keys(UNARY)), e: this.expr(depth - 1) };
      case 9:
        return {
          k: 'cond',
          if: this.expr(depth - 1),
          // biome-ignore lint/suspicious/noThenProperty: a program has it
          then: this.expr(depth - 1),
          else: this.expr(depth - 1),
        };
      case 10:
        return {
          k: 'assign',
          op: this.of(['=', '=', ...Object.keys(ARITHMETIC).map((op) => `${op}=`)]),
          to: this.place(depth),
          e: this.expr(depth - 1),
        };
      case 11:
        return { k: 'step', to: this.place(depth), by: this.of([1, -1]), post: this.pick(2) === 0 };
      case 12:
        return { k: 'cast', type: this.of(CASTS), e: this.expr(depth - 1) };
      case 13: {
        const fn = this.of(Object.keys(FUNCTIONS));
        const { least, most } = FUNCTIONS[fn];
        const length = least + this.pick(most - least + 1);
        return { k: 'call', fn, args: Array.from({ length }, () => this.expr(depth - 1)) };
      }
      default:
        return {
          k: 'binary',
          op: this.of(Object.keys(BINARY)),
          l: this.expr(depth - 1),
          r: this.expr(depth - 1),
        };
    }
  }

  statement() {
    switch (this.pick(8)) {
      case 0:
        return { k: 'data', n: this.pick(9), args: this.many(3, () => this.expr(3)) };
      case 1:
        return this.pick(20) === 0 ? { k: 'exit', e: this.expr(1) } : { k: 'data', n: 1, args: [] };
      case 2:
        return { k: 'agg', name: '@c', keys: [this.expr(2), this.expr(2)], fn: 'count', args: [] };
      case 3: {
        const fn = this.of(['sum', 'avg', 'min', 'max', 'stddev', 'quantize']);
        return { k: 'agg', name: `@${fn}`, keys: [], fn, args: [this.expr(3)] };
      }
      case 4: {
        const bounds = [-5, 100, 3].map((v) => ({ k: 'int', v }));
        return {
          k: 'agg',
          name: '@l',
          keys: [this.expr(2)],
          fn: 'lquantize',
          args: [this.expr(3), ...bounds, this.expr(1)],
        };
      }
      case 5: {
        const bounds = [10, 0, 6, 20].map((v) => ({ k: 'int', v }));
        return {
          k: 'agg',
          name: '@ll',
          keys: [],
          fn: 'llquantize',
          args: [this.expr(3), ...bounds],
        };
      }
      default:
        return { k: 'expr', e: this.expr(5) };
    }
  }

  program() {
    const clauses = this.many(4, () => ({
      n: this.pick(100),
      probes: this.many(2, () => [
        this.of(['', 'shop', 's*', '[', '[!a-']),
        '',
        '',
        this.of(['', 'sold', '*l?']),
      ]),
      if: this.pick(2) ? null : this.expr(3),
      do: this.many(5, () => this.statement()),
    }));
    return {
      clauses,
      options: this.pick(3)
        ? {}
        : { strsize: 1 + this.pick(20), dynvars: 1 + this.pick(5), aggkeys: 1 + this.pick(5) },
    };
  }
}

/** The program with something in it replaced by something else. */
function broken(program, pick) {
  const junk = [
    null,
    [],
    {},
    'x',
    -1,
    1e300,
    true,
    { k: 'int' },
    { k: 'var', scope: 'self' },
    '__proto__',
  ];
  const parts = [];
  const walk = (value) => {
    if (typeof value !== 'object' || value === null) return;
    for (const key of Object.keys(value)) {
      parts.push([value, key]);
      walk(value[key]);
    }
  };
  walk(program);
  for (let i = 1 + pick(3); i > 0 && parts.length > 0; i--) {
    const [object, key] = parts[pick(parts.length)];
    object[key] = junk[pick(junk.length)];
  }
  return program;
}

// Whatever an application may hand a probe, the outer reaches of each type.
const FIRE = `
  const cycle = {}; cycle.self = cycle;
  const hostile = { toString() { throw new Error('hostile'); }, valueOf() { throw new Error('hostile'); }, toJSON() { throw new Error('hostile'); } };
  const values = [
    [1, 'a', { a: 1 }], [0, '', null], [-(2n ** 63n), '\\ud83d', cycle], [NaN, 'x'.repeat(1000), [[[[]]]]],
    [hostile, hostile, hostile], [], [1e300, '{"a":[1,{"b":"x"}]}', 'text'], [Symbol('s'), Symbol('s'), 5n],
  ];
  for (const one of values) sold.fire(() => one);
  await null;
  sold.fire(() => { throw new Error('callback'); });
  return 'served';
`;

const OURS = /^(divide-by-zero|invalid address \(0x[0-9a-f]+\)|illegal operation)/;

test(`${PROGRAMS} random programs (SEED=${SEED})`, async (t) => {
  const app = await appIn(t, SHOP, { execArgv: ['--expose-gc'] });
  const pick = generator(SEED);
  let dealer = await Client.open(t, app.socket, 'DEALER');
  const sub = await Client.open(t, app.socket, 'SUB');
  sub.subscribe('watch.'); // its records are thrown away here
  sub.socket.removeAllListeners('data');
  sub.socket.resume();
  const counts = { accepted: 0, refused: 0, faults: 0, fired: 0, left: 0 };
  let before = 0;
  for (let i = 0; i < PROGRAMS; i++) {
    if (i === PROGRAMS / 2) {
      before = (await does(app, 'gc(); return process.memoryUsage()')).heapUsed;
    }
    const made = new Writer(pick).program();
    const given = pick(4) === 0 ? broken(made, pick) : made;
    const { ok, error } = await dealer.answer('trace.start', { program: given });
    if (error) {
      assert.equal(error.code, 'bad_request', `program ${i}: ${error.message}`);
      counts.refused += 1;
      continue;
    }
    counts.accepted += 1;
    await dealer.request('trace.go', { watch: ok.watch });
    assert.equal(await does(app, FIRE), 'served');
    if (pick(5) === 0) {
      dealer.socket.destroy();
      dealer = await Client.open(t, app.socket, 'DEALER');
      counts.left += 1;
    } else {
      const { faults, fired } = await dealer.request('trace.stop', {
        watch: ok.watch,
        globals: NAMES.map((name) => `${name}0`),
      });
      counts.faults += faults;
      counts.fired += Object.values(fired).reduce((sum, n) => sum + n, 0);
    }
  }
  await dealer.until(async () => (await dealer.request('stats')).traces.length === 0);
  const { memory, refused, topics } = await dealer.request('stats');
  assert.deepEqual([memory.traces, refused], [0, {}]);
  assert.equal(
    Object.keys(topics).some((topic) => topic.startsWith('probe.')),
    false,
  );
  const after = (await does(app, 'gc(); return process.memoryUsage()')).heapUsed;
  assert.ok(after - before < 4e6, `the heap grew from ${before} to ${after}`);
  assert.equal(await does(app, 'ran = 0; sell(1); return ran'), 0);
  assert.ok(counts.accepted > PROGRAMS / 2 && counts.refused > 100, JSON.stringify(counts));
  assert.ok(
    counts.faults > 1000 && counts.fired > 1000 && counts.left > 100,
    JSON.stringify(counts),
  );
});

test('the records of random programs are as the protocol has them', async (t) => {
  const app = await appIn(t, SHOP);
  const pick = generator(SEED + 1);
  const dealer = await Client.open(t, app.socket, 'DEALER');
  for (let i = 0; i < 200; i++) {
    const sub = await Client.open(t, app.socket, 'SUB');
    const watch = `fuzz-${String(i).padStart(4, '0')}`;
    sub.subscribe(`watch.${watch}`);
    await dealer.settled(sub);
    const program = new Writer(pick).program();
    const { error } = await dealer.answer('trace.start', { program, watch });
    if (error) {
      sub.socket.destroy();
      continue;
    }
    await dealer.request('trace.go', { watch });
    await does(app, FIRE);
    const { records } = await dealer.request('trace.stop', { watch });
    for (let seen = 0; seen < records; ) {
      const [, header, payload] = await sub.message();
      const lines = String(payload)
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      assert.equal(lines.length, JSON.parse(header).n);
      seen += lines.length;
      for (const { k, t: time, message = 'illegal operation' } of lines) {
        assert.ok(['data', 'error', 'exit'].includes(k) && Number.isInteger(time));
        assert.match(message, OURS);
        assert.doesNotMatch(message, /Error/, 'a mistake of ours');
      }
    }
    sub.socket.destroy();
  }
});
