'use strict';
// http-server-* and http-client-*: real servers and clients, watched from outside.

const assert = require('node:assert/strict');
const net = require('node:net');
const { once } = require('node:events');
const { test } = require('node:test');
const { Observer, actor } = require('./observer');

const MS = 1e6; // ns

// A server whose answers are what the URL says: /wait/MS, /hang, /head (head and half a body), …
const SERVER = `
  async listen() {
    const http = require('node:http');
    this.server = http.createServer((req, res) => {
      const [, what, value] = req.url.split(/[/?]/);
      if (what === 'wait') setTimeout(() => res.setHeader('content-length', 6).end('waited'), Number(value));
      else if (what === 'head') { res.writeHead(200, { 'content-length': 1000 }); res.write('half'); }
      else if (what === 'status') { res.statusCode = Number(value); res.end(); }
      else if (what === 'named') { res.setHeader('x-request-id', 'ours'); res.end('named'); }
      else if (what === 'destroy') res.destroy(Object.assign(new Error('no'), { code: 'ENOTTODAY' }));
      else if (what === 'wide') res.end('x'.repeat(100000));
      else if (what !== 'hang') res.end('hello');
    });
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this.port = this.server.address().port;
  },`;

const request = ([url, connection, address, port, method, path, fd, id, requestId, host]) => ({
  url,
  connection,
  address,
  port,
  method,
  path,
  fd,
  id,
  requestId,
  host,
});

const response = ([
  connection,
  address,
  port,
  fd,
  id,
  status,
  latency,
  method,
  url,
  route,
  bytes,
  requestId,
  host,
  error,
  aborted,
]) => ({
  connection,
  address,
  port,
  fd,
  id,
  status,
  latency,
  method,
  url,
  route,
  bytes,
  requestId,
  host,
  error,
  aborted,
});

// The same places, but for the time of the answer's head instead of a route.
const answer = (args) => {
  const { route: head, ...rest } = response(args);
  return { ...rest, head, peer: args[15] };
};

/** A connection that is written to by hand; `received(n)` resolves with the first n bytes. */
async function dial(t, port) {
  const socket = net.connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    socket.emit('more');
  });
  socket.until = async (end) => {
    while (!end(text)) await once(socket, 'more');
    return text;
  };
  socket.ask = (path, headers = '') =>
    socket.write(`GET ${path} HTTP/1.1\r\nhost: example\r\n${headers}\r\n`);
  return socket;
}

test('a request and its response: the old arguments first, then ours', async (t) => {
  const app = await actor(t, SERVER);
  const port = await app.run('listen');
  const observer = await Observer.of(t, app.socket, 'probe.node.http-server-');
  const socket = await dial(t, port);
  socket.ask('/wait/30?q=1', 'X-Request-Id: abc\r\nX-Forwarded-For: 10.0.0.9\r\n');
  const began = request(await observer.next('http-server-request'));
  const { localPort } = socket;
  assert.deepEqual(began.url, { url: '/wait/30?q=1', method: 'GET', forwardedFor: '10.0.0.9' });
  assert.deepEqual(began.connection, {
    fd: began.fd,
    remoteAddress: '127.0.0.1',
    remotePort: localPort,
    bufferSize: 0,
  });
  assert.ok(began.fd > 2);
  assert.deepEqual([began.address, began.port], ['127.0.0.1', localPort]);
  assert.deepEqual([began.method, began.path], ['GET', '/wait/30?q=1']);
  assert.deepEqual([began.requestId, began.host], ['abc', 'example']);

  const ended = response(await observer.next('http-server-response'));
  const answered = await socket.until((text) => text.endsWith('waited'));
  assert.deepEqual(ended.connection, began.connection);
  assert.equal(ended.id, began.id);
  assert.deepEqual(
    [ended.status, ended.method, ended.url, ended.aborted, ended.error, ended.route],
    [200, 'GET', '/wait/30?q=1', 0, '', ''],
  );
  assert.ok(ended.latency >= 28 * MS && ended.latency < 1000 * MS, String(ended.latency));
  assert.equal(ended.bytes, answered.length);
  assert.deepEqual([ended.requestId, ended.host], ['abc', 'example']);
});

