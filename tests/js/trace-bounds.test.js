'use strict';
// What a program may not do: outgrow its bounds, hold the application up, or be anything but a
// program.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, appIn } = require('./client');
const d = require('./trace.fixture');
const { Traced, SHOP, does, program, clause, agg, arg, data, int, str, global, self } = d;

const SOLD = 'shop:till:sold:sold';

const memoryOf = async (dealer) => (await dealer.request('stats')).memory.traces;

test('keys, variables and records end at their bounds, and the rest is counted', async (t) => {
  const app = await appIn(t, SHOP);
  const traced = await Traced.run(
    t,
    app,
    program(
      [
        clause(SOLD, [
          agg('@keys', [arg(0), arg(1)], 'count'),
          d.assign(global('array', arg(0)), arg(1)),
          d.assign(self('array', arg(0)), arg(1)),
          data(1, arg(1)),
        ]),
      ],
      { aggkeys: 20, dynvars: 10, strsize: 8, rate: 50 },
    ),
  );
  await does(app, "for (let i = 1; i <= 100; i++) sell(i, 'x'.repeat(100))");
  const records = await traced.records(50);
  assert.deepEqual(records[49].d, [[1, ['xxxxxxxx']]]);
  const { aggregations, globals, drops } = await traced.read(['array']);
  assert.deepEqual(aggregations.length, 20);
  assert.deepEqual(aggregations[19], ['@keys', 'count', [20, 'xxxxxxxx'], 1]);
  assert.deepEqual(globals.array.length, 10);
  assert.deepEqual(globals.array[9], [[10], 'xxxxxxxx']);
  // Of each 100: 80 keys, 90 elements of either kind, 50 records at least.
  const { records: lost, ...others } = drops;
  assert.deepEqual(others, { aggregation: 80, dynamic: 180 });
  assert.ok(lost > 40 && lost <= 50, `${lost}`);
  // What was read has made room, and so has what was freed.
  await does(app, "sell(1, 'y'); sell(10, '')");
  assert.equal((await traced.read()).aggregations.length, 2);
  assert.ok((await memoryOf(traced.dealer)) > 1000);
  await traced.stop();
  assert.equal(await memoryOf(traced.dealer), 0);
});

test('memory is bounded whatever the options say, over all programs', async (t) => {
  const app = await appIn(t, SHOP);
  const greedy = program(
    [
      clause(SOLD, [
        d.assign(global('array', arg(0)), arg(1)),
        agg('@', [arg(0), arg(1)], 'quantize', arg(0)),
      ]),
    ],
    { dynvars: 1e6, aggkeys: 1e6, strsize: 16384 },
  );
  const one = await Traced.run(t, app, greedy);
  const two = await Traced.run(t, app, greedy);
  await does(app, "for (let i = 0; i < 2000; i++) sell(i, String(i).padEnd(16000, 'x'))");
  const used = await memoryOf(one.dealer);
  assert.ok(used > 31 << 20 && used <= 32 << 20, `${used} bytes`);
  const { drops, more } = await one.read();
  assert.ok(drops.aggregation > 1000 && drops.dynamic > 1000);
  assert.equal(more, true);
  // Each answer is as large as an answer may be; together they have everything.
  let all = 0;
  for (let answer = { more: true }; answer.more; ) {
    answer = await two.stop();
    all += answer.aggregations.length + (answer.drops.aggregation ?? 0);
  }
  assert.equal(all, 2000);
  one.dealer.socket.destroy();
  await two.dealer.until(async () => (await memoryOf(two.dealer)) === 0);
});

test('a kept string holds nothing but itself', async (t) => {
  const app = await appIn(t, SHOP, { execArgv: ['--expose-gc'] });
  const traced = await Traced.run(
    t,
    app,
    program([
      clause(SOLD, [
        d.assign(global('x', arg(0)), d.call('substr', arg(1), int(5), int(40))),
        agg('@', [d.call('substr', arg(1), int(50), int(40))], 'count'),
        d.assign(self('x', arg(0)), arg(1)),
      ]),
    ]),
  );
  const grown = await does(
    app,
    `gc(); const before = process.memoryUsage().heapUsed;
     for (let i = 0; i < 200; i++) sell(i + 1, ('' + i).repeat(100000));
     for (let i = 0; i < 5; i++) { gc(); await new Promise(setImmediate); }
     return process.memoryUsage().heapUsed - before;`,
  );
  assert.ok(grown < 2e6, `${grown} bytes of 50 MB`);
  assert.equal((await traced.read()).aggregations.length > 9, true);
});

