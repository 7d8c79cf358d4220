'use strict';
// The client: sources, fetching, merging; and that it survives what servers may answer.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const https = require('node:https');
const path = require('node:path');
const { test } = require('node:test');
const kang = require('../../js/kang/kang');
const state = require('../fixtures/kang_state');
const { listening, source, started } = require('./kang.fixture');

const fetchAll = (args) =>
  new Promise((resolve) => {
    kang.knFetchAll(args, (error, snapshot) => resolve({ error, snapshot }));
  });

test('sources are written as for kang', () => {
  const made = (text) => Object.values(kang.knMakeSource(text)).join(' ');
  assert.equal(made('localhost'), 'http localhost 80 /kang/snapshot');
  assert.equal(made('localhost:8080'), 'http localhost 8080 /kang/snapshot');
  assert.equal(made('localhost:8080/kang'), 'http localhost 8080 /kang');
  assert.equal(made('https://a-b.c_d/x/y?z'), 'https a-b.c_d 443 /x/y?z');
  assert.equal(made('http://127.0.0.1:1/'), 'http 127.0.0.1 1 /');
  assert.equal(made('https://[fe80::1]:8443'), 'https fe80::1 8443 /kang/snapshot');
  for (const [text, message] of [
    ['', /no host specified/],
    ['http:///x', /no host specified/],
    ['a b', /no host specified/],
    ['ftp://host', /invalid port/],
    ['user@host', /no host specified/],
    ['256.1.1.1', /bad IPv4 address: "256.1.1.1"/],
    ['[:::]', /bad IPv6 address: ":::"/],
    ['host:', /invalid port/],
    ['host:x', /invalid port/],
    ['host:0', /must be in range 1-65535/],
    ['host:65536', /must be in range 1-65535/],
    ['host:+1', /invalid port/],
  ]) {
    assert.throws(() => kang.knMakeSource(text), message, text);
  }
  assert.deepEqual(
    kang.knParseSources('a,,b:1').map(({ host, port }) => [host, port]),
    [
      ['a', 80],
      ['b', 1],
    ],
  );
});

test('sources of the environment', (t) => {
  t.after(() => delete process.env.KANG_TEST);
  assert.deepEqual(kang.knParseEnv('KANG_TEST'), []);
  process.env.KANG_TEST = 'a:1,b:2';
  assert.deepEqual(
    kang.knParseEnv('KANG_TEST').map(({ port }) => port),
    [1, 2],
  );
  assert.equal(kang.knSourcesEnvVar, 'KANG_SOURCES');
});

test('what is merged can be listed, looked up, queried and followed', async (t) => {
  const { port } = await started(t, state);
  const other = await started(t, { ...state, ident: 'shelbyville' });
  const { error, snapshot } = await fetchAll({ sources: [source(port), source(other.port)] });
  assert.equal(error, null);
  assert.deepEqual(
    snapshot.types(),
    ['service', 'stats', 'student', 'instrumentation', 'instrumenter', 'motto', 'empty'].filter(
      (type) => type !== 'empty',
    ),
  );
  assert.deepEqual(snapshot.list('student'), ['bart', 'lisa', 'nelson']);
  assert.deepEqual(snapshot.list('service'), [
    'school.class.springfield',
    'school.class.shelbyville',
  ]);
  assert.deepEqual(
    snapshot.lookup('student', 'lisa').map(({ origin }) => origin),
    ['school.class.springfield', 'school.class.shelbyville'],
  );
  assert.equal(snapshot.lookupFirst('student', 'bart').student, 'bart');
  assert.equal(snapshot.lookupFirst('student', 'nobody'), undefined);
  assert.deepEqual(snapshot.lookup('toString', 'call'), []);
  assert.deepEqual(snapshot.list('constructor'), []);
  const { fields, objects } = snapshot.query('student:nelson');
  assert.deepEqual(fields, ['student', 'laugh', 'locker', 'origin', 'role', 'surname']);
  assert.equal(objects.length, 2);
  assert.equal(snapshot.query('student').objects.length, 6);
  assert.deepEqual(snapshot.query('type').objects[0], { type: 'service' });
  assert.deepEqual(snapshot.query('nothing').fields, ['nothing']);
  const made = snapshot.lookupFirst('instrumentation', 'cust:12345;1');
  assert.deepEqual(snapshot.links(made), ['instrumenter:instr1', 'instrumenter:instr3']);
  assert.deepEqual(snapshot.links([null, 5, 'student:bart', 'student:nobody', 'x']), [
    'student:bart',
  ]);
  assert.equal(
    snapshot.lookupFirst('service', 'school.class.springfield').source,
    `http://127.0.0.1:${port}/kang/snapshot`,
  );
});

