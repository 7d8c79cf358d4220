'use strict';
// D programs in a process: what clauses see, what they keep, what they send.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, appIn } = require('./client');
const d = require('./trace.fixture');
const { Traced, SHOP, does, program, clause, agg, arg, args, data, int, str, global, local } = d;

const SOLD = 'shop:till:sold:sold';

test('a program counts where the firings are, and hands out what came since', async (t) => {
  const app = await appIn(t, SHOP);
  const traced = await Traced.run(
    t,
    app,
    program([
      clause(SOLD, [
        agg('@n', [], 'count'),
        agg('@by', [arg(1), arg(0)], 'sum', arg(0)),
        agg('@q', [arg(1)], 'quantize', arg(0)),
      ]),
    ]),
  );
  assert.deepEqual(traced.probes, [
    {
      id: 1,
      provider: 'shop',
      module: 'till',
      function: 'sold',
      name: 'sold',
      types: ['int', 'char *', 'json'],
    },
  ]);
  await does(app, "sell(3); sell(3); sell(5, 'pen')");
  const first = await traced.read();
  assert.deepEqual(first.aggregations, [
    ['@n', 'count', [], 3],
    ['@by', 'sum', ['book', 3], 6],
    ['@by', 'sum', ['pen', 5], 5],
    ['@q', 'quantize', ['book'], { 2: 2 }],
    ['@q', 'quantize', ['pen'], { 3: 1 }],
  ]);
  assert.deepEqual([first.fired, first.drops, first.faults, first.records], [{ 1: 3 }, {}, 0, 0]);
  assert.ok(first.spent_ms > 0 && first.spent_ms < 50);
  assert.equal('more' in first, false);
  assert.deepEqual((await traced.read()).aggregations, []);
  await does(app, 'sell(1)');
  const last = await traced.stop();
  assert.deepEqual(last.aggregations[0], ['@n', 'count', [], 1]);
  assert.deepEqual(last.fired, { 1: 1 });
  assert.equal(
    (await traced.dealer.refused('trace.read', { watch: traced.watch })).code,
    'not_found',
  );
});

test('aggregations of one clause with the same keys have them each, also where keys change', async (t) => {
  const app = await appIn(t, SHOP);
  const next = { k: 'step', to: global('x'), by: 1, post: true };
  const traced = await Traced.run(
    t,
    app,
    program([
      clause(SOLD, [
        agg('@n', [arg(1), arg(0)], 'count'),
        agg('@s', [arg(1), arg(0)], 'sum', arg(0)),
        agg('@m', [arg(1), arg(0)], 'max', arg(0)),
        agg('@other', [arg(0), arg(1)], 'count'),
        agg('@a', [next], 'count'),
        agg('@b', [next], 'count'),
        agg('@c', [global('x')], 'sum', next),
        agg('@d', [global('x')], 'count'),
      ]),
    ]),
  );
  await does(app, "sell(3); sell(5, 'pen')");
  const { aggregations } = await traced.read();
  const of = (name) =>
    aggregations.filter((row) => row[0] === name).map(([, , keys, state]) => [keys, state]);
  assert.deepEqual(of('@n'), [
    [['book', 3], 1],
    [['pen', 5], 1],
  ]);
  assert.deepEqual(of('@s'), [
    [['book', 3], 3],
    [['pen', 5], 5],
  ]);
  assert.deepEqual(of('@m'), of('@s'));
  assert.deepEqual(of('@other'), [
    [[3, 'book'], 1],
    [[5, 'pen'], 1],
  ]);
  const keys = (name) => of(name).map(([[key]]) => key);
  assert.deepEqual(['@a', '@b', '@c', '@d'].map(keys), [
    [0, 3],
    [1, 4],
    [2, 5],
    [3, 6],
  ]);
});

