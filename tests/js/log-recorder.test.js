'use strict';
// The flight recorder: what it keeps, that it tells of the time it is of, and what is left after a
// crash.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { Capture, fakeBus, log } = require('./log.fixture');
const agent = require('../../js/agent');
const { LogChannel } = require('../../js/log/channel');
const { Recorder } = require('../../js/log/recorder');

/** A logger at info with a recorder of its own. */
function recorded(t, options) {
  const bus = fakeBus(t);
  const recorder = new Recorder();
  const channel = new LogChannel('app', bus, { sample: () => 0, done() {} }, undefined, recorder);
  agent.channel = () => channel;
  const stream = new Capture();
  const logger = log.createLogger({ name: 'app', stream, ...options });
  const lines = () => recorder.recent().map(({ line }) => line);
  const records = () => lines().map((line) => JSON.parse(line));
  return { logger, stream, recorder, bus, lines, records };
}

test('what is logged is kept, byte for byte; what is not only when asked for', (t) => {
  const { logger, stream, lines, records } = recorded(t, {});
  logger.debug('no');
  logger.info({ a: { b: 1 } }, 'yes %d', 1);
  assert.deepEqual(lines(), stream.lines);
  assert.equal(logger.debug(), false);
  recorded(t, { recorder: false }).logger.info('no');
  assert.equal(records().length, 1);
});

test('what is only looked at is not kept', (t) => {
  const { logger, bus, lines } = recorded(t, {});
  const { lines: seen } = bus.live('log.20.app', 1);
  logger.debug('looked at');
  logger.debug({ 1: 1 }, 'in the long way, too');
  assert.deepEqual([seen.length, lines().length], [2, 0]);
});

test('every level is kept, as it would have been logged, and reaches no stream', (t) => {
  const { logger, stream, lines, bus } = recorded(t, { recorder: true });
  const child = logger.child({ req_id: 'r1', nested: { a: 1 } });
  const expected = [];
  const calls = [
    ['text'],
    ['text %s %d %j', 'a', 5, { b: 2 }],
    [{ a: 1, b: 'x', c: null, d: true, e: undefined, f: 1.5, g: 5n }, 'fields'],
    [{ deep: { er: [1, 2] }, when: new Date(0) }, 'deep'],
    [{ req_id: 'own', level: 40, msg: 'x', 7: 1 }, 'special'],
    [new Error('boom')],
    [null, 'nothing'],
    [undefined],
    [[1, 2], 'list'],
    [{ self: undefined }],
  ];
  const time = /"time":"[^"]+"/;
  for (const one of [logger, child]) {
    for (const args of calls) {
      one.debug(...args);
      one.level('trace');
      one.debug(...args);
      one.level('info');
      expected.push(...Array(2).fill(stream.lines.at(-1).replace(time, '')));
    }
  }
  const kept = lines().map((line) => line.replace(time, ''));
  assert.deepEqual(kept, expected);
  assert.equal(stream.lines.length, expected.length / 2);
  assert.equal(bus.channel('app'), undefined);
});

test('a kept record does not change with what it was made of', (t) => {
  const { logger, records } = recorded(t, { recorder: true });
  const fields = { a: 1, nested: { b: 1 } };
  const flat = { a: 1 };
  const list = [1];
  const child = logger.child({ state: { step: 1 } });
  const now = Date.now();
  t.mock.method(Date, 'now', () => now);
  child.debug(fields, 'm %j', list);
  logger.debug(flat, 'm');
  logger.debug('m', list);
  const before = JSON.stringify(records());
  Object.assign(fields, { a: 2, more: 3 }).nested.b = 2;
  flat.a = 2;
  list.push(2);
  child.fields.state.step = 2;
  child.fields.later = true;
  logger.addSerializers({ a: () => 'serialized' });
  t.mock.method(Date, 'now', () => now + 5000);
  assert.equal(JSON.stringify(records()), before);
});

test('redacted and serialized fields are kept as they are shown', (t) => {
  const { logger, lines, records } = recorded(t, {
    recorder: true,
    redact: ['password'],
    serializers: { user: ({ id }) => id },
  });
  logger.debug({ password: 'secret', user: { id: 7, token: 'secret' } }, 'm');
  logger.debug({ password: 'secret' });
  assert.ok(!lines().join('').includes('secret'));
  assert.deepEqual([records()[0].password, records()[0].user], ['[Redacted]', 7]);
});