test('keep-alive: each request is paired with its own response, bytes are its own', async (t) => {
  const app = await actor(t, SERVER);
  const port = await app.run('listen');
  const observer = await Observer.of(t, app.socket, 'probe.node.http-server-');
  const socket = await dial(t, port);
  const seen = new Set();
  let received = 0;
  for (const path of ['/a', '/wide', '/status/404', '/named']) {
    socket.ask(path);
    const began = request(await observer.next('http-server-request'));
    const ended = response(await observer.next('http-server-response'));
    assert.equal(ended.id, began.id);
    assert.equal(ended.url, path);
    seen.add(ended.id);
    received += ended.bytes;
    assert.equal((await socket.until((text) => text.length >= received)).length, received);
    if (path === '/wide') assert.ok(ended.bytes > 100000 && ended.bytes < 100500);
    if (path === '/status/404') assert.equal(ended.status, 404);
    if (path === '/named') assert.equal(ended.requestId, 'ours');
  }
  assert.equal(seen.size, 4);
});

test('pipelined requests are told apart', async (t) => {
  const app = await actor(t, SERVER);
  const port = await app.run('listen');
  const observer = await Observer.of(t, app.socket, 'probe.node.http-server-');
  const socket = await dial(t, port);
  const head = 'HTTP/1.1\r\nhost: example\r\n\r\n';
  socket.write(`GET /wait/250 ${head}GET /wait/1 ${head}GET /wait/40 ${head}`);
  const ids = {};
  for (let i = 0; i < 3; i++) {
    const { id, path } = request(await observer.next('http-server-request'));
    ids[path] = id;
  }
  // They are answered in order, so the fast ones wait for the slow one.
  for (const path of ['/wait/250', '/wait/1', '/wait/40']) {
    const { id, url, latency } = response(await observer.next('http-server-response'));
    assert.deepEqual([url, id], [path, ids[path]]);
    assert.ok(latency >= 120 * MS, `${url} ${latency}`);
  }
});

test('pipelined requests on a connection that goes away are all aborted', async (t) => {
  const app = await actor(t, SERVER);
  const port = await app.run('listen');
  const observer = await Observer.of(t, app.socket, 'probe.node.http-server-');
  const socket = await dial(t, port);
  const head = 'HTTP/1.1\r\nhost: example\r\n\r\n';
  socket.write(`GET /hang/1 ${head}GET /b ${head}GET /hang/2 ${head}`);
  const ids = [];
  for (let i = 0; i < 3; i++) ids.push(request(await observer.next('http-server-request')).id);
  socket.destroy();
  const aborted = [];
  for (let i = 0; i < 3; i++) aborted.push(response(await observer.next('http-server-response')));
  assert.deepEqual(
    aborted.map(({ id }) => id),
    ids,
  );
  for (const one of aborted) assert.deepEqual([one.status, one.aborted], [0, 1]);
});

test('aborts: before and in the middle of a response, by the client and by the server', async (t) => {
  const app = await actor(t, SERVER);
  const port = await app.run('listen');
  const observer = await Observer.of(t, app.socket, 'probe.node.http-server-');
  const expected = { '/hang': 'ECONNRESET', '/head': 'ECONNRESET', '/destroy': 'ENOTTODAY' };
  for (const [path, error] of Object.entries(expected)) {
    const socket = await dial(t, port);
    socket.ask(path);
    const began = request(await observer.next('http-server-request'));
    if (path === '/head') await socket.until((text) => text.includes('half'));
    if (path !== '/destroy') socket.destroy();
    const ended = response(await observer.next('http-server-response'));
    assert.deepEqual(
      [ended.id, ended.status, ended.aborted, ended.error, ended.address],
      [began.id, 0, 1, error, '127.0.0.1'],
    );
    assert.ok(ended.latency >= 0);
    if (path === '/head') assert.ok(ended.bytes > 4, String(ended.bytes));
  }
});