test('nothing is observed before go, nor after stop, nor when the controller is gone', async (t) => {
  const app = await appIn(t, SHOP);
  const counting = program([clause(SOLD, [agg('@', [], 'count')])]);
  const traced = await Traced.start(t, app, counting);
  assert.equal(await does(app, 'sell(1); return ran'), 0);
  await traced.go();
  assert.equal(await does(app, 'sell(1); return ran'), 1);
  await traced.stop();
  assert.equal(await does(app, 'sell(1); return ran'), 1);

  const killed = await Traced.run(t, app, counting);
  const watcher = await Client.open(t, app.socket, 'DEALER');
  assert.equal((await watcher.request('stats')).traces.length, 1);
  killed.dealer.socket.destroy();
  await watcher.until(async () => (await watcher.request('stats')).traces.length === 0);
  assert.equal(await does(app, 'sell(1); return ran'), 1);
});

test('clauses see the same firing in their order, and say when and where it was', async (t) => {
  const app = await appIn(t, SHOP);
  const traced = await Traced.run(
    t,
    app,
    program([
      clause('shop*:::sold', [d.assign(local('x'), d.binary('+', local('x'), arg(0)))]),
      clause('shop:::', [data(1, local('x'), arg(1), d.builtin('timestamp')), data(2)]),
      clause([`shop${app.child.pid}:t*:sold:`, ':::'], [], d.binary('==', arg(0), int(2))),
      clause('nobody:::', [data(3)]),
      clause(
        SOLD,
        [
          data(
            4,
            ...[
              'probeprov',
              'probemod',
              'probefunc',
              'probename',
              'execname',
              'pid',
              'tid',
              'id',
              'cpu',
              'errno',
            ].map(d.builtin),
          ),
        ],
        d.binary('==', arg(0), int(2)),
      ),
    ]),
  );
  const before = process.hrtime.bigint();
  await does(app, "sell(1); sell(2, 'é\\n\\ud800')");
  const records = await traced.records(4);
  const after = process.hrtime.bigint();
  const [first, second, third, fourth] = records;
  assert.deepEqual([first.k, first.c, first.p, first.tid], ['data', 1, 1, 0]);
  assert.deepEqual(first.d, [
    [1, [1, 'book', first.t]],
    [2, []],
  ]);
  assert.deepEqual(second.d[0][1].slice(0, 2), [2, 'é\n\ufffd']);
  assert.deepEqual([third.c, third.d], [2, []]);
  const seen = [`shop${app.child.pid}`, 'till', 'sold', 'sold', 'node', app.child.pid, 0, 1, 0, 0];
  assert.deepEqual(fourth.d, [[4, seen]]);
  assert.ok(second.t === third.t && third.t === fourth.t && first.t < second.t);
  assert.ok(BigInt(first.t) >= before && BigInt(fourth.t) <= after, 'the same clock as ours');
});

test('arguments: every type, those that are not there, json by its paths', async (t) => {
  const app = await appIn(
    t,
    `const p = nodeobs.createProvider('types'); const probe = p.addProbe('x', 'int', 'double', 'char *', 'json', 'uint8', 'int'); p.enable();
     process.on('message', () => { probe.fire(() => [2n ** 62n, 1.75, 'text', { a: [{ b: 'x"y' }], n: 1.5 }, 257]); process.send('done'); });
     setInterval(() => {}, 1000);`,
  );
  const json = (path) => d.call('json', d.call('copyinstr', arg(3)), str(path));
  const traced = await Traced.run(
    t,
    app,
    program([
      clause('types:::x', [
        data(
          1,
          arg(0),
          arg(1),
          d.binary('*', arg(1), int(100)),
          arg(2),
          args(3),
          arg(4),
          arg(5),
          arg(31),
        ),
        data(
          2,
          json('a[0].b'),
          json('a[0]'),
          json('n'),
          json('b'),
          d.call('json', arg(2), str('a')),
        ),
        data(3, d.call('json', arg(3), d.call('strjoin', str('a[0]'), str('.b')))),
      ]),
    ]),
  );
  app.child.send('go');
  const [[, first, second, third]] = await traced.values(1);
  assert.deepEqual(first[1], [2 ** 62, 1, 175, 'text', '{"a":[{"b":"x\\"y"}],"n":1.5}', 1, 0, 0]);
  assert.deepEqual(second[1], ['x"y', '{"b":"x\\"y"}', '1.5', 0, 0]);
  assert.deepEqual(third[1], ['x"y']);
});

