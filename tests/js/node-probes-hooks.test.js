'use strict';
// What Node's own probes put into Node: nothing until somebody observes, and nothing afterwards.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { Client, appIn } = require('./client');
const { Hooks } = require('../../js/probes/node/hooks');
const { Observer, actor } = require('./observer');

// Everything that is hooked, as it was when the process started, and how it is now.
const LOOK = `
  look: (() => {
    const dc = require('node:diagnostics_channel');
    const dns = require('node:dns');
    const fs = require('node:fs');
    const http = require('node:http');
    const net = require('node:net');
    const perf = require('node:perf_hooks');
    const timers = require('node:timers');
    let observers = 0;
    const { observe, disconnect } = perf.PerformanceObserver.prototype;
    perf.PerformanceObserver.prototype.observe = function (...args) { observers += 1; return observe.apply(this, args); };
    perf.PerformanceObserver.prototype.disconnect = function (...args) { observers -= 1; return disconnect.apply(this, args); };
    const places = { fs, 'fs.promises': fs.promises, dns, 'dns.promises': dns.promises, process,
      ServerResponse: http.ServerResponse.prototype, ClientRequest: http.ClientRequest.prototype, Socket: net.Socket.prototype };
    const shape = () => Object.fromEntries(Object.entries(places).map(([name, object]) =>
      [name, new Map(Reflect.ownKeys(object).map((key) => [key, Object.getOwnPropertyDescriptor(object, key)]))]));
    let before; // Node makes some properties of fs when they are first read
    const channels = ['http.server.request.start', 'http.server.response.finish', 'http.client.request.start',
      'undici:request:create', 'undici:client:sendHeaders', 'undici:request:headers', 'undici:request:trailers',
      'undici:request:error', 'net.server.socket', 'tracing:fastify.request.handler:start'];
    return async () => {
      const [esmFs, esmPromises, esmDns] = [await import('node:fs'), await import('node:fs/promises'), await import('node:dns')];
      before ??= shape();
      const now = shape();
      const changed = [];
      for (const [place, properties] of Object.entries(now)) {
        const was = before[place];
        for (const key of new Set([...properties.keys(), ...was.keys()])) {
          const [a, b] = [was.get(key), properties.get(key)];
          const same = a && b && Object.keys(b).every((k) => a[k] === b[k]);
          if (!same && !String(key).startsWith('_')) changed.push(place + '.' + String(key));
        }
        const order = [...was.keys()].filter((key) => properties.has(key));
        if (changed.length === 0 && order.some((key, i) => key !== [...properties.keys()][i])) changed.push(place + ' order');
      }
      const esm = [esmFs.readFile === fs.readFile, esmPromises.stat === fs.promises.stat,
        esmDns.lookup === dns.lookup];
      return { changed, esm, observers, channels: channels.filter((name) => dc.hasSubscribers(name)),
        listeners: process.eventNames().flatMap((name) => String(name) === 'uncaughtExceptionMonitor' || String(name) === 'unhandledRejection' ? [name] : []),
        timers: process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length };
    };
  })(),`;

// What marks when requests began (js/state/starts.js) is there from the start on.
const MARKED = ['http.server.request.start', 'http.client.request.start', 'undici:request:create'];

test('hooks go in with the first observer of a source and out with the last', async (t) => {
  const app = await actor(t, LOOK);
  const clean = await app.run('look');
  assert.deepEqual(
    [clean.changed, clean.esm, clean.observers, clean.channels, clean.listeners],
    [[], [true, true, true], 0, MARKED, []],
  );
  const dealer = await Client.open(t, app.socket, 'DEALER');
  await dealer.request('probes');
  assert.deepEqual(await app.run('look'), clean, 'listing the probes');

  const all = await Observer.of(t, app.socket, 'probe.node.');
  const hooked = await app.run('look');
  for (const place of [
    'fs.readFile',
    'fs.readFileSync',
    'fs.promises.readFile',
    'dns.lookup',
    'dns.promises.lookup',
    'process.emit',
    'ServerResponse.emit',
    'ClientRequest.emit',
    'Socket.end',
  ]) {
    assert.ok(hooked.changed.includes(place), `${place} is hooked`);
  }
  assert.deepEqual([hooked.esm, hooked.observers], [[true, true, true], 1]);
  assert.equal(hooked.channels.length, 10);
  assert.deepEqual(hooked.listeners, ['uncaughtExceptionMonitor']);

  const one = await Observer.of(t, app.socket, 'probe.node.fs-op-done');
  await all.leave('probe.node.');
  const left = await app.run('look');
  assert.deepEqual(left.channels, MARKED);
  assert.ok(left.changed.length > 0);
  assert.ok(left.changed.every((place) => place.startsWith('fs.')));

  // An observer that is killed leaves nothing behind either.
  const { peers } = await dealer.request('stats');
  one.id = peers.find(({ type, subscriptions }) => type === 'SUB' && subscriptions === 1).id;
  one.sub.socket.destroy();
  const gone = async () => (await dealer.request('stats')).peers.every(({ id }) => id !== one.id);
  await dealer.until(gone);
  assert.deepEqual(await app.run('look'), clean);
});

test('a subscription has to name the provider', async (t) => {
  const app = await actor(t, LOOK);
  const clean = await app.run('look');
  const observer = await Observer.of(t, app.socket, 'probe.', '', 'probe.n');
  assert.deepEqual(await app.run('look'), clean);
  const { probes } = await observer.dealer.request('probes');
  const own = probes.filter(({ provider }) => provider === 'node');
  assert.ok(own.length >= 15);
  for (const { listeners, enabled, kernel } of own) {
    assert.deepEqual([listeners, enabled], [[], true]);
    assert.match(kernel.reason, /observer subscribes/);
  }
  observer.sub.subscribe('probe.node.gc-done');
  await observer.dealer.settled(observer.sub);
  assert.equal((await app.run('look')).observers, 1);
});

