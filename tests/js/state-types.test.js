'use strict';
// What a process has without registering anything: servers, requests, handles, workers, timers.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, appIn } = require('./client');

const [major, minor] = process.versions.node.split('.').map(Number);

// Does what it is told and says when it is done; all requests to /hang wait for ever, those to
// /head have the head of an answer.
const APP = `
  const http = require('node:http');
  const net = require('node:net');
  const arrivals = {};
  const waiting = {};
  const answer = (req, res) => {
    arrivals[req.url] = performance.now();
    waiting[req.url] = res;
    if (req.url === '/head') { res.writeHead(201, { 'content-length': 9 }); res.write('half'); }
    if (req.url === '/quick') res.end();
    process.send('got ' + req.url);
  };
  const server = http.createServer(answer);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const secret = Buffer.alloc(32, 1);
  const PSK = { ciphers: 'PSK', maxVersion: 'TLSv1.2' }; // TLS without a certificate
  const server_options = { ...PSK, pskCallback: () => secret };
  const client_options = { ...PSK, pskCallback: () => ({ psk: secret, identity: 'x' }), checkServerIdentity() {} };
  const kept = [];
  const commands = {
    listen: () => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve)).then(() => server.address().port),
    clock: () => ({ now: performance.now(), arrivals }),
    get(path, headers) {
      http.get({ port: server.address().port, host: '127.0.0.1', path, headers, agent }, (res) => { kept.push(res); res.resume(); }).on('error', () => {});
    },
    raw(text) {
      kept.push(net.connect(server.address().port, '127.0.0.1').on('error', () => {}));
      kept.at(-1).write(text);
    },
    answer: (path) => { waiting[path].end(); },
    async tls() {
      const https = require('node:https');
      const secure = https.createServer(server_options, answer);
      await new Promise((resolve) => secure.listen(0, '127.0.0.1', resolve));
      https.get({ ...client_options, port: secure.address().port, host: '127.0.0.1', path: '/tls' }).on('error', () => {});
      kept.push(secure);
    },
    async h2() {
      const h2 = require('node:http2');
      const plain = h2.createServer(answer);
      await new Promise((resolve) => plain.listen(0, '127.0.0.1', resolve));
      const session = h2.connect('http://127.0.0.1:' + plain.address().port);
      kept.push(plain, session, session.request({ ':path': '/h2', 'x-request-id': 'h2-id' }));
    },
    fetch() { kept.push(fetch('http://127.0.0.1:' + server.address().port + '/fetched').catch(() => {})); },
    unref() { server.unref(); },
    worker() {
      const { Worker } = require('node:worker_threads');
      const worker = new Worker('setInterval(() => {}, 1 << 30)', { eval: true, resourceLimits: { maxOldGenerationSizeMb: 64 } });
      kept.push(worker);
      return new Promise((resolve) => worker.once('online', resolve));
    },
    async end_worker() { await kept.at(-1).terminate(); },
    async things() {
      kept.push(require('node:child_process').spawn('sleep', ['100']));
      kept.push(require('node:fs').watch(__dirname));
      const udp = require('node:dgram').createSocket('udp4');
      await new Promise((resolve) => udp.bind(0, '127.0.0.1', resolve));
      kept.push(udp, setTimeout(() => {}, 1 << 30));
      process.once('exit', () => kept.at(-5)?.kill?.());
      for (const one of kept) if (one.spawnfile) process.once('disconnect', () => one.kill());
    },
    // Another version of Node has other internals.
    break() {
      process._getActiveHandles = undefined;
      process._getActiveRequests = () => { throw new Error('gone'); };
      for (const symbol of Object.getOwnPropertySymbols(server)) {
        if (symbol.description === 'http.server.connections') {
          Object.defineProperty(server, symbol, { get() { throw new Error('gone'); } });
        }
      }
    },
  };
  process.on('message', async ([name, ...args]) => process.send({ done: (await commands[name](...args)) ?? null }));
`;

/** The app, what it is told, and what an observer that comes afterwards sees. */
async function start(t) {
  const app = await appIn(t, APP);
  t.after(() => app.child.connected && app.child.disconnect());
  const heard = [];
  const hear = async (wanted) => {
    for (;;) {
      const at = heard.findIndex(wanted);
      if (at >= 0) return heard.splice(at, 1)[0];
      heard.push(await app.said());
    }
  };
  const tell = async (...command) => {
    app.child.send(command);
    return (await hear((message) => message?.done !== undefined)).done;
  };
  const got = (path) => hear((message) => message === `got ${path}`);
  const observe = async () => {
    const dealer = await Client.open(t, app.socket, 'DEALER');
    const list = async (type) => (await dealer.request('state.list', { type })).objects;
    return { dealer, list };
  };
  return { app, tell, got, observe };
}

const by = (key, value) => (row) => row[key] === value;