test('an argument that no clause asks for is not even made', async (t) => {
  const app = await appIn(t, SHOP);
  const asks = d.binary('==', arg(0), int(7));
  const traced = await Traced.run(t, app, program([clause(SOLD, [data(1, arg(2))], asks)]));
  const made = await does(
    app,
    "let made = 0; const more = { toJSON: () => (made += 1, 'made') }; sell(1, 'x', more); sell(7, 'x', more); sell(8, 'x', more); return made",
  );
  assert.equal(made, 1);
  assert.deepEqual(await traced.values(1), [[0, [1, ['"made"']]]]);
});

test('a fault ends its clause, says why and where, and nobody else notices', async (t) => {
  const app = await appIn(t, SHOP);
  const traced = await Traced.run(
    t,
    app,
    program([
      clause(SOLD, [
        agg('@before', [], 'count'),
        data(1, int(1)),
        data(2, d.binary('/', int(1), d.binary('-', arg(0), int(1)))),
        agg('@after', [], 'count'),
      ]),
      clause(SOLD, [data(3)], d.binary('>', d.call('strlen', arg(0)), int(0))),
      clause(SOLD, [data(4, d.member(args(2), 'x'))]),
      clause(SOLD, [data(5, arg(0))]),
    ]),
  );
  assert.equal(await does(app, 'return [sell(1), sell(2)].join()'), 'true,true');
  const records = await traced.records(8);
  const shown = records.map(({ k, c, s, d: values, message }) => [k, c, s ?? values, message]);
  assert.deepEqual(shown, [
    ['error', 0, 3, 'divide-by-zero'],
    ['error', 1, 0, 'invalid address (0x1)'],
    ['error', 2, 1, 'illegal operation (x of what is no structure)'],
    ['data', 3, [[5, [1]]], undefined],
    [
      'data',
      0,
      [
        [1, [1]],
        [2, [1]],
      ],
      undefined,
    ],
    ['error', 1, 0, 'invalid address (0x2)'],
    ['error', 2, 1, 'illegal operation (x of what is no structure)'],
    ['data', 3, [[5, [2]]], undefined],
  ]);
  const { aggregations, faults, records: published } = await traced.read();
  assert.deepEqual(aggregations, [
    ['@before', 'count', [], 2],
    ['@after', 'count', [], 1],
  ]);
  assert.deepEqual([faults, published], [5, 8]);
});

test('exit ends the program after its clause; what was counted can be read', async (t) => {
  const app = await appIn(t, SHOP);
  const traced = await Traced.run(
    t,
    app,
    program([
      clause(SOLD, [d.exit(3), data(1, arg(0)), d.exit(4)], d.binary('==', arg(0), int(2))),
      clause(SOLD, [agg('@', [], 'count')]),
    ]),
  );
  await does(app, 'sell(1); sell(2); sell(3)');
  const [record, exited] = await traced.records(2);
  assert.deepEqual(record.d, [[1, [2]]]);
  assert.deepEqual([exited.k, exited.code], ['exit', 3]);
  assert.deepEqual((await traced.stop()).aggregations, [['@', 'count', [], 1]]);
});

test('globals are set and read, arrays as pairs', async (t) => {
  const app = await appIn(t, SHOP);
  const traced = await Traced.start(
    t,
    app,
    program([
      clause(SOLD, [
        d.step(global('n')),
        d.assign(global('sum', arg(1)), arg(0), '+='),
        d.assign(global('pair', arg(0), arg(1)), str('x')),
        d.assign(global('pair', int(9), str('gone')), int(0)),
      ]),
    ]),
    { globals: { n: 10, unknown: 5, sum: [[['book'], 100]] } },
  );
  await traced.set({
    pair: [
      [[9, 'gone'], 'y'],
      [[8, 'stays'], 'z'],
    ],
  });
  await traced.go();
  await does(app, "sell(3); sell(4); sell(5, 'pen')");
  const { globals } = await traced.read(['n', 'sum', 'pair', 'unknown']);
  assert.deepEqual(globals, {
    n: 13,
    sum: [
      [['book'], 107],
      [['pen'], 5],
    ],
    pair: [
      [[8, 'stays'], 'z'],
      [[3, 'book'], 'x'],
      [[4, 'book'], 'x'],
      [[5, 'pen'], 'x'],
    ],
  });
  await traced.set({ n: 1, sum: [] });
  assert.deepEqual((await traced.stop(['n', 'sum'])).globals, { n: 1 });
  for (const globals of [
    [],
    'x',
    { n: {} },
    { n: null },
    { n: [] },
    { sum: 1 },
    { sum: [[1, 2]] },
    { sum: [[['a', 'b'], 2]] },
  ]) {
    const other = await Traced.start(
      t,
      app,
      program([clause(SOLD, [d.step(global('n')), d.step(global('sum', arg(1)))])]),
    );
    const error = await other.dealer.refused('trace.set', { watch: other.watch, globals });
    assert.equal(error.code, 'bad_request');
    assert.match(error.path, /^globals/);
  }
});