test('a function that somebody wrapped meanwhile stays wrapped, and ours in it passes calls on', async (t) => {
  const app = await actor(
    t,
    `
    wrap() { const fs = require('node:fs'); const ours = fs.statSync; fs.statSync = (...args) => { this.calls = (this.calls ?? 0) + 1; return ours(...args); }; },
    stat() { const isFile = require('node:fs').statSync(process.argv[1]).isFile(); return [isFile, this.calls]; },`,
  );
  const observer = await Observer.of(t, app.socket, 'probe.node.fs-op-done');
  await app.run('wrap');
  assert.deepEqual(await app.run('stat'), [true, 1]);
  await observer.next('fs-op-done', ([name]) => name === 'stat');
  await observer.leave('probe.node.fs-op-done');
  assert.deepEqual(await app.run('stat'), [true, 2]);
  const { probes } = await observer.dealer.request('probes');
  const { fired } = probes.find(({ name }) => name === 'fs-op-done');
  assert.deepEqual(await app.run('stat'), [true, 3]);
  const again = (await observer.dealer.request('probes')).probes;
  assert.equal(again.find(({ name }) => name === 'fs-op-done').fired, fired);
});

test('hooks of one function go in any order, and the last leaves what was there', () => {
  for (const inherited of [true, false]) {
    for (const order of ['012', '021', '102', '120', '201', '210']) {
      const greeter = { greet: () => 'hello' };
      const object = inherited ? Object.create(greeter) : greeter;
      const before = Object.getOwnPropertyDescriptors(object);
      const hooks = [0, 1, 2].map((number) => {
        const one = new Hooks(/** @type {any} */ ({ refuse: assert.fail }));
        one.replace(object, 'greet', (original) => () => original() + (one.on ? number : ''));
        return one;
      });
      assert.equal(object.greet(), 'hello012');
      let left = '012';
      for (const number of order) {
        hooks[number].remove();
        left = left.replace(number, '');
        assert.equal(object.greet(), `hello${left}`, order);
      }
      assert.deepEqual(Object.getOwnPropertyDescriptors(object), before, order);
    }
  }
});

test('what is frozen is not hooked, and nothing else comes of it', async (t) => {
  const app = await actor(
    t,
    `
    freeze() { const { emit } = require('node:http').ServerResponse.prototype;
      Object.defineProperty(require('node:http').ServerResponse.prototype, 'emit', { value: emit, configurable: false }); },
    serve() { const http = require('node:http'); const server = http.createServer((req, res) => res.end('fine'));
      return new Promise((resolve) => server.listen(0, () => http.get({ port: server.address().port }, (res) => {
        res.resume(); res.on('end', () => { server.close(); resolve(res.statusCode); }); }))); },`,
  );
  await app.run('freeze');
  const observer = await Observer.of(t, app.socket, 'probe.node.');
  assert.equal(await app.run('serve'), 200);
  assert.equal((await observer.dealer.request('stats')).refused.internal, undefined);
  const [, , , , , status] = await observer.next('http-server-response');
  assert.equal(status, 200); // only aborts need what is frozen
});

test('observed or not, the process ends when it has nothing to do', async (t) => {
  const app = await appIn(t, "process.once('message', () => process.disconnect());");
  const observer = await Observer.of(t, app.socket, 'probe.node.');
  await observer.next('timer-lag');
  const exit = once(app.child, 'exit');
  app.child.send('end');
  assert.deepEqual(await exit, [0, null]);
});

test('100,000 requests leave nothing in memory', { timeout: 120_000 }, async (t) => {
  const app = await actor(
    t,
    `
    async serve(count) {
      const net = require('node:net');
      this.server ??= await new Promise((resolve) => {
        const server = require('node:http').createServer((req, res) => res.end('hello'));
        server.listen(0, '127.0.0.1', () => resolve(server));
      });
      this.server.keepAliveTimeout = 1;
      const ask = Buffer.from('GET / HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n'.repeat(100));
      for (let connection = 0; connection < count / 1000; connection++) {
        await new Promise((resolve, reject) => {
          const socket = net.connect(this.server.address().port, '127.0.0.1');
          let answers = 0;
          socket.on('data', (chunk) => {
            answers += String(chunk).split('HTTP/1.1 200').length - 1;
            if (answers >= 1000) socket.destroy();
            else if (answers % 100 === 0) socket.write(ask);
          });
          socket.on('connect', () => socket.write(ask));
          socket.on('close', resolve);
          socket.on('error', reject);
        });
      }
      for (let i = 0; i < 5; i++) { gc(); await new Promise(setImmediate); }
      return process.memoryUsage().heapUsed;
    },`,
    { execArgv: ['--expose-gc'] },
  );
  await app.run('serve', 5000);
  const observer = await Observer.of(t, app.socket, 'probe.node.http-', 'probe.node.net-');
  observer.sub.socket.removeAllListeners('data');
  observer.sub.socket.resume(); // reading, without looking at it
  const before = await app.run('serve', 5000);
  const after = await app.run('serve', 100_000);
  const { topics } = await observer.dealer.request('stats');
  assert.ok(topics['probe.node.http-server-response'].published >= 105_000);
  const grown = (after - before) / 100_000;
  assert.ok(grown < 20, `${grown} bytes for each request`);
});