test('a request that began before anybody looked has its right age', async (t) => {
  const { tell, got, observe } = await start(t);
  const port = await tell('listen');
  // The second one on a connection, and one that was sent before the one ahead was answered.
  await tell('raw', 'GET /quick HTTP/1.1\r\nhost: x\r\n\r\n');
  await got('/quick');
  await tell('get', '/quick', {});
  await got('/quick');
  await tell('get', '/hang', { 'x-request-id': 'abc' });
  await got('/hang');
  await tell(
    'raw',
    'GET /first HTTP/1.1\r\nhost: x\r\n\r\nGET /second HTTP/1.1\r\nhost: x\r\n\r\n',
  );
  await got('/second');
  const { dealer, list } = await observe();
  const check = async (path) => {
    const before = await tell('clock');
    const row = (await list('request')).find((one) => one.url === path && one.kind === 'in');
    const after = await tell('clock');
    assert.ok(row, path);
    const arrival = before.arrivals[path];
    const least = Math.floor(before.now - arrival);
    assert.ok(row.ms >= least && row.ms <= after.now - arrival + 5, `${path}: ${row.ms}`);
    return row;
  };
  const hanging = await check('/hang');
  assert.deepEqual(
    [hanging.method, hanging.req_id, hanging.status, hanging.remote.split(':')[0]],
    ['GET', 'abc', null, '127.0.0.1'],
  );
  await check('/first');
  await tell('answer', '/first');
  await dealer.until(async () => !(await list('request')).some(by('url', '/first')));
  await check('/second');
  const call = (await list('request')).find(by('kind', 'out'));
  assert.deepEqual(
    [call.url, call.req_id, call.status],
    [`http://127.0.0.1:${port}/hang`, 'abc', null],
  );
  const whole = await dealer.request('state.get', { type: 'request', object: call.id });
  assert.equal(whole.object.waiting_for, 'answer');

  const { stuck, looked } = await dealer.request('state.stuck', { older_ms: 0 });
  assert.equal(looked.request, 3);
  const names = stuck.map(({ kind, name }) => `${kind} ${name}`);
  assert.ok(names.includes('request GET /hang') && names.includes('request GET /second'));
  assert.deepEqual(stuck.find(by('name', 'GET /hang')).more.req_id, 'abc');
  const old = await dealer.request('state.stuck', { older_ms: 3600_000 });
  assert.deepEqual([old.stuck, old.total, old.truncated], [[], 0, false]);
});

test('calls that wait for a socket, heads that were sent, servers that keep nothing alive', async (t) => {
  const { tell, got, observe } = await start(t);
  const port = await tell('listen');
  await tell('get', '/head', {});
  await got('/head');
  await tell('get', '/queued', {}); // the agent has one socket only
  await tell('unref');
  const { dealer, list } = await observe();
  const requests = await list('request');
  const queued = requests.find((row) => row.url.endsWith('/queued'));
  assert.equal(queued.kind, 'out');
  const { object } = await dealer.request('state.get', { type: 'request', object: queued.id });
  assert.equal(object.waiting_for, 'socket');
  assert.equal(requests.find(by('url', '/head')).status, 201);
  const id = `127.0.0.1:${port}`;
  assert.deepEqual(await list('server'), [{ id, kind: 'http', connections: 1, requests: 1 }]);
  const server = (await dealer.request('state.get', { type: 'server', object: id })).object;
  assert.equal(server.address, id);
  assert.ok(server.headersTimeout > 0 && server.keepAliveTimeout > 0);
});

test('servers of TLS and HTTP/2, and calls of fetch', async (t) => {
  const { tell, got, observe } = await start(t);
  await tell('listen');
  await tell('tls');
  await got('/tls');
  await tell('h2');
  await got('/h2');
  await tell('fetch');
  await got('/fetched');
  const { list } = await observe();
  const servers = await list('server');
  assert.deepEqual(servers.map(({ kind }) => kind).sort(), ['http', 'http2', 'https']);
  const requests = await list('request');
  const seen = requests.map(({ kind, url }) => `${kind} ${url.replace(/:\d+/, '')}`);
  assert.ok(seen.includes('in /tls'), `${seen}`);
  assert.ok(seen.includes('out https://127.0.0.1/tls'), `${seen}`);
  assert.ok(seen.includes('in /fetched'), `${seen}`);
  assert.ok(seen.includes('out http://127.0.0.1/fetched'), `${seen}`);
  // Node 20 does not tell of streams.
  if (major > 22 || (major === 22 && minor >= 17)) {
    assert.equal(requests.find(by('url', '/h2')).req_id, 'h2-id');
    assert.deepEqual(servers.map(({ requests: count }) => count).sort(), [1, 1, 1]);
  }
});

test('handles, timers and workers', async (t) => {
  const { tell, observe } = await start(t);
  await tell('listen');
  await tell('things');
  await tell('worker');
  const { dealer, list } = await observe();
  const handles = await list('handle');
  const kinds = handles.map(({ kind }) => kind);
  for (const kind of ['server', 'child process', 'fs watcher', 'udp', 'pipe']) {
    assert.ok(kinds.includes(kind), `${kind} of ${kinds}`);
  }
  assert.match(handles.find(by('kind', 'child process')).detail, /^\d+ sleep$/);
  assert.match(handles.find(by('kind', 'udp')).local, /^127\.0\.0\.1:\d+$/);
  assert.ok((await list('timer')).find(by('id', 'Timeout')).count >= 1);
  const { object } = await dealer.request('state.get', { type: 'worker', object: '1' });
  assert.deepEqual([object.threadId, object.resourceLimits.maxOldGenerationSizeMb], [1, 64]);
  assert.equal(object.state, 'running');
  await tell('end_worker');
  assert.deepEqual(await list('worker'), []);
  // The observer's own connection and the endpoint are none of them.
  assert.equal((await list('server')).length, 1);
});