test('merging survives what a snapshot should not be', () => {
  const at = { source: source(1) };
  const service = { name: 'a', ident: 'b' };
  const merged = kang.knMergeSnapshots([
    null,
    5,
    at,
    { ...at, service: null },
    { ...at, service, types: 'text' },
    {
      ...at,
      service,
      types: ['gone', 7, 'number', 'null', 'list'],
      number: 5,
      null: null,
      list: [1],
    },
    { ...at, service: {}, types: ['__proto__'], ['__proto__']: { ['__proto__']: { x: 1 } } },
    { ...at, service, types: ['odd'], odd: { text: 't', nothing: null, list: [1] } },
  ]);
  assert.deepEqual(merged.list('service'), ['a.b', 'undefined.undefined']);
  assert.equal({}.x, undefined);
  assert.equal(merged.lookupFirst('__proto__', '__proto__').x, 1);
  assert.deepEqual(merged.lookupFirst('odd', 'text'), { body: 't', origin: 'a.b', odd: 'text' });
  assert.deepEqual(merged.lookupFirst('odd', 'nothing').body, null);
  assert.deepEqual(merged.lookupFirst('odd', 'list').body, [1]);
  assert.deepEqual(merged.lookupFirst('list', '0').body, 1);
});

test('some that fail do not cost the others', async (t) => {
  const { port } = await started(t, state);
  const answers = {
    '/garbage': (res) => res.end('{"service":'),
    '/array': (res) => res.end('[]'),
    '/none': (res) => res.end('{"types":[]}'),
    '/types': (res) => res.end('{"service":{},"types":{}}'),
    '/moved': (res) => res.writeHead(302, { location: '/kang/snapshot' }).end(),
    '/teapot': (res) => res.writeHead(418).end(),
    '/reset': (res) => res.socket.destroy(),
    '/short': (res) => {
      res.writeHead(200, { 'content-length': 100 }).write('{');
      setImmediate(() => res.socket.destroy());
    },
    '/huge': (res) => {
      const more = () => {
        while (!res.destroyed && res.write('x'.repeat(65536)));
      };
      res.on('drain', more);
      more();
    },
  };
  const bad = await listening(t, (req, res) => answers[req.url](res));
  const sources = Object.keys(answers).map((path) => ({ ...source(bad), path }));
  const { error, snapshot } = await fetchAll({
    sources: [source(port), ...sources],
    clientOptions: { maxBytes: 1 << 20 },
  });
  assert.deepEqual(snapshot.list('service'), ['school.class.springfield']);
  assert.match(error.message, /^first of 9 errors: /);
  const messages = error.errors().map(({ message }) => message.replace(/^.*?\d(\/\w+): /, '$1 '));
  assert.deepEqual(messages, [
    '/garbage the answer is not JSON',
    '/array the answer is no snapshot: it is no object',
    '/none the answer is no snapshot: it has no "service"',
    '/types the answer is no snapshot: "types" is no list',
    '/moved response code 302',
    '/teapot response code 418',
    '/reset socket hang up',
    '/short aborted',
    '/huge the answer is longer than 1048576 bytes',
  ]);
});

test('a service that hangs is given up', async (t) => {
  const port = await listening(t, () => {});
  const clientOptions = { requestTimeout: 20 };
  const { error } = await fetchAll({ sources: [source(port)], clientOptions });
  assert.match(error.message, /no answer after 20 ms/);
});

test('https, with the options of its client', async (t) => {
  const pem = fs.readFileSync(path.join(__dirname, '../fixtures/localhost.pem'));
  const handler = kang.knHandler(state);
  const server = https.createServer({ key: pem, cert: pem }, (req, res) => handler(req, res));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const sources = [kang.knMakeSource(`https://127.0.0.1:${server.address().port}`)];
  const strange = await fetchAll({ sources });
  assert.match(strange.error.message, /self-signed certificate/);
  const known = { ca: pem, servername: 'localhost' };
  const { error, snapshot } = await fetchAll({ sources, clientOptions: known });
  assert.equal(error, null);
  assert.equal(snapshot.lookupFirst('student', 'bart').role, 'clown');
  const plain = await fetchAll({ sources: [{ ...sources[0], protocol: 'http' }] });
  assert.match(plain.error.message, /socket hang up|ECONNRESET/);
});

test('nobody there', async () => {
  const { error, snapshot } = await fetchAll({ sources: [source(1)] });
  assert.match(error.message, /^first of 1 error: http:.*ECONNREFUSED/);
  assert.deepEqual(snapshot.types(), []);
});

test('sources that are none are refused at once', () => {
  for (const sources of [undefined, 'x', [null], [{ host: 'a' }]]) {
    assert.throws(() => kang.knFetchAll({ sources }, () => {}), { name: 'AssertionError' });
    assert.throws(() => kang.knFetchSchema({ sources }, () => {}), { name: 'AssertionError' });
  }
});

test('schemas are merged by type, service and component', async (t) => {
  const { port } = await started(t, state);
  const fetched = (sources) =>
    new Promise((resolve) => {
      kang.knFetchSchema({ sources }, (error, schema) => resolve({ error, schema }));
    });
  const { error, schema } = await fetched([source(port)]);
  assert.equal(error, null);
  assert.deepEqual(schema.types.student, {
    school: { class: { summaryFields: ['role', 'surname'] } },
  });
  const other = await fetched([{ ...source(port), path: '/kang' }]);
  assert.match(other.error.message, /don't know how to infer schema URL/);
});