test('requests under way when the observer comes: their latency is unknown', async (t) => {
  const app = await actor(
    t,
    `${SERVER}
     requests() { return new Promise((resolve) => this.server.getConnections((_, n) => resolve(n))); },`,
  );
  const port = await app.run('listen');
  const [slow, gone] = [await dial(t, port), await dial(t, port)];
  slow.ask('/wait/300', 'x-request-id: early\r\n');
  gone.ask('/hang');
  const other = await dial(t, port);
  other.ask('/hello'); // answered: so the two before it were read
  await other.until((text) => text.includes('hello'));
  const observer = await Observer.of(t, app.socket, 'probe.node.http-server-');
  gone.destroy();
  const aborted = response(await observer.next('http-server-response'));
  assert.deepEqual(
    [aborted.url, aborted.status, aborted.latency, aborted.aborted],
    ['/hang', 0, -1, 1],
  );
  const ended = response(await observer.next('http-server-response'));
  assert.deepEqual(
    [ended.url, ended.status, ended.latency, ended.requestId, ended.aborted],
    ['/wait/300', 200, -1, 'early', 0],
  );
  assert.equal(observer.firings.length, 0);
});

test('an observer that comes back does not take for aborted what was done meanwhile', async (t) => {
  const app = await actor(t, SERVER);
  const port = await app.run('listen');
  const prefix = 'probe.node.http-server-';
  const observer = await Observer.of(t, app.socket, prefix);
  const [slow, idle] = [await dial(t, port), await dial(t, port)];
  slow.ask('/wait/100');
  const { id } = request(await observer.next('http-server-request'));
  await observer.leave(prefix);
  await slow.until((text) => text.includes('waited'));
  observer.sub.subscribe(prefix);
  await observer.dealer.settled(observer.sub);
  idle.ask('/x');
  const next = response(await observer.next('http-server-response'));
  assert.deepEqual([next.url, next.status], ['/x', 200]);
  assert.notEqual(next.id, id);
  slow.ask('/status/204');
  const again = response(await observer.next('http-server-response'));
  assert.deepEqual([again.url, again.status], ['/status/204', 204]);
  assert.ok(again.bytes < 300, `${again.bytes} are not those of the response that nobody saw`);
  slow.ask('/hang');
  await observer.next('http-server-request', ([, , , , , url]) => url === '/hang');
  slow.destroy();
  const gone = response(await observer.next('http-server-response'));
  assert.deepEqual([gone.url, gone.aborted], ['/hang', 1]);
  const other = await dial(t, port);
  other.ask('/last');
  assert.equal(response(await observer.next('http-server-response')).url, '/last');
});