test('probes that come later are taken in, told of, and let go', async (t) => {
  const app = await appIn(
    t,
    `${SHOP}
     const make = (name) => { const q = nodeobs.createProvider(name, 'm'); const probe = q.addProbe('sold', 'int'); globalThis[name] = q; return probe; };`,
  );
  const traced = await Traced.start(
    t,
    app,
    program([clause(':::sold', [data(1, d.builtin('probeprov'), arg(0))])]),
  );
  await does(app, "globalThis.a = make('early'); early.enable()");
  await traced.go();
  const told = await traced.record();
  assert.deepEqual(
    [told.k, told.added.map(({ id, provider }) => [id, provider])],
    ['probes', [[2, 'early']]],
  );
  await does(
    app,
    "globalThis.b = make('late'); b.fire(() => [0]); late.enable(); b.fire(() => [1]); a.fire(() => [2])",
  );
  const late = await traced.record();
  assert.deepEqual(late.added, [
    { id: 3, provider: 'late', module: 'm', function: 'sold', name: 'sold', types: ['int'] },
  ]);
  const { pid } = app.child;
  assert.deepEqual(await traced.values(2), [
    [0, [1, [`late${pid}`, 1]]],
    [0, [1, [`early${pid}`, 2]]],
  ]);
  // Disabled, enabled, replaced and added to: the same description keeps its number.
  await does(
    app,
    "late.disable(); b.fire(() => [3]); late.enable(); b.fire(() => [4]); late.addProbe('sold', 'int').fire(() => [5]); late.addProbe('unsold', 'int').fire(() => [6])",
  );
  const records = await traced.records(2);
  assert.deepEqual(
    records.map(({ p, d: values }) => [p, values[0][1][1]]),
    [
      [3, 4],
      [3, 5],
    ],
  );
  assert.equal((await traced.read()).fired[3], 3);
  assert.equal((await traced.read()).fired[3], undefined);
});

test('providers that are gone leave nothing in a program', async (t) => {
  const app = await appIn(t, `${SHOP} globalThis.refs = [];`, { execArgv: ['--expose-gc'] });
  const traced = await Traced.run(t, app, program([clause(':::sold', [agg('@', [], 'count')])]));
  await does(
    app,
    "for (let i = 0; i < 200; i++) { const q = nodeobs.createProvider('shop', 'temporary'); q.addProbe('sold', 'int').fire(() => [1]); q.enable(); q.sold.fire(() => [1]); refs.push(new WeakRef(q)); }",
  );
  const left = async () =>
    does(
      app,
      'for (let i = 0; i < 5; i++) { gc(); await new Promise(setImmediate); } return refs.filter((ref) => ref.deref()).length',
    );
  while ((await left()) > 0);
  assert.deepEqual((await traced.read()).aggregations, [['@', 'count', [], 200]]);
  await does(app, 'sell(1)');
  assert.deepEqual((await traced.read()).fired, { 1: 1 });
});

