'use strict';
// The observed process starts, runs and ends as it would without nodeobs.

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Client, NODEOBS, appIn, runtimeDirectory } = require('./client');

const LOAD = `const nodeobs = require(${JSON.stringify(NODEOBS)});`;

function run(directory, source, { args = [], env = {} } = {}) {
  return spawnSync(process.execPath, [...args, '-e', source], {
    env: { ...process.env, NODEOBS_RUNTIME_DIR: directory, ...env },
    encoding: 'utf8',
    timeout: 60_000,
  });
}

test('requiring it is silent, and the process ends by itself with its socket gone', (t) => {
  const directory = runtimeDirectory(t);
  const { status, signal, stdout, stderr } = run(directory, LOAD);
  assert.deepEqual(
    { status, signal, stdout, stderr },
    { status: 0, signal: null, stdout: '', stderr: '' },
  );
  assert.deepEqual(fs.readdirSync(directory), []);
});

for (const [name, source, expected] of [
  ['process.exit', 'process.exit(7)', { status: 7, signal: null }],
  ['an uncaught exception', "throw new Error('boom')", { status: 1, signal: null }],
  ['an unhandled rejection', "Promise.reject(new Error('boom'))", { status: 1, signal: null }],
  [
    'SIGTERM',
    "process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1e3)",
    { status: null, signal: 'SIGTERM' },
  ],
]) {
  test(`${name} ends it as without nodeobs`, (t) => {
    const directory = runtimeDirectory(t);
    const plain = run(directory, source);
    const observed = run(directory, `${LOAD}${source}`);
    for (const { status, signal } of [plain, observed])
      assert.deepEqual({ status, signal }, expected);
    const frames = (text) =>
      text
        .replaceAll(LOAD, '')
        .replace(/\[eval\]:\d+(:\d+)?/g, '[eval]')
        .replace(/^ *\^$/m, '');
    assert.equal(frames(observed.stderr), frames(plain.stderr));
    if (expected.signal === null) assert.deepEqual(fs.readdirSync(directory), []);
  });
}

test('NODEOBS=off opens nothing and says so', (t) => {
  const directory = runtimeDirectory(t);
  const { stdout } = run(
    directory,
    `${LOAD} console.log(nodeobs.agent.status().state, nodeobs.agent.status().reason)`,
    {
      env: { NODEOBS: 'off' },
    },
  );
  assert.equal(stdout, 'off NODEOBS=off is set\n');
});

test('an application that is done ends, however many observers are attached or stuck', async (t) => {
  const app = await appIn(
    t,
    `const p = nodeobs.createProvider('p'); const probe = p.addProbe('x', 'char *'); p.enable();
     const text = 'x'.repeat(1000);
     process.once('message', () => {
       for (let i = 0; i < 20000; i++) probe.fire(() => [text]);
       process.disconnect();
     });`,
  );
  const stuck = [];
  for (let i = 0; i < 3; i++) {
    const sub = await Client.open(t, app.socket, 'SUB');
    sub.subscribe('');
    stuck.push(sub);
  }
  const dealer = await Client.open(t, app.socket, 'DEALER');
  await dealer.until(async () => {
    const probes = await dealer.probes();
    return probes[0].listeners.length === 3;
  });
  for (const sub of stuck) sub.socket.pause();
  app.child.send('go');
  assert.deepEqual(await once(app.child, 'exit'), [0, null]);
  assert.deepEqual(fs.readdirSync(app.directory), ['app.js', 'usdt']);
});

test("a record logged in 'beforeExit' does not start the loop again", async (t) => {
  const app = await appIn(
    t,
    `const p = nodeobs.createProvider('p'); const probe = p.addProbe('bye', 'int'); p.enable();
     let times = 0;
     process.on('beforeExit', () => { times += 1; probe.fire(() => [times]); });
     process.on('exit', () => { process.stdout.write(String(times)); });
     process.once('message', () => process.disconnect());`,
  );
  const sub = await Client.open(t, app.socket, 'SUB');
  sub.subscribe('');
  const dealer = await Client.open(t, app.socket, 'DEALER');
  await dealer.settled(sub);
  let said = '';
  app.child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  app.child.send('go');
  await once(app.child, 'close');
  assert.equal(said, '1');
});

test('what was fired last, and the exit, still reach an observer', async (t) => {
  const app = await appIn(
    t,
    `const p = nodeobs.createProvider('p'); const probe = p.addProbe('last', 'int'); p.enable();
     process.once('message', () => { probe.fire(() => [1]); process.exit(3); });`,
  );
  const sub = await Client.open(t, app.socket, 'SUB');
  sub.subscribe('probe.');
  sub.subscribe('agent');
  const dealer = await Client.open(t, app.socket, 'DEALER');
  await dealer.settled(sub);
  app.child.send('go');
  const [probe, event] = [await sub.message(), await sub.message()];
  assert.deepEqual(JSON.parse(probe[2]).args, [1]);
  const { event: name, code } = JSON.parse(event[2]);
  assert.deepEqual([name, code], ['exit', 3]);
});