test('http.request: head and end, errors and aborts, paired by request', async (t) => {
  const app = await actor(
    t,
    `${SERVER}
     get({ path, destroy, port, headers }) {
       const http = require('node:http');
       return new Promise((resolve) => {
         const req = http.get({ port: port ?? this.port, host: '127.0.0.1', path, headers }, (res) => {
           if (destroy === 'response') { res.on('error', () => {}); req.on('close', () => resolve('cut')); req.destroy(); return; }
           res.resume(); res.on('end', () => resolve(res.statusCode)); });
         req.on('error', (error) => resolve(error.code));
         if (destroy === 'request') setTimeout(() => req.destroy(), 20);
       });
     },
     both() { return Promise.all(['/wait/60', '/wait/10', '/wait/30'].map((path) => this.get({ path }))); },
     closed() { return new Promise((resolve) => { const s = require('node:net').createServer().listen(0, () => {
       const { port } = s.address(); s.close(() => resolve(port)); }); }); },`,
  );
  const port = await app.run('listen');
  const observer = await Observer.of(t, app.socket, 'probe.node.http-client-');
  assert.equal(await app.run('get', { path: '/wait/30', headers: { 'x-request-id': 'r1' } }), 200);
  const began = request(await observer.next('http-client-request'));
  const ended = answer(await observer.next('http-client-response'));
  assert.deepEqual(began.url, { url: '/wait/30', method: 'GET', forwardedFor: '' });
  assert.deepEqual(
    [began.address, began.port, began.host],
    ['127.0.0.1', port, `127.0.0.1:${port}`],
  );
  assert.deepEqual([began.requestId, ended.requestId], ['r1', 'r1']);
  assert.deepEqual(
    [ended.id, ended.status, ended.aborted, ended.error, ended.peer],
    [began.id, 200, 0, '', '127.0.0.1'],
  );
  assert.ok(ended.head >= 28 * MS && ended.head <= ended.latency, `${ended.head} ${ended.latency}`);
  assert.ok(ended.bytes > 50 && ended.bytes < 400);
  assert.ok(ended.fd > 2);

  assert.deepEqual(await app.run('both'), [200, 200, 200]);
  const ids = {};
  for (let i = 0; i < 3; i++) {
    const one = request(await observer.next('http-client-request'));
    ids[one.path] = one.id;
  }
  for (const path of ['/wait/10', '/wait/30', '/wait/60']) {
    const one = answer(await observer.next('http-client-response'));
    assert.deepEqual([one.url, one.id], [path, ids[path]]);
    assert.ok(one.latency >= (Number(path.slice(6)) - 2) * MS);
  }

  const refused = await app.run('closed');
  assert.equal(await app.run('get', { path: '/', port: refused }), 'ECONNREFUSED');
  const failed = answer(await observer.next('http-client-response'));
  assert.deepEqual(
    [failed.status, failed.error, failed.aborted, failed.head],
    [0, 'ECONNREFUSED', 1, -1],
  );
  assert.equal(request(await observer.next('http-client-request')).id, failed.id);

  await app.run('get', { path: '/hang', destroy: 'request' });
  const given = answer(await observer.next('http-client-response'));
  assert.deepEqual([given.status, given.error, given.aborted], [0, 'ECONNRESET', 1]);

  await app.run('get', { path: '/head', destroy: 'response' });
  const cut = answer(await observer.next('http-client-response', (args) => args[8] === '/head'));
  assert.deepEqual([cut.status, cut.error, cut.aborted], [0, 'ECONNRESET', 1]);
  assert.ok(cut.head >= 0);
});

test('fetch: the same probes, whatever became of it', async (t) => {
  const app = await actor(
    t,
    `${SERVER}
     async fetch({ path, abort, port, headers }) {
       const controller = new AbortController();
       if (abort) setTimeout(() => controller.abort(), abort);
       try {
         const res = await fetch('http://localhost:' + (port ?? this.port) + path, { signal: controller.signal, headers });
         await res.text();
         return res.status;
       } catch (error) { return error.cause?.code ?? error.name; }
     },
     listen6() { return new Promise((resolve) => { this.server = require('node:http').createServer((req, res) => {
       if (req.url === '/hang') return;
       setTimeout(() => { if (req.url === '/length') res.setHeader('content-length', 5); res.end('hello'); }, 20);
     }).listen(0, () => resolve(this.port = this.server.address().port)); }); },`,
  );
  const port = await app.run('listen6');
  const observer = await Observer.of(t, app.socket, 'probe.node.http-client-');
  assert.equal(
    await app.run('fetch', { path: '/length?x', headers: { 'x-request-id': 'f1' } }),
    200,
  );
  const began = request(await observer.next('http-client-request'));
  const ended = answer(await observer.next('http-client-response'));
  assert.deepEqual(began.url, { url: '/length?x', method: 'GET', forwardedFor: '' });
  assert.deepEqual(
    [began.address, began.port, began.host],
    ['localhost', port, `localhost:${port}`],
  );
  assert.deepEqual(
    [ended.id, ended.status, ended.aborted, ended.requestId],
    [began.id, 200, 0, 'f1'],
  );
  assert.ok(ended.head >= 18 * MS && ended.head <= ended.latency);
  assert.ok(['127.0.0.1', '::1'].includes(ended.peer));
  assert.equal(await app.run('fetch', { path: '/length' }), 200);
  assert.equal(answer(await observer.next('http-client-response')).bytes, 5);
  assert.equal(await app.run('fetch', { path: '/hang', abort: 40 }), 'AbortError');
  const aborted = answer(await observer.next('http-client-response'));
  assert.deepEqual([aborted.url, aborted.status, aborted.aborted], ['/hang', 0, 1]);
  assert.notEqual(aborted.error, '');
});