test('log records are probes of our loggers, whatever the level, and once on the bus', async (t) => {
  const app = await appIn(
    t,
    `${SHOP}
     const lines = [];
     const log = nodeobs.createLogger({ name: 'app', level: 'info', stream: { write: (line) => lines.push(line) } });`,
  );
  const log = program([
    clause('bunyan*:::log-debug', [
      data(1, d.call('json', d.call('copyinstr', arg(0)), str('msg')), d.builtin('probename')),
    ]),
    clause('bunyan*:::log-info', [agg('@', [d.call('json', arg(0), str('name'))], 'count')]),
  ]);
  const traced = await Traced.start(t, app, log);
  assert.deepEqual(
    traced.probes.map(({ name }) => name),
    ['log-debug', 'log-info'],
  );
  assert.equal(await does(app, 'return log.debug()'), false);
  await traced.go();
  assert.equal(
    await does(app, 'return [log.trace(), log.debug(), log.warn()].join()'),
    'false,true,true',
  );
  assert.equal(
    await does(app, "log.debug('one'); log.info('two'); log.trace('three'); return lines.length"),
    1,
  );
  assert.deepEqual(await traced.values(1), [[0, [1, ['one', 'log-debug']]]]);
  assert.deepEqual((await traced.read()).aggregations, [['@', 'count', ['app'], 1]]);
  // Together with a subscriber each record is there once for either.
  const sub = await Client.open(t, app.socket, 'SUB');
  sub.subscribe('log.');
  await traced.dealer.settled(sub);
  await does(app, "log.debug('four'); log.child({ x: 1 }).info('five')");
  assert.equal((await traced.values(1)).length, 1);
  const topics = [await sub.message(), await sub.message()].map(([topic, header]) => [
    String(topic),
    JSON.parse(header).n,
  ]);
  assert.deepEqual(topics.sort(), [
    ['log.20.app', 1],
    ['log.30.app', 1],
  ]);
  sub.cancel('log.');
  await traced.dealer.settled(sub);
  const made = await does(
    app,
    "const other = nodeobs.createLogger({ name: 'late', stream: { write() {} } }); return [other.debug(), other.trace()].join()",
  );
  assert.equal(made, 'true,false');
  await traced.stop();
  assert.equal(
    await does(app, 'return [log.trace(), log.debug(), log.info()].join()'),
    'false,false,true',
  );
});

test('a process that exits publishes what it has counted', async (t) => {
  const app = await appIn(t, SHOP);
  const traced = await Traced.run(
    t,
    app,
    program([clause(SOLD, [agg('@', [arg(1)], 'count'), d.step(global('n'))])]),
  );
  await does(app, "sell(1); sell(2, 'pen'); sell(3, 'pen')");
  app.child.send('process.exit(5)');
  const { k, aggregations, fired } = await traced.record();
  assert.equal(k, 'aggregations');
  assert.deepEqual(aggregations, [
    ['@', 'count', ['book'], 1],
    ['@', 'count', ['pen'], 2],
  ]);
  assert.deepEqual(fired, { 1: 3 });
});

test('programs are their peers’ own, as many as there is room for', async (t) => {
  const app = await appIn(t, SHOP);
  const counting = program([clause(SOLD, [agg('@', [], 'count')])]);
  const one = await Traced.run(t, app, counting, { watch: 'mine-1' });
  const two = await Traced.run(t, app, counting);
  assert.equal(one.topic, 'watch.mine-1');
  for (const op of ['trace.read', 'trace.go', 'trace.set', 'trace.stop']) {
    const { code } = await two.dealer.refused(op, { watch: 'mine-1', globals: {} });
    assert.equal(code, 'not_found');
  }
  for (const watch of ['mine-1', '', 'a b', 7, 'x'.repeat(41)]) {
    const { code } = await two.dealer.refused('trace.start', { program: counting, watch });
    assert.equal(code, 'bad_request');
  }
  await does(app, 'sell(1)');
  await one.stop();
  await does(app, 'sell(1)');
  assert.deepEqual((await two.read()).aggregations, [['@', 'count', [], 2]]);
  for (let i = 0; i < 63; i++) await one.dealer.request('trace.start', { program: counting });
  const { code, message } = await one.dealer.refused('trace.start', { program: counting });
  assert.deepEqual([code, /64 programs/.test(message)], ['bad_request', true]);
  one.dealer.socket.destroy();
  await two.dealer.until(async () => (await two.dealer.request('stats')).traces.length === 1);
});

