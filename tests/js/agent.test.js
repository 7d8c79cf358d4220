'use strict';
// The agent as a peer sees it: real processes, real sockets.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Client, appIn, runtimeDirectory } = require('./client');
const { GREETING, LIMITS, frame } = require('../../js/agent/zmtp');

test('a peer reads the firings it subscribed to, in order and complete', async (t) => {
  const app = await appIn(
    t,
    `const p = nodeobs.createProvider('p', 'm');
     const probe = p.addProbe('tick', 'int', 'char *', 'json');
     p.enable();
     let i = 0;
     setInterval(() => { for (let k = 0; k < 10; k++) probe.fire(() => [i++, 'é"', { k }]); }, 1);`,
  );
  const sub = await Client.open(t, app.socket, 'SUB');
  sub.subscribe('probe.p.');
  let expected = 0;
  let first = null;
  while (expected < 1000) {
    const [topic, header, payload] = await sub.message();
    const { v, seq, n, dropped } = JSON.parse(header);
    assert.equal(String(topic), 'probe.p.tick');
    assert.deepEqual([v, seq, dropped], [1, expected, 0]);
    const records = String(payload)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(records.length, n);
    first ??= records[0];
    for (const [k, record] of records.entries()) {
      assert.equal(record.args[0], first.args[0] + seq + k);
    }
    expected += n;
  }
  const { time, ...rest } = first;
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(rest, {
    provider: 'p',
    module: 'm',
    probe: 'tick',
    pid: app.child.pid,
    tid: 0,
    args: [first.args[0], 'é"', { k: first.args[0] % 10 }],
  });
});

test('a process that only waits still answers, and sends what its timers logged, at once', async (t) => {
  const app = await appIn(
    t,
    `const p = nodeobs.createProvider('p', 'm');
     const probe = p.addProbe('tick', 'int');
     p.enable();
     process.on('message', (ms) => {
       // Nothing else wakes the loop: these are its only timers.
       setTimeout(() => process.send('woken'), 5000);
       setTimeout(() => probe.fire(() => [ms]), ms);
       process.send('waits');
     });`,
  );
  const sub = await Client.open(t, app.socket, 'SUB');
  const dealer = await Client.open(t, app.socket, 'DEALER');
  sub.subscribe('probe.p.');
  await dealer.settled(sub);
  app.child.send(50);
  assert.equal(await app.said(), 'waits');
  const woken = app.said();
  const [topic] = await Promise.race([sub.message(), woken]);
  assert.equal(String(topic), 'probe.p.tick');
  dealer.socket.write(
    Buffer.concat(
      ['ping', 'ping', 'probes', 'ping'].map((op, id) =>
        frame(0, Buffer.from(JSON.stringify({ id, op }))),
      ),
    ),
  );
  for (let id = 0; id < 4; id++) {
    const answer = await Promise.race([dealer.message(), woken]);
    assert.equal(JSON.parse(answer[0]).id, id);
  }
});

test('records of several topics carry their common order', async (t) => {
  const app = await appIn(
    t,
    `const p = nodeobs.createProvider('p');
     const [a, b] = [p.addProbe('a', 'int'), p.addProbe('b', 'int')];
     p.enable();
     setInterval(() => { for (const i of [0, 1, 2, 3]) (i % 3 ? a : b).fire(() => [i]); }, 5);`,
  );
  const sub = await Client.open(t, app.socket, 'SUB');
  sub.subscribe('probe.p.');
  const seen = new Map();
  while (seen.size < 40) {
    const [, header, payload] = await sub.message();
    const { at, n, runs = [at, n] } = JSON.parse(header);
    const args = [...String(payload).matchAll(/"args":\[(\d)\]/g)].map((match) => Number(match[1]));
    for (let i = 0; i < runs.length; i += 2) {
      for (let k = 0; k < runs[i + 1]; k++) seen.set(runs[i] + k, args.shift());
    }
    assert.equal(args.length, 0);
  }
  const order = [...seen.keys()].sort((x, y) => x - y);
  assert.equal(order.length, order.at(-1) - order[0] + 1);
  for (const at of order.slice(0, 36)) assert.equal(seen.get(at), (at - order[0]) % 4);
});

