'use strict';
// Node's other probes: gc, net, loop, dns, fs, faults, channels.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { Observer, actor } = require('./observer');

const MS = 1e6; // ns

async function output(stream) {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

test('gc-start and gc-done: old arguments, kind, pause, and the times at which it was', async (t) => {
  const app = await actor(t, 'collect() { gc(); return Date.now(); }', {
    execArgv: ['--expose-gc'],
  });
  const observer = await Observer.of(t, app.socket, 'probe.node.gc-');
  const after = await app.run('collect');
  let started;
  let done;
  const is = (args, firing) => {
    if (args[3] !== 'mark-sweep-compact') return false;
    if (firing.probe === 'gc-start') started = firing;
    else done = firing;
    return true;
  };
  const start = await observer.next('gc-start', is);
  const end = await observer.next('gc-done', is);
  assert.equal(start[0], 4); // V8's kGCTypeMarkSweepCompact
  assert.equal(start[2], 0);
  assert.deepEqual(end.slice(0, 4), start);
  const pause = end[4];
  assert.ok(pause > 0 && pause < 10_000 * MS, String(pause));
  const took = Date.parse(done.time) - Date.parse(started.time);
  assert.ok(Math.abs(took - pause / MS) <= 1.5, `${took} ms between them, ${pause} ns long`);
  assert.ok(Date.parse(done.time) <= after + 2, 'it was before the action ended');
});

test('event-loop-stall and timer-lag', async (t) => {
  const app = await actor(
    t,
    'block(ms) { const end = Date.now() + ms; while (Date.now() < end); return ms; }',
  );
  const observer = await Observer.of(t, app.socket, 'probe.node.event-loop-', 'probe.node.timer-');
  await observer.next('timer-lag');
  await app.run('block', 200);
  const [stall] = await observer.next('event-loop-stall', ([late]) => late > 150 * MS);
  assert.ok(stall >= 185 * MS && stall < 2000 * MS, String(stall));
  await observer.next('timer-lag', ([late]) => late === stall);
});

test('dns-lookup: callbacks and promises, found and not found, results as without us', async (t) => {
  const app = await actor(
    t,
    `
    before: require('node:dns').lookup,
    async plain() {
      const dns = require('node:dns');
      const { promisify } = require('node:util');
      return [typeof await new Promise((resolve) => dns.lookup('localhost', (error, address) => resolve(address))),
        Object.keys(await promisify(dns.lookup)('localhost')),
        Object.keys(await dns.promises.lookup('localhost')),
        (await dns.promises.lookup('localhost', { all: true })).length > 0,
        dns.lookup.name, dns.lookup.length, dns.lookup === this.before];
    },
    missing() { const dns = require('node:dns');
      return Promise.all([new Promise((resolve) => dns.lookup('nowhere.invalid', (error) => resolve(error.code))),
        dns.promises.lookup('nowhere.invalid').catch((error) => error.code)]); },
    bad() { try { require('node:dns').lookup('x', 'not a callback'); } catch (error) { return error.code; } },`,
  );
  const without = await app.run('plain');
  assert.equal(without.at(-1), true);
  const observer = await Observer.of(t, app.socket, 'probe.node.dns-');
  const hooked = await app.run('plain');
  assert.deepEqual(hooked, [...without.slice(0, -1), false]);
  for (let i = 0; i < 4; i++) {
    const [host, latency, error, addresses] = await observer.next('dns-lookup');
    assert.deepEqual([host, error], ['localhost', '']);
    assert.ok(latency > 0);
    assert.match(addresses, /127\.0\.0\.1|::1/);
  }
  const codes = await app.run('missing');
  for (let i = 0; i < 2; i++) {
    const [host, , error, addresses] = await observer.next('dns-lookup');
    assert.deepEqual([host, error, addresses], ['nowhere.invalid', codes[i], '']);
  }
  assert.match(await app.run('bad'), /ERR_INVALID_ARG_TYPE|ERR_INVALID_CALLBACK/);
});

test('fs-op-start and -done: three kinds, errors, sizes, and no operation twice', async (t) => {
  const app = await actor(
    t,
    `
    async work(dir) {
      const fs = require('node:fs');
      const file = dir + '/a.txt';
      fs.writeFileSync(file, 'hello');
      const callback = await new Promise((resolve, reject) => fs.readFile(file, 'utf8', (error, text) => error ? reject(error) : resolve(text)));
      const promised = String(await fs.promises.readFile(file));
      fs.renameSync(file, dir + '/b.txt');
      const fd = fs.openSync(dir + '/b.txt');
      const { bytesRead } = await require('node:util').promisify(fs.read)(fd, Buffer.alloc(10), 0, 10, 0);
      fs.closeSync(fd);
      const exists = await require('node:util').promisify(fs.exists)(file);
      return { callback, promised, bytesRead, exists };
    },
    async fail() {
      const fs = require('node:fs');
      const codes = [];
      try { fs.statSync('/nope'); } catch (error) { codes.push(error.code); }
      codes.push(await new Promise((resolve) => fs.stat('/nope', (error) => resolve(error.code))));
      codes.push(await fs.promises.stat('/nope').catch((error) => error.code));
      try { fs.readFile(); } catch (error) { codes.push(error.code); }
      return codes;
    },
    unhandled() {
      return new Promise((resolve) => {
        process.once('unhandledRejection', (error) => resolve(error.code));
        require('node:fs').promises.stat('/nope');
      });
    },`,
  );
  const observer = await Observer.of(t, app.socket, 'probe.node.fs-op-');
  const { directory } = app;
  const mine = (args) => args[1].startsWith(directory);
  const results = await app.run('work', directory);
  assert.deepEqual(results, { callback: 'hello', promised: 'hello', bytesRead: 5, exists: false });
  const expected = [
    ['writeFile', 'sync', -1],
    ['readFile', 'callback', 5],
    ['readFile', 'promise', 5],
    ['rename', 'sync', -1],
    ['open', 'sync', -1],
  ];
  for (const [name, kind, bytes] of expected) {
    const start = await observer.next('fs-op-start', mine);
    const done = await observer.next('fs-op-done', mine);
    assert.deepEqual([start[0], start[2]], [name, kind]);
    assert.deepEqual([done[0], done[2], done[3]], [name, kind, start[3]], 'paired by id');
    assert.deepEqual([done[5], done[6]], ['', bytes]);
    assert.ok(done[4] > 0);
    if (name === 'rename') assert.equal(start[4], `${directory}/b.txt`);
  }
  const read = await observer.next('fs-op-done', ([name]) => name === 'read');
  assert.match(read[1], /^fd \d+$/);
  assert.equal(read[6], 5);

  const codes = await app.run('fail');
  assert.deepEqual(codes.slice(0, 3), ['ENOENT', 'ENOENT', 'ENOENT']);
  assert.match(codes[3], /^ERR_INVALID/);
  for (const kind of ['sync', 'callback', 'promise']) {
    const done = await observer.next('fs-op-done', (args) => args[1] === '/nope');
    assert.deepEqual([done[2], done[5]], [kind, 'ENOENT']);
  }
  assert.equal(await app.run('unhandled'), 'ENOENT');
});

test('net-server-connection and net-stream-end, without the observers of the agent', async (t) => {
  const app = await actor(
    t,
    `
    listen() { this.server = require('node:net').createServer((socket) => socket.end('bye'));
      return new Promise((resolve) => this.server.listen(0, '127.0.0.1', () => resolve(this.server.address().port))); },`,
  );
  const port = await app.run('listen');
  const observer = await Observer.of(t, app.socket, 'probe.node.net-');
  const other = await Observer.of(t, app.socket, 'probe.node.net-'); // not to be seen
  const socket = require('node:net').connect(port, '127.0.0.1');
  socket.resume();
  await once(socket, 'connect');
  const { localPort } = socket;
  const [connection, address, remote, fd, local] = await observer.next('net-server-connection');
  assert.deepEqual(connection, {
    fd,
    remoteAddress: '127.0.0.1',
    remotePort: localPort,
    bufferSize: 0,
  });
  assert.deepEqual([address, remote, local], ['127.0.0.1', localPort, port]);
  const end = await observer.next('net-stream-end');
  assert.deepEqual(end.slice(1, 4), ['127.0.0.1', localPort, fd]);
  other.sub.socket.destroy();
  other.dealer.socket.destroy();
  await observer.dealer.until(
    async () => (await observer.dealer.request('stats')).peers.length === 2,
  );
  assert.deepEqual(observer.firings, []);
});

test('an unhandled rejection is told and ends the process as it would anyway', async (t) => {
  const app = await actor(
    t,
    "reject() { setImmediate(() => Promise.reject(Object.assign(new Error('nobody caught me'), { code: 'EME' }))); },",
    { stderr: 'pipe' },
  );
  const said = output(app.child.stderr);
  const observer = await Observer.of(t, app.socket, 'probe.node.un');
  const exit = once(app.child, 'exit');
  await app.run('reject');
  const [name, message, code, stack] = await observer.next('unhandled-rejection');
  assert.deepEqual([name, message, code], ['Error', 'nobody caught me', 'EME']);
  assert.match(stack, /app\.js:\d+/);
  const fault = await observer.next('uncaught-exception');
  assert.deepEqual([fault[1], fault[4]], ['nobody caught me', 'unhandledRejection']);
  assert.equal((await exit)[0], 1);
  assert.match(await said, /nobody caught me/);
});

test('a rejection that the application listens for stays its own affair', async (t) => {
  const app = await actor(
    t,
    `
    listen() { process.on('unhandledRejection', (reason) => { this.seen = reason; }); },
    reject() { Promise.reject('just text'); return new Promise((resolve) => setTimeout(() => resolve(this.seen), 20)); },
    listeners() { return [process.listenerCount('unhandledRejection'), process.listenerCount('uncaughtException')]; },`,
  );
  await app.run('listen');
  const before = await app.run('listeners');
  const observer = await Observer.of(t, app.socket, 'probe.node.un');
  assert.deepEqual(await app.run('listeners'), before);
  assert.equal(await app.run('reject'), 'just text');
  assert.deepEqual(await observer.next('unhandled-rejection'), ['', 'just text', '', '']);
});

test('an uncaught exception is told and ends the process as it would anyway', async (t) => {
  const app = await actor(
    t,
    "fault() { setImmediate(() => { throw new TypeError('too bad'); }); },",
    { stderr: 'pipe' },
  );
  const said = output(app.child.stderr);
  const observer = await Observer.of(t, app.socket, 'probe.node.uncaught-');
  const exit = once(app.child, 'exit');
  await app.run('fault');
  const [name, message, code, stack, origin] = await observer.next('uncaught-exception');
  assert.deepEqual(
    [name, message, code, origin],
    ['TypeError', 'too bad', '', 'uncaughtException'],
  );
  assert.match(stack, /app\.js:\d+/);
  assert.equal((await exit)[0], 1);
  assert.match(await said, /too bad/);
});

test('channel:::NAME: any channel by its name, without running the getters of its messages', async (t) => {
  const app = await actor(
    t,
    `
    touched: 0,
    publish() {
      const dc = require('node:diagnostics_channel');
      const self = this;
      const deep = { list: Array.from({ length: 5000 }, (_, i) => i) };
      deep.deep = deep;
      dc.channel('orders.placed').publish({ id: 7, deep, get secret() { self.touched += 1; return 1; } });
      return this.touched;
    },
    active() { return require('node:diagnostics_channel').hasSubscribers('orders.placed'); },
    async trace() {
      const channel = require('node:diagnostics_channel').tracingChannel('orders.work');
      channel.traceSync(() => 1, { step: 'sync' });
      await channel.tracePromise(async () => { throw new Error('no'); }, { step: 'async' }).catch(() => {});
    },
    serve() { const http = require('node:http'); this.server = http.createServer((req, res) => res.end());
      return new Promise((resolve) => this.server.listen(0, () => http.get({ port: this.server.address().port, path: '/shown' }, (res) => { res.resume(); res.on('end', resolve); }))); },`,
  );
  assert.equal(await app.run('active'), false);
  const observer = await Observer.of(t, app.socket, 'probe.channel.');
  assert.equal(await app.run('active'), false);
  const prefix = 'probe.channel.orders.placed';
  observer.sub.subscribe(prefix);
  observer.sub.subscribe('probe.channel.tracing:orders.work');
  observer.sub.subscribe('probe.channel.http.server.request.start');
  await observer.dealer.settled(observer.sub);
  assert.equal(await app.run('active'), true);
  const { probes } = await observer.dealer.request('probes');
  const listed = probes.filter(({ provider }) => provider === 'channel');
  assert.deepEqual(listed.map(({ name }) => name).sort(), [
    'http.server.request.start',
    'orders.placed',
    'tracing:orders.work',
  ]);
  assert.equal(await app.run('publish'), 0);
  const [name, payload, event] = await observer.next('orders.placed');
  assert.deepEqual([name, event], ['orders.placed', '']);
  assert.equal(payload.id, 7);
  assert.equal('secret' in payload && payload.secret !== null, false);
  assert.ok(payload.deep.list.length < 100);
  assert.ok(JSON.stringify(payload).length < 4096);

  await app.run('trace');
  const events = [];
  for (let i = 0; i < 7; i++) {
    const [channel, message, what] = await observer.next('tracing:orders.work');
    assert.equal(channel, `tracing:orders.work:${what}`);
    events.push(`${message.step} ${what}`);
  }
  assert.deepEqual(events, [
    'sync start',
    'sync end',
    'async start',
    'async end',
    'async error',
    'async asyncStart',
    'async asyncEnd',
  ]);

  await app.run('serve');
  const [, { request, socket }] = await observer.next('http.server.request.start');
  assert.deepEqual([request.method, request.url], ['GET', '/shown']);
  assert.ok(socket.remotePort > 0);

  await observer.leave(prefix, 'probe.channel.');
  assert.equal(await app.run('active'), false);
});