test('what there is to trace is listed, and may be what Node can tell of', async (t) => {
  const app = await appIn(t, `${SHOP} nodeobs.createProvider('off', 'm').addProbe('never');`);
  const dealer = await Client.open(t, app.socket, 'DEALER');
  const names = async (glob) =>
    (await dealer.request('trace.list', { glob })).probes.map(
      ({ provider, name }) => `${provider}:${name}`,
    );
  const all = await names();
  for (const name of ['shop:sold', 'off:never', 'bunyan:log-fatal', 'node:http-server-request']) {
    assert.ok(all.includes(name), name);
  }
  assert.deepEqual(await names('sold'), ['shop:sold']);
  assert.deepEqual(await names(['s?op', 'till', '', '[!x]*']), ['shop:sold']);
  assert.deepEqual(await names('bunyan:::log-[w-z]*'), ['bunyan:log-warn']);
  assert.deepEqual(await names('channel:::tracing:my.own:start'), ['channel:tracing:my.own:start']);
  assert.ok((await names('channel:::undici:*')).includes('channel:undici:request:create'));
  for (const glob of [7, ['a'], {}, ['', '', '', 1], 'x'.repeat(2000)]) {
    assert.equal((await dealer.refused('trace.list', { glob })).code, 'bad_request');
  }
});

test('Node’s own probes and channels: members of structures, and when it was', async (t) => {
  const app = await appIn(
    t,
    `${SHOP}
     const http = require('node:http'); const { channel } = require('node:diagnostics_channel');
     const server = http.createServer((request, response) => response.end('ok'));
     const get = () => new Promise((resolve) => http.get({ port: server.address().port, path: '/a?b' }, (r) => { r.resume(); r.on('end', resolve); }));`,
  );
  await does(app, 'await new Promise((resolve) => server.listen(0, resolve))');
  const traced = await Traced.run(
    t,
    app,
    program([
      clause('node*:::http-server-request', [
        d.assign(d.self('url'), d.member(args(0), 'url')),
        d.assign(d.self('ts'), d.builtin('timestamp')),
        data(1, d.member(args(0), 'method'), args(1), arg(2)),
      ]),
      clause('node*:::http-server-response', [
        data(
          2,
          d.self('url'),
          d.binary('>', d.binary('-', d.builtin('timestamp'), d.self('ts')), int(0)),
          d.member(args(0), 'nothing'),
        ),
      ]),
      clause('node*:::http-server-response', [
        data(
          3,
          d.self('url'),
          d.binary('>', d.binary('-', d.builtin('timestamp'), d.self('ts')), int(0)),
        ),
      ]),
      clause('channel*:::my.own', [data(4, arg(0), d.member(args(1), 'x'), arg(1))]),
      clause('gc:::nothing', []),
    ]),
  );
  await does(app, "await get(); channel('my.own').publish({ x: 7 })");
  const [request, fault, response, own] = await traced.records(4);
  const [, [method, connection, address]] = request.d[0];
  assert.deepEqual([method, connection.remoteAddress], ['GET', address]);
  assert.deepEqual(Object.keys(connection), ['fd', 'remoteAddress', 'remotePort', 'bufferSize']);
  assert.equal(fault.message, 'illegal operation (there is no member nothing)');
  assert.deepEqual(response.d, [[3, ['/a?b', 1]]]);
  assert.deepEqual(own.d, [[4, ['my.own', 7, '{"x":7}']]]);
});

test('worker threads have programs of their own', async (t) => {
  const app = await appIn(
    t,
    `const { Worker } = require('node:worker_threads');
     new Worker(\`const nodeobs = require(\${JSON.stringify(require.resolve(${JSON.stringify(require.resolve('../../js'))}))});
       const p = nodeobs.createProvider('shop', 'till'); const sold = p.addProbe('sold', 'int'); p.enable();
       setInterval(() => sold.fire(() => [1]), 1);
       require('node:worker_threads').parentPort.postMessage(nodeobs.agent.status());\`, { eval: true }).on('message', (status) => process.send(status));`,
  );
  const { endpoint } = await app.said();
  const traced = await Traced.run(
    t,
    { ...app, socket: endpoint },
    program([clause(SOLD, [data(1, d.builtin('tid'))])]),
  );
  const { tid, d: values } = await traced.record();
  assert.deepEqual([tid, values], [1, [[1, [1]]]]);
});