test('subscriptions are counted: two need two cancels', async (t) => {
  const app = await appIn(
    t,
    `const p = nodeobs.createProvider('p');
     p.addProbe('x', 'int'); p.enable();
     process.on('message', () => process.send(p.fire('x', () => (process.send('ran'), [1])) ? 'done' : 'none'));`,
  );
  const fires = async () => {
    const answers = [];
    app.child.send('fire');
    for (;;) {
      const answer = await app.said();
      if (answer === 'done') return answers.length;
      answers.push(answer);
    }
  };
  const sub = await Client.open(t, app.socket, 'SUB');
  const dealer = await Client.open(t, app.socket, 'DEALER');
  const settle = () => dealer.settled(sub);
  assert.equal(await fires(), 0);
  sub.subscribe('probe.');
  sub.command('SUBSCRIBE', 'probe.');
  await settle();
  assert.equal(await fires(), 1);
  sub.command('CANCEL', 'probe.');
  await settle();
  assert.equal(await fires(), 1);
  sub.cancel('probe.');
  sub.cancel('probe.');
  await settle();
  assert.equal(await fires(), 0);
  sub.subscribe('probe.p.x');
  await settle();
  assert.equal(await fires(), 1);
  sub.socket.destroy();
  await dealer.until(async () => (await dealer.request('stats')).peers.length === 1);
  assert.equal(await fires(), 0);
});

test('a REQ peer gets its delimiter back', async (t) => {
  const app = await appIn(t, 'setInterval(() => {}, 1000)');
  const req = await Client.open(t, app.socket, 'REQ');
  req.send(['', '{"id":"q","op":"ping"}']);
  const parts = await req.message();
  assert.equal(parts.length, 2);
  assert.equal(parts[0].length, 0);
  const answer = JSON.parse(parts[1]);
  assert.equal(answer.id, 'q');
  assert.ok(!Number.isNaN(Date.parse(answer.ok.time)));
});

test('requests answer, and name what is wrong with them', async (t) => {
  const app = await appIn(
    t,
    `nodeobs.registry.define('queue', { fields: ['length'], inspect: (q) => ({ length: q.length, q }) });
     globalThis.kept = [1, 2n, { get boom() { throw new Error('a fault'); } }];
     nodeobs.registry.add('queue', globalThis.kept, 'main');
     nodeobs.registry.provide({
       list_types: () => ['job'],
       list_objects: () => ['a', 'b'],
       get: (type, id) => { if (id === 'b') throw new Error('boom'); return { type, id }; },
     });
     globalThis.idle = nodeobs.createProvider('idle').addProbe('x');
     setInterval(() => {}, 1000);`,
  );
  const dealer = await Client.open(t, app.socket, 'DEALER');
  const hello = await dealer.request('hello', { versions: [0, 1], client: 'test' });
  assert.deepEqual(
    [hello.v, hello.pid, hello.tid, hello.node, hello.main],
    [1, app.child.pid, 0, process.version, app.script],
  );
  const types = (await dealer.request('state.types')).types.map(({ type, count }) => [type, count]);
  assert.deepEqual(types.slice(0, 5), [
    ['queue', 1],
    ['job', null],
    ['process', 1],
    ['logger', 0],
    ['provider', 1],
  ]);
  const own = types.slice(5).map(([type]) => type);
  for (const type of ['server', 'request', 'handle', 'timer', 'worker']) {
    assert.ok(own.includes(type), type);
  }
  assert.deepEqual(await dealer.request('state.list', { type: 'queue' }), {
    type: 'queue',
    fields: ['length'],
    objects: [{ id: 'main', length: 3 }],
    total: 1,
    truncated: false,
  });
  assert.deepEqual((await dealer.request('state.get', { type: 'queue', object: 'main' })).object, {
    length: 3,
    q: [1, '2', { boom: '[Threw: a fault]' }],
  });
  const snapshot = await dealer.request('state.snapshot', { types: ['queue'] });
  assert.deepEqual(snapshot.types, ['queue']);
  assert.equal(snapshot.queue.main.length, 3);
  const wrong = [
    ['hello', { versions: [9] }, 'version'],
    ['helo', {}, 'unknown_op', ['hello']],
    ['state.get', { type: 'queue', object: 'mian' }, 'not_found', ['main']],
    ['state.list', { type: 'queu' }, 'not_found', ['queue']],
    ['state.list', { type: 'queue', limit: 0 }, 'bad_request'],
    ['state.get', { type: 'job', object: 'b' }, 'failed'],
    ['log.level', { level: 'debgu' }, 'bad_request', ['debug']],
    ['log.level', { level: 10, logger: 'nobody' }, 'not_found', []],
    ['log.level', { level: 10, for_ms: -1 }, 'bad_request'],
  ];
  for (const [op, args, code, candidates] of wrong) {
    const error = await dealer.refused(op, args);
    assert.equal(error.code, code, `${op} ${JSON.stringify(args)}`);
    assert.ok(error.message && error.hint);
    if (candidates) assert.deepEqual(error.candidates, candidates);
  }
  for (const body of ['not json', '[]', '7', '{"op":7}', '']) {
    dealer.send([body]);
    assert.equal(JSON.parse((await dealer.message())[0]).error.code, 'bad_request');
  }
});