test('the recorder alone does not make a log method say that its level is on', (t) => {
  const { logger } = recorded(t, { recorder: true });
  assert.deepEqual([logger.trace(), logger.debug(), logger.info()], [false, false, true]);
});

test('a level of its own', (t) => {
  const { logger, records } = recorded(t, { recorder: { level: 'debug' } });
  logger.trace('no');
  logger.debug('yes');
  assert.deepEqual(
    records().map(({ msg }) => msg),
    ['yes'],
  );
});

test('records are limited in number and in size, the oldest make room', (t) => {
  const { logger, records, recorder } = recorded(t, { recorder: { records: 3 } });
  for (let i = 0; i < 10; i++) logger[i % 2 ? 'info' : 'debug']('%d', i);
  assert.deepEqual(
    records().map(({ msg }) => msg),
    ['7', '8', '9'],
  );
  recorder.limit({ bytes: 1000 });
  for (let i = 0; i < 100; i++) logger[i % 2 ? 'info' : 'debug']({ i });
  assert.ok(records().length > 2 && records().length < 12);
  assert.equal(records().at(-1).i, 99);
  logger.info('x'.repeat(5000));
  assert.deepEqual(records(), [], 'one that has no room');
  logger.info('small');
  assert.equal(records()[0].msg, 'small');
});

test('what makes records goes wrong in silence', (t) => {
  const { logger, records } = recorded(t, { recorder: true });
  const bad = {
    get trap() {
      throw new Error('sprung');
    },
  };
  logger.debug(bad, 'm');
  logger.debug(new Proxy({}, { ownKeys: () => assert.fail() }));
  logger.debug('%s', { toString: () => assert.fail() });
  assert.equal(records()[0].trap, '[Throws: sprung]');
  assert.equal(records().length, 3);
});

test('a published record is kept with its number', (t) => {
  const { logger, recorder, bus } = recorded(t, {});
  logger.info('before');
  bus.live('log.30.app', 1);
  bus.count = 8;
  logger.info('published');
  assert.deepEqual(
    recorder.recent().map(({ n }) => n),
    [-1, 7],
  );
});

test('misuse of the option is told', () => {
  const make = (recorder) => () => log.createLogger({ name: 'app', streams: [], recorder });
  assert.throws(make({ size: 5 }), /invalid options.recorder: has no "size"/);
  assert.throws(make({ records: 0 }), /"records" must be a number from 1/);
  assert.throws(make({ onCrash: 5 }), /"onCrash" must be a path/);
  assert.throws(make({ level: 'loud' }), /unknown level name/);
  assert.equal(make('a field')().fields.recorder, 'a field');
});

async function crash(t, script) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nodeobs-log-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  const file = path.join(dir, 'crash-%p.log');
  const source = `
    const { createLogger } = require(${JSON.stringify(require.resolve('../../js/log'))});
    const recorder = { onCrash: ${JSON.stringify(file)} };
    const log = createLogger({ name: 'app', streams: [], recorder });
    log.debug({ step: 1 }, 'just before');
    ${script}
  `;
  const env = { ...process.env, NODEOBS: 'off' };
  const child = spawn(process.execPath, ['-e', source], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const [code] = await once(child, 'close');
  const written = file.replace('%p', String(child.pid));
  return { code, stderr, written: fs.existsSync(written) ? written : null };
}

test('a process that dies of an exception leaves its latest records', async (t) => {
  for (const script of ["throw new Error('boom')", "Promise.reject(new Error('boom'))"]) {
    const { code, stderr, written } = await crash(t, script);
    assert.equal(code, 1);
    assert.match(stderr, /Error: boom/);
    assert.doesNotMatch(stderr, /nodeobs/);
    const [record, end] = fs.readFileSync(written, 'utf8').trimEnd().split('\n').map(JSON.parse);
    assert.deepEqual([record.step, record.level, record.msg], [1, 20, 'just before']);
    assert.match(end.crash.error, /Error: boom\n {4}at /);
    assert.equal(fs.statSync(written).mode & 0o777, 0o600);
  }
});

test('one that catches it, or just ends, leaves nothing', async (t) => {
  const caught = "process.on('uncaughtException', () => {}); throw new Error('boom')";
  for (const script of [caught, 'process.exit(0)', '']) {
    const { code, written } = await crash(t, script);
    assert.deepEqual([code, written], [0, null]);
  }
});