test('the time of a firing is bounded, and a program that takes the thread pauses', async (t) => {
  const app = await appIn(t, SHOP);
  const json = (path) => d.call('json', d.call('strjoin', arg(1), str(path)), str(`${path}.a`));
  const deep = Array.from({ length: 200 }, (_, i) => d.assign(global('x'), json(`k${i}`)));
  const traced = await Traced.run(
    t,
    app,
    program(
      [
        clause(SOLD, [d.assign(global('x'), d.call('json', arg(1), str('a')))]),
        clause(SOLD, deep, d.binary('==', arg(0), int(2))),
      ],
      { strsize: 16384, rate: 10 },
    ),
  );
  // Nested deeper than anything, and longer than a firing may look at.
  const slowest = await does(
    app,
    `let slowest = 0;
     const texts = ['['.repeat(200000), '{"a":'.repeat(50000) + '1' + '}'.repeat(50000), '{"a":"' + 'x'.repeat(1e6) + '"}'];
     for (const text of texts) { const start = performance.now(); sell(1, text); slowest = Math.max(slowest, performance.now() - start); }
     return slowest;`,
  );
  assert.ok(slowest < 100, `${slowest} ms`);
  const { message } = await traced.record();
  assert.equal(message, 'illegal operation (it takes too long)');
  const share = await does(
    app,
    `const text = '{"a":[' + '1,'.repeat(7000) + '1]}'; const start = performance.now(); let fired = 0;
     while (performance.now() - start < 1000) { sell(2, text); fired += 1; }
     return fired;`,
  );
  const { drops, fired } = await traced.read();
  assert.equal(fired[1] + drops.time, share + 3);
  assert.ok(drops.time > fired[1], 'most were skipped');
});