test('the event loop is measured only while somebody looks', async (t) => {
  const app = await appIn(t, 'setInterval(() => {}, 1000)');
  const dealer = await Client.open(t, app.socket, 'DEALER');
  const loop = async () => {
    const object = String(app.child.pid);
    return (await dealer.request('state.get', { type: 'process', object })).object.loop;
  };
  await loop();
  await dealer.until(async () => (await loop()).lag_ms !== null);
  const { lag_ms: lag, utilization } = await loop();
  assert.ok(lag === null || lag.max >= lag.p50);
  assert.ok(utilization >= 0 && utilization <= 1);
});

test('bad peers are cut off with their reason in stats, and the app serves on', async (t) => {
  const app = await appIn(t, 'setInterval(() => {}, 1000)');
  const dealer = await Client.open(t, app.socket, 'DEALER');
  const raw = await Client.raw(t, app.socket);
  raw.write('GET / HTTP/1.1\r\n\r\n');
  await new Promise((resolve) => raw.on('close', resolve));
  const flood = await Client.open(t, app.socket, 'DEALER');
  flood.socket.pause();
  const ping = frame(0, Buffer.from('{"op":"ping"}'));
  flood.socket.write(Buffer.concat(Array(2000).fill(ping)));
  await dealer.until(async () => {
    const { refused } = await dealer.request('stats');
    return refused.greeting === 1 && refused['request-flood'] === 1;
  });
});

test('only so many peers are let in, and their places are free again when they go', async (t) => {
  const app = await appIn(t, 'setInterval(() => {}, 1000)');
  const dealer = await Client.open(t, app.socket, 'DEALER');
  const sockets = [];
  for (let i = 0; i < 80; i++) sockets.push(await Client.raw(t, app.socket));
  await dealer.until(async () => (await dealer.request('stats')).refused.peers === 17);
  for (const socket of sockets) socket.destroy();
  await dealer.until(async () => (await dealer.request('stats')).connections.now === 1);
  await Client.open(t, app.socket, 'SUB');
});

test('a huge promised length is refused before anything is kept for it', async (t) => {
  const app = await appIn(t, 'setInterval(() => {}, 1000)');
  const raw = await Client.raw(t, app.socket);
  raw.write(GREETING);
  raw.write(Buffer.from([2, 0, 0, 0, 1, 0, 0, 0, 0]));
  await new Promise((resolve) => raw.on('close', resolve));
  assert.ok(LIMITS.message < 2 ** 32);
});