test('a Node with other internals shows less, and nothing fails', async (t) => {
  const { tell, got, observe } = await start(t);
  const port = await tell('listen');
  await tell('get', '/hang', {});
  await got('/hang');
  await tell('break');
  const { dealer, list } = await observe();
  assert.deepEqual(await list('handle'), []);
  assert.deepEqual(await list('request'), []);
  assert.deepEqual(await list('server'), [
    { id: `127.0.0.1:${port}`, kind: 'net', connections: 1, requests: 0 },
  ]);
  const snapshot = await dealer.request('state.snapshot', {});
  assert.equal(snapshot.failed, undefined);
});

test('two observers page at once, one is killed, and the place of the other stays', async (t) => {
  const app = await appIn(
    t,
    `globalThis.map = new Map(Array.from({ length: 5000 }, (_, i) => ['k' + i, { i }]));
     nodeobs.registry.register('entry', map);
     process.on('message', (id) => { map.delete(id); process.send('deleted'); });`,
  );
  const [one, other] = [
    await Client.open(t, app.socket, 'DEALER'),
    await Client.open(t, app.socket, 'DEALER'),
  ];
  const page = (client, after) =>
    client.request('state.list', { type: 'entry', limit: 100, after });
  const first = await page(one, undefined);
  assert.deepEqual([first.objects.length, first.total, first.truncated], [100, 5000, true]);
  await page(other, undefined);
  app.child.send(first.next);
  await app.said();
  one.socket.destroy();
  let { next } = first;
  const seen = [];
  while (next !== undefined) {
    const answer = await page(other, next);
    seen.push(...answer.objects.map(({ i }) => i));
    next = answer.next;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 4900 }, (_, k) => k + 100),
  );
  const late = await Client.open(t, app.socket, 'DEALER');
  const refused = await late.refused('state.list', { type: 'entry', after: first.next });
  assert.equal(refused.code, 'not_found');
});

test('callbacks that give 50 MB or throw, and a process that exits meanwhile', async (t) => {
  const app = await appIn(
    t,
    `const { registry } = nodeobs;
     registry.register('huge', { list: () => ['a', 'b'], get: () => ({ text: 'x'.repeat(50 << 20), list: Array(1e6).fill('yyy') }) });
     registry.register('thrower', { list: () => { throw new Error('no list'); }, get() {} });
     registry.register('leaver', { list: () => ['a'], get: () => process.exit(7) });
     setInterval(() => {}, 1 << 30);`,
  );
  const dealer = await Client.open(t, app.socket, 'DEALER');
  const { object, cut } = await dealer.request('state.get', { type: 'huge', object: 'a' });
  assert.ok(JSON.stringify(object).length < 66_000);
  assert.ok(cut.string === 1 && (cut.size ?? cut.time) > 900_000, JSON.stringify(cut));
  const types = ['huge', 'thrower'];
  const snapshot = await dealer.request('state.snapshot', { types });
  assert.deepEqual(Object.keys(snapshot.huge).length > 0, true);
  const list = await dealer.request('state.list', { type: 'huge' });
  assert.ok(JSON.stringify(list).length < 20_000);
  assert.ok(list.cut.string > 0);
  assert.match((await dealer.refused('state.list', { type: 'thrower' })).message, /no list/);
  for (const wrong of [{ after: 7 }, { fields: 'x' }, { fields: [1] }, { limit: 1.5 }]) {
    const { code } = await dealer.refused('state.list', { type: 'huge', ...wrong });
    assert.equal(code, 'bad_request');
  }
  for (const wrong of [{ older_ms: -1 }, { older_ms: 'x' }, { limit: 0 }]) {
    assert.equal((await dealer.refused('state.stuck', wrong)).code, 'bad_request');
  }
  const exited = new Promise((resolve) => app.child.once('exit', resolve));
  dealer.send([JSON.stringify({ id: 99, op: 'state.snapshot', types: ['leaver'] })]);
  assert.equal(await exited, 7);
});

test('an agent that was stopped takes no more notes', async (t) => {
  const app = await appIn(
    t,
    `const dc = require('node:diagnostics_channel');
     const followed = () => [
       'http.server.request.start', 'http.server.response.finish', 'tracing:net.server.listen:asyncStart',
     ].filter((name) => dc.hasSubscribers(name)).length +
       process.listenerCount('worker') + process.listenerCount('exit');
     nodeobs.vasync.whilst;
     const before = followed();
     nodeobs.agent.stop();
     process.send([before, followed()]);
     process.once('message', () => {});`,
  );
  assert.deepEqual(app.status, [5, 0]);
});