test('what is no program is refused, by the path of what is wrong', async (t) => {
  const app = await appIn(t, SHOP);
  const dealer = await Client.open(t, app.socket, 'DEALER');
  const good = clause(SOLD, []);
  const body = (...statements) => ({ clauses: [{ ...good, do: statements }] });
  const expr = (e) => body({ k: 'expr', e });
  let chain = int(1);
  for (let i = 0; i < 300; i++) chain = { k: 'unary', op: '-', e: chain };
  const wide = { k: 'data', n: 1, args: Array.from({ length: 200 }, () => int(1)) };
  const wrong = [
    [null, 'program'],
    [[], 'program'],
    [{}, 'program.clauses'],
    [{ clauses: {} }, 'program.clauses'],
    [{ clauses: [7] }, 'program.clauses[0]'],
    [{ clauses: [{ ...good, n: -1 }] }, 'program.clauses[0]'],
    [{ clauses: [{ ...good, probes: 'x' }] }, 'program.clauses[0].probes'],
    [{ clauses: [{ ...good, probes: [['a', 'b', 'c']] }] }, 'program.clauses[0].probes[0]'],
    [{ clauses: [{ ...good, probes: [['a', 'b', 'c', 7]] }] }, 'program.clauses[0].probes[0]'],
    [{ clauses: [{ ...good, if: 'x' }] }, 'program.clauses[0].if'],
    [{ clauses: [{ ...good, do: null }] }, 'program.clauses[0].do'],
    [{ clauses: [], options: [] }, 'program.options'],
    [{ clauses: [], options: { strsize: 0 } }, 'program.options.strsize'],
    [{ clauses: [], options: { strsize: 1e6 } }, 'program.options.strsize'],
    [{ clauses: [], options: { rate: '9' } }, 'program.options.rate'],
    [{ clauses: Array(1001).fill(good) }, 'program.clauses'],
    [{ clauses: Array(150).fill({ ...good, do: [wide] }) }, /^program\.clauses\[\d+\]\.do\[0\]/],
    [body({ k: 'loop' }), 'program.clauses[0].do[0]'],
    [body({ k: '__proto__' }), 'program.clauses[0].do[0]'],
    [expr(undefined), 'program.clauses[0].do[0].e'],
    [expr({ k: 'toString' }), 'program.clauses[0].do[0].e'],
    [expr({ k: 'int', v: '1' }), 'program.clauses[0].do[0].e'],
    [expr({ k: 'int', v: 1.5 }), 'program.clauses[0].do[0].e'],
    [expr({ k: 'str', v: 1 }), 'program.clauses[0].do[0].e'],
    [expr(arg(32)), 'program.clauses[0].do[0].e'],
    [expr(arg(-1)), 'program.clauses[0].do[0].e'],
    [expr(d.builtin('constructor')), 'program.clauses[0].do[0].e'],
    [expr(d.member(arg(0), 7)), 'program.clauses[0].do[0].e'],
    [expr(d.binary('**', int(1), int(2))), 'program.clauses[0].do[0].e'],
    [expr(d.binary('+', int(1), null)), 'program.clauses[0].do[0].e.r'],
    [expr({ k: 'unary', op: 'valueOf', e: int(1) }), 'program.clauses[0].do[0].e'],
    [expr(d.call('eval', str('1'))), 'program.clauses[0].do[0].e'],
    [expr(d.call('strlen')), 'program.clauses[0].do[0].e'],
    [expr(d.call('strlen', int(1), int(2))), 'program.clauses[0].do[0].e'],
    [
      expr({ k: 'call', fn: 'strlen', args: { 0: int(1), length: 1 } }),
      'program.clauses[0].do[0].e.args',
    ],
    [expr({ k: 'cast', type: 'object', e: int(1) }), 'program.clauses[0].do[0].e'],
    [expr({ k: 'assign', op: '=', to: int(1), e: int(1) }), 'program.clauses[0].do[0].e.to'],
    [expr({ k: 'assign', op: '==', to: global('x'), e: int(1) }), 'program.clauses[0].do[0].e'],
    [expr({ k: 'step', by: 2, to: global('x') }), 'program.clauses[0].do[0].e'],
    [expr({ k: 'var', scope: 'window', name: 'x' }), 'program.clauses[0].do[0].e'],
    [expr({ k: 'var', scope: 'global', name: 'a.b' }), 'program.clauses[0].do[0].e'],
    [expr({ k: 'var', scope: 'global', name: 'x'.repeat(65) }), 'program.clauses[0].do[0].e'],
    [expr({ k: 'var', scope: 'this', name: 'x', index: [int(1)] }), 'program.clauses[0].do[0].e'],
    [expr({ k: 'var', scope: 'global', name: 'x', index: [] }), 'program.clauses[0].do[0].e'],
    [expr(d.binary('+', global('x', int(1)), global('x'))), 'program.clauses[0].do[0].e.r'],
    [expr(chain), /^program\.clauses\[0\]\.do\[0\](\.e)+$/],
    [body(data('1')), 'program.clauses[0].do[0]'],
    [body({ k: 'exit' }), 'program.clauses[0].do[0].e'],
    [body(agg('x', [], 'count')), 'program.clauses[0].do[0]'],
    [body(agg('@', [], 'hasOwnProperty')), 'program.clauses[0].do[0]'],
    [body(agg('@', [], 'sum')), 'program.clauses[0].do[0].args'],
    [body(agg('@', [], 'count', int(1))), 'program.clauses[0].do[0].args'],
    [body(agg('@', [], 'count'), agg('@', [int(1)], 'count')), 'program.clauses[0].do[1]'],
    [body(agg('@', [], 'count'), agg('@', [], 'sum', int(1))), 'program.clauses[0].do[1]'],
    [body(agg('@', [], 'lquantize', arg(0), arg(1), int(5))), 'program.clauses[0].do[0].args[1]'],
    [body(agg('@', [], 'lquantize', arg(0), int(5), int(5))), 'program.clauses[0].do[0].args'],
    [body(agg('@', [], 'lquantize', arg(0), int(0), int(1e9))), 'program.clauses[0].do[0].args'],
    [
      body(agg('@', [], 'llquantize', arg(0), int(10), int(0), int(60), int(10))),
      'program.clauses[0].do[0].args',
    ],
    [
      body(agg('@', [], 'llquantize', arg(0), int(10), int(0), int(3), int(7))),
      'program.clauses[0].do[0].args',
    ],
  ];
  for (const [given, path] of wrong) {
    const error = await dealer.refused('trace.start', { program: given });
    assert.equal(error.code, 'bad_request', JSON.stringify(given)?.slice(0, 200));
    if (path instanceof RegExp) assert.match(error.path, path);
    else assert.equal(error.path, path, error.message);
    assert.ok(error.message.startsWith(error.path) && error.hint);
  }
  assert.deepEqual((await dealer.request('stats')).traces, []);
  assert.equal(await memoryOf(dealer), 0);
});

test('a program whose values call back into the application', async (t) => {
  const app = await appIn(
    t,
    `${SHOP}
     const again = (depth) => ({ toString() { if (depth > 0) sell(depth, again(depth - 1)); return 'd' + depth; } });
     const deep = (n) => (n === 0 ? sell(1, 'bottom') : deep(n - 1));`,
  );
  const traced = await Traced.run(
    t,
    app,
    program([clause(SOLD, [d.assign(d.local('x'), arg(0)), data(1, arg(1), d.local('x'))])]),
  );
  await does(app, 'sell(20, again(20))');
  const [, [, [text, price]]] = (await traced.values(1))[0];
  assert.deepEqual([text, price].length, 2);
  await does(app, 'for (let n = 5000; n < 12000; n += 7) { try { deep(n); } catch {} } return 1');
  await does(app, "sell(3, 'last')");
  for (let seen = ''; seen !== 'last'; ) {
    const record = await traced.record();
    seen = record.d?.[0]?.[1]?.[0] ?? '';
    if (record.k === 'data') assert.match(seen, /^(d\d+|bottom|last)$/);
  }
});