test('after kill -9 the next process of that pid takes the socket over', async (t) => {
  const directory = runtimeDirectory(t);
  // The child leaves a socket of its own name on which nobody listens any more.
  const source = `
    const fs = require('node:fs'), { spawnSync } = require('node:child_process');
    const file = ${JSON.stringify(directory)} + '/' + process.pid + '.sock';
    const listen = 'require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, 9))';
    spawnSync(process.execPath, ['-e', listen, file]);`;
  const { stdout } = run(
    directory,
    `${source} console.log(fs.existsSync(file)); ${LOAD}
     const wait = setInterval(() => { const s = nodeobs.agent.status(); if (s.state !== 'starting') { console.log(s.state); clearInterval(wait); } }, 1);`,
  );
  assert.equal(stdout, 'true\non\n');
  assert.deepEqual(fs.readdirSync(directory), []);
});

test('a socket on which somebody listens is left alone', (t) => {
  const directory = runtimeDirectory(t);
  const { stdout } = run(
    directory,
    `const server = require('node:net').createServer((s) => s.end('first')).listen(${JSON.stringify(directory)} + '/' + process.pid + '.sock');
     ${LOAD}
     const wait = setInterval(() => { const s = nodeobs.agent.status(); if (s.state !== 'starting') { console.log(s.state, s.reason); clearInterval(wait); server.close(); } }, 1);`,
  );
  assert.match(stdout, /^off .*in use by another process of this pid/);
});

test('a directory that is not ours alone is refused with the fix', (t) => {
  const directory = runtimeDirectory(t);
  const say = `${LOAD} const { state, reason, hint } = nodeobs.agent.status(); console.log(JSON.stringify({ state, reason, hint }))`;
  const status = (dir) => JSON.parse(run(dir, say).stdout);
  fs.mkdirSync(path.join(directory, 'open'));
  fs.chmodSync(path.join(directory, 'open'), 0o755);
  fs.symlinkSync(path.join(directory), path.join(directory, 'link'));
  fs.writeFileSync(path.join(directory, 'file'), '');
  const cases = [
    ['open', /open to other users \(mode 755\)/, /^chmod 700 /],
    ['link', /symbolic link/, /NODEOBS_RUNTIME_DIR/],
    ['file', /not a directory/, /NODEOBS_RUNTIME_DIR/],
    ['no/such', /cannot make the runtime directory .*ENOENT/, /NODEOBS_RUNTIME_DIR/],
    ['x'.repeat(120), /socket path is \d+ bytes long, a unix socket takes 107/, /shorter/],
  ];
  for (const [name, reason, hint] of cases) {
    const answer = status(path.join(directory, name));
    assert.equal(answer.state, 'off', name);
    assert.match(answer.reason, reason);
    assert.match(answer.hint, hint);
  }
  assert.equal(status(path.join(directory, 'new')).state, 'on');
  assert.equal(fs.statSync(path.join(directory, 'new')).mode & 0o777, 0o700);
});

test('the socket is for its user alone', async (t) => {
  const app = await appIn(t, 'setInterval(() => {}, 1000)');
  assert.equal(fs.statSync(app.socket).mode & 0o777, 0o600);
});

test('the environment of another user does not choose the directory', async (t) => {
  const { runtimeDirectory: choose } = require('../../js/agent/endpoint');
  const mine = runtimeDirectory(t);
  const uid = fs.statSync(mine).uid;
  assert.equal(choose({ XDG_RUNTIME_DIR: mine }, uid), path.join(mine, 'nodeobs'));
  assert.equal(choose({ XDG_RUNTIME_DIR: mine }, uid + 1), `/tmp/nodeobs-${uid + 1}`);
  assert.equal(choose({ XDG_RUNTIME_DIR: '/no/such' }, 7), '/tmp/nodeobs-7');
  assert.equal(choose({ XDG_RUNTIME_DIR: mine, NODEOBS_RUNTIME_DIR: '/x' }, uid), '/x');
});

test('every worker thread has an endpoint of its own, gone with the thread', async (t) => {
  const app = await appIn(
    t,
    `const { Worker } = require('node:worker_threads');
     const source = 'const n = require(' + JSON.stringify(${JSON.stringify(NODEOBS)}) + ');' +
       'require("node:worker_threads").parentPort.postMessage(n.agent.status().endpoint); setInterval(() => {}, 1e3)';
     const worker = new Worker(source, { eval: true });
     worker.once('message', (endpoint) => process.send(endpoint));
     process.once('message', async () => { await worker.terminate(); process.send('gone'); });`,
  );
  const endpoint = await app.said();
  assert.equal(endpoint, path.join(app.directory, `${app.child.pid}.1.sock`));
  const dealer = await Client.open(t, endpoint, 'DEALER');
  assert.equal((await dealer.request('hello')).tid, 1);
  app.child.send('stop');
  assert.equal(await app.said(), 'gone');
  assert.ok(!fs.existsSync(endpoint));
});