test('a temporary level ends with its time, and with its connection', async (t) => {
  const app = await appIn(
    t,
    `globalThis.log = nodeobs.createLogger({ name: 'app', level: 'info', stream: process.stderr });
     setInterval(() => {}, 1000);`,
  );
  const level = async () => (await watcher.request('loggers')).loggers[0].override?.level ?? null;
  const watcher = await Client.open(t, app.socket, 'DEALER');
  const setter = await Client.open(t, app.socket, 'DEALER');
  const answer = await setter.request('log.level', { level: 'debug', for_ms: 200 });
  assert.deepEqual(answer.changed, [{ name: 'app', from: 30, to: 20 }]);
  assert.ok(Date.parse(answer.until) > Date.now() - 1000);
  assert.equal(await level(), 20);
  await watcher.until(async () => (await level()) === null);
  await setter.request('log.level', { level: 10, logger: 'app' });
  await watcher.request('log.level', { level: 50 });
  assert.equal(await level(), 50);
  await watcher.request('log.level', { level: null });
  assert.equal(await level(), 10);
  setter.socket.destroy();
  await watcher.until(async () => (await level()) === null);
});

test('several copies of the package share one agent', async (t) => {
  const dir = runtimeDirectory(t);
  const copy = path.join(dir, 'copy');
  fs.cpSync(path.join(__dirname, '../../js'), path.join(copy, 'js'), { recursive: true });
  fs.copyFileSync(path.join(__dirname, '../../package.json'), path.join(copy, 'package.json'));
  const app = await appIn(
    t,
    `const other = require(${JSON.stringify(path.join(copy, 'js'))});
     if (other.registry !== nodeobs.registry) throw new Error('two agents');
     other.createLogger({ name: 'theirs' });
     globalThis.both = [nodeobs.createLogger({ name: 'ours' }), other.createLogger({ name: 'ours' })];
     globalThis.p = other.createProvider('theirs'); globalThis.p.addProbe('x');
     setInterval(() => {}, 1000);`,
  );
  const dealer = await Client.open(t, app.socket, 'DEALER');
  const probes = await dealer.probes();
  assert.deepEqual(
    probes.map(({ provider }) => provider),
    ['theirs'],
  );
  const names = (await dealer.request('loggers')).loggers.map(({ name }) => name);
  assert.ok(names.includes('ours'));
  assert.equal(names.filter((name) => name === 'ours').length, 1);
});

test('a package that is a link is loaded once', (t) => {
  const directory = runtimeDirectory(t);
  const root = path.join(__dirname, '../..');
  fs.mkdirSync(path.join(directory, 'node_modules'));
  fs.symlinkSync(root, path.join(directory, 'node_modules/nodeobs'));
  fs.writeFileSync(path.join(directory, 'app.js'), "console.log(require.resolve('nodeobs'))");
  const out = execFileSync(process.execPath, ['-r', 'nodeobs/register', 'app.js'], {
    cwd: directory,
    env: { ...process.env, NODEOBS_RUNTIME_DIR: directory },
  });
  assert.equal(String(out).trim(), path.join(root, 'js/index.js'));
});

test('an agent of another contract leaves the thread to the first', (t) => {
  const out = execFileSync(
    process.execPath,
    [
      '-e',
      `require('node:net')[Symbol.for('nodeobs.agent')] = { contract: 99, version: '9.0.0' };
       const { agent, createLogger } = require(${JSON.stringify(path.join(__dirname, '../../js'))});
       createLogger({ name: 'x' }).info('still logs');
       console.error(JSON.stringify(agent.status()));`,
    ],
    {
      env: { ...process.env, NODEOBS_RUNTIME_DIR: runtimeDirectory(t) },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  assert.match(String(out), /still logs/);
});