test('https: server and client', async (t) => {
  // Keys that both sides know: no certificate needed.
  const app = await actor(
    t,
    `
     listen() {
       this.psk = { key: Buffer.from('0102030405060708', 'hex'), ciphers: 'PSK+HIGH', maxVersion: 'TLSv1.2' };
       const { key, ...tls } = this.psk;
       this.server = require('node:https').createServer({ ...tls, pskCallback: () => key }, (req, res) => res.end('secret'));
       return new Promise((resolve) => this.server.listen(0, '127.0.0.1', () => resolve(this.port = this.server.address().port)));
     },
     get() {
       const { key, ...tls } = this.psk;
       return new Promise((resolve, reject) => require('node:https').get({ ...tls, host: '127.0.0.1', port: this.port, path: '/tls',
         pskCallback: () => ({ psk: key, identity: 'me' }), checkServerIdentity() {} }, (res) => { res.resume(); res.on('end', () => resolve(res.statusCode)); }).on('error', reject));
     },`,
  );
  const port = await app.run('listen');
  const observer = await Observer.of(t, app.socket, 'probe.node.http-');
  assert.equal(await app.run('get'), 200);
  const began = request(await observer.next('http-server-request'));
  const ended = response(await observer.next('http-server-response'));
  assert.deepEqual([ended.id, ended.url, ended.status], [began.id, '/tls', 200]);
  assert.ok(ended.bytes > 50 && ended.bytes < 400, String(ended.bytes));
  const asked = request(await observer.next('http-client-request'));
  const got = answer(await observer.next('http-client-response'));
  assert.deepEqual(
    [got.id, got.status, got.port, got.host],
    [asked.id, 200, port, `127.0.0.1:${port}`],
  );
});

test('in a worker thread, on its own endpoint', async (t) => {
  const app = await actor(
    t,
    `
     start() {
       const { Worker } = require('node:worker_threads');
       const source = \`
         const nodeobs = require(\${JSON.stringify(require.resolve(${JSON.stringify(require.resolve('../../js/index.js'))}))});
         const server = require('node:http').createServer((req, res) => res.end('from the worker'));
         server.listen(0, '127.0.0.1', () => require('node:worker_threads').parentPort.postMessage(
           { socket: nodeobs.agent.status().endpoint, port: server.address().port }));\`;
       this.worker = new Worker(source, { eval: true });
       return new Promise((resolve) => this.worker.once('message', resolve));
     },`,
  );
  const { socket: endpoint, port } = await app.run('start');
  const observer = await Observer.of(t, endpoint, 'probe.node.http-server-');
  const socket = await dial(t, port);
  socket.ask('/in-a-thread');
  await observer.next('http-server-response', ([, , , , , status, , , url]) => {
    return status === 200 && url === '/in-a-thread';
  });
  const [firing] = observer.firings;
  assert.equal(firing.probe, 'http-server-request');
  assert.ok(firing.tid > 0);
});