test('cluster workers listen for themselves', async (t) => {
  const directory = runtimeDirectory(t);
  const script = path.join(directory, 'cluster.js');
  fs.writeFileSync(
    script,
    `const cluster = require('node:cluster'); ${LOAD}
     if (cluster.isPrimary) cluster.fork().on('message', (m) => { console.log(JSON.stringify(m)); cluster.disconnect(); });
     else process.send({ pid: process.pid, ...nodeobs.agent.status() });`,
  );
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, NODEOBS_RUNTIME_DIR: directory },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const chunks = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  assert.deepEqual(await once(child, 'close'), [0, null]);
  const worker = JSON.parse(Buffer.concat(chunks));
  assert.equal(worker.state, 'on');
  assert.equal(worker.endpoint, path.join(directory, `${worker.pid}.sock`));
});

test('it adds no thread', (t) => {
  const count = "require('node:fs').readdirSync('/proc/self/task').length";
  const { stdout } = run(
    runtimeDirectory(t),
    `const before = ${count}; ${LOAD} console.log(${count} - before)`,
  );
  assert.equal(stdout, '0\n');
});

test('import gives the same names and the same agent as require', (t) => {
  const { stdout, stderr } = run(
    runtimeDirectory(t),
    `import nodeobs, * as names from ${JSON.stringify(path.join(path.dirname(NODEOBS), 'index.mjs'))};
     import { createRequire } from 'node:module';
     const required = createRequire('/')(${JSON.stringify(NODEOBS)});
     const missing = Object.keys(required).filter((name) => names[name] !== required[name]);
     console.log(JSON.stringify(missing), nodeobs === required);`,
    { args: ['--input-type=module'] },
  );
  assert.equal(stdout, '[] true\n', stderr);
});

test('stop() closes the endpoint and the connections for good', async (t) => {
  const app = await appIn(
    t,
    "process.once('message', () => { nodeobs.agent.stop(); process.send(nodeobs.agent.status()); }); setInterval(() => {}, 1e3)",
  );
  const sub = await Client.open(t, app.socket, 'SUB');
  sub.subscribe('agent');
  const dealer = await Client.open(t, app.socket, 'DEALER');
  await dealer.settled(sub);
  app.child.send('stop');
  const { state, reason } = await app.said();
  assert.deepEqual([state, reason], ['off', 'stopped by the application']);
  assert.equal(JSON.parse((await sub.message())[2]).event, 'stopped');
  assert.ok(!fs.existsSync(app.socket));
});

test('a mistake of the agent does not reach the application', async (t) => {
  const app = await appIn(
    t,
    `const { bus } = require('node:net')[Symbol.for('nodeobs.agent')];
     const p = nodeobs.createProvider('p'); const probe = p.addProbe('x', 'int'); p.enable();
     const flush = bus.flush;
     process.on('message', () => {
       bus.flush = () => { bus.flush = flush; throw new Error('a mistake'); };
       probe.fire(() => [1]);
       setTimeout(() => process.send('alive'), 20);
     });`,
  );
  const sub = await Client.open(t, app.socket, 'SUB');
  sub.subscribe('probe.');
  const dealer = await Client.open(t, app.socket, 'DEALER');
  await dealer.settled(sub);
  app.child.send('go');
  assert.equal(await app.said(), 'alive');
  assert.equal((await dealer.request('stats')).refused.internal, 1);
  assert.deepEqual(JSON.parse((await sub.message())[2]).args, [1]);
});

test('a mistake while an observer leaves does not leave its probes on', async (t) => {
  const app = await appIn(
    t,
    `const { bus } = require('node:net')[Symbol.for('nodeobs.agent')];
     const p = nodeobs.createProvider('p'); p.addProbe('x', 'int'); p.enable();
     const flush = bus.flush;
     process.on('message', () => {
       bus.flush = () => { bus.flush = flush; throw new Error('a mistake'); };
       process.send('armed');
     });`,
  );
  const sub = await Client.open(t, app.socket, 'SUB');
  sub.subscribe('probe.');
  const dealer = await Client.open(t, app.socket, 'DEALER');
  await dealer.settled(sub);
  app.child.send('arm');
  await app.said();
  sub.socket.destroy();
  await dealer.until(async () => (await dealer.probes())[0].listeners.length === 0);
  assert.equal((await dealer.request('stats')).refused.internal, 1);
});
