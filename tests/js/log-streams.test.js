'use strict';
// What a logger writes to: streams, files, memory; and what happens when they break.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { EventEmitter, once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { Capture, captured, capturedStderr, log } = require('./log.fixture');

function scratch(t) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nodeobs-log-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  return dir;
}

const messages = (file) =>
  fs
    .readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).msg);

test('a stream has the level of its spec, else of the logger, else info', () => {
  const stream = new Capture();
  const logger = log.createLogger({
    name: 'app',
    level: 'warn',
    streams: [{ stream }, { stream, level: 'debug' }],
  });
  logger.addStream({ stream });
  logger.addStream({ stream }, 'error');
  assert.deepEqual(logger.levels(), [40, 20, 30, 50]);
  assert.deepEqual(
    logger.streams.map(({ type, raw, closeOnExit }) => [type, raw, closeOnExit]),
    Array(4).fill(['stream', false, false]),
  );
});

test('without a stream a logger writes to stdout', (t) => {
  const written = [];
  const write = t.mock.method(process.stdout, 'write', (text) => written.push(text) > 0);
  const logger = log.createLogger({ name: 'app' });
  logger.info('x');
  logger.debug('y');
  write.mock.restore();
  assert.deepEqual(
    written.map((line) => JSON.parse(line).msg),
    ['x'],
  );
});

test('a raw stream gets records as objects', () => {
  const seen = [];
  const raw = { write: (record) => seen.push(record) };
  const stream = new Capture();
  const error = new Error('boom');
  const logger = log.createLogger({ name: 'app', streams: [{ type: 'raw', stream: raw }] });
  logger.info({ err: error, a: 1n }, 'only raw');
  logger.addStream({ stream });
  logger.info({ map: new Map([[1, 2]]) }, 'both');
  assert.ok(seen[0].time instanceof Date);
  assert.equal(seen[0].err, error, 'as it was logged');
  assert.equal(seen[0].a, 1n);
  assert.equal(seen[1].map.get(1), 2);
  assert.deepEqual(Object.keys(seen[1]), Object.keys(stream.last));
  assert.equal(stream.last.time, seen[1].time.toISOString());
});

test('a ring buffer keeps the latest records', () => {
  const ring = new log.RingBuffer({ limit: 2 });
  assert.equal(new log.RingBuffer().limit, 100);
  const logger = log.createLogger({ name: 'app', streams: [{ type: 'raw', stream: ring }] });
  for (const msg of ['1', '2', '3']) logger.info(msg);
  assert.deepEqual(
    ring.records.map(({ msg }) => msg),
    ['2', '3'],
  );
  ring.end('last');
  assert.deepEqual(ring.records.at(-1), 'last');
  assert.throws(() => ring.write(1), { message: 'RingBuffer has been ended already' });
  let closed = false;
  ring.on('close', () => {
    closed = true;
  });
  ring.destroySoon();
  assert.ok(closed);
});

test('a file is appended to', async (t) => {
  const file = path.join(scratch(t), 'app.log');
  fs.writeFileSync(file, '{"msg":"earlier"}\n');
  const logger = log.createLogger({ name: 'app', streams: [{ path: file }] });
  assert.equal(logger.streams[0].type, 'file');
  assert.equal(logger.streams[0].closeOnExit, true);
  assert.equal(logger.child({ a: 1 }).streams[0].closeOnExit, false);
  logger.info('x');
  logger.streams[0].stream.end();
  await once(logger.streams[0].stream, 'finish');
  assert.deepEqual(messages(file), ['earlier', 'x']);
});

test('reopened files lose no record, whichever logger asks', async (t) => {
  const file = path.join(scratch(t), 'app.log');
  const logger = log.createLogger({ name: 'app', streams: [{ path: file }] });
  const child = logger.child({ a: 1, level: 'debug' });
  const { stream } = logger.streams[0];
  await once(stream, 'open');
  logger.info('1');
  child.debug('2');
  fs.renameSync(file, `${file}.0`);
  const opened = once(stream, 'open');
  logger.reopenFileStreams();
  logger.info('3');
  child.debug('4');
  await opened;
  stream.end();
  await once(stream, 'finish');
  assert.deepEqual(messages(file), ['3', '4']);
  assert.deepEqual(messages(`${file}.0`), ['1', '2']);
});

test('a file that cannot be opened is an error event, or a line on stderr', async (t) => {
  const stderr = capturedStderr(t);
  const file = path.join(scratch(t), 'missing', 'app.log');
  const logger = log.createLogger({ name: 'app', streams: [{ path: file, name: 'disk' }] });
  const failed = once(logger, 'error');
  logger.info('lost');
  const [error, entry] = await failed;
  assert.equal(error.code, 'ENOENT');
  assert.equal(entry.name, 'disk');
  assert.deepEqual(stderr, []);

  const silent = log.createLogger({ name: 'app', streams: [{ path: file, name: 'disk' }] });
  await once(silent.streams[0].stream, 'error');
  silent.info('lost');
  assert.equal(stderr.length, 1);
  assert.match(stderr[0], /log stream "disk" failed: ENOENT/);
});

test('the errors of a stream are passed on when asked for, and never unhandled', (t) => {
  const stderr = capturedStderr(t);
  const asked = Object.assign(new EventEmitter(), { write() {} });
  const silent = Object.assign(new EventEmitter(), { write() {} });
  const logger = log.createLogger({
    name: 'app',
    streams: [{ stream: asked, reemitErrorEvents: true, name: 'asked' }, { stream: silent }],
  });
  for (let i = 0; i < 20; i++) log.createLogger({ name: 'app', stream: silent });
  assert.equal(silent.listenerCount('error'), 1, 'one listener however many loggers');
  const errors = [];
  logger.on('error', (error, { name }) => errors.push([error.message, name]));
  asked.emit('error', new Error('one'));
  silent.emit('error', new Error('two'));
  silent.emit('error', new Error('three'));
  assert.deepEqual(errors, [['one', 'asked']]);
  assert.equal(stderr.length, 1);
  assert.match(stderr[0], /failed: two/);
});

test('changing the exposed list of streams does not touch children made before or after', () => {
  const { logger, stream } = captured({ level: 'info' });
  const before = logger.child({ a: 1 });
  logger.streams[0].level = 60;
  const after = logger.child({ a: 2 });
  logger.streams[0].level = 30;
  before.info('before');
  after.info('no: it was 60 when it was made');
  logger.info('logger');
  assert.deepEqual(
    stream.records.map(({ msg }) => msg),
    ['before', 'logger'],
  );
  logger.streams = [];
  logger.fatal('nowhere');
  assert.equal(logger.fatal(), false);
  assert.equal(stream.lines.length, 2);
});

/** Closes what a logging child writes to, has it log, and waits for its end. */
async function logIntoClosedPipes(closed) {
  const script = `
    const log = require(${JSON.stringify(require.resolve('../../js/log'))});
    const logger = log.createLogger({ name: 'app' });
    process.stdin.once('data', () => {
      process.stdout.once('close', () => setImmediate(() => process.exit(7)));
      logger.info('into a closed pipe');
    });
  `;
  const child = spawn(process.execPath, ['-e', script], {
    env: { ...process.env, NODEOBS: 'off' },
    stdio: 'pipe',
  });
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  for (const name of closed) {
    child[name].destroy();
    await once(child[name], 'close');
  }
  child.stdin.write('go\n');
  const [code] = await once(child, 'close');
  return { code, stderr };
}

test('a process whose stdout is closed goes on and says so', async () => {
  const { code, stderr } = await logIntoClosedPipes(['stdout']);
  assert.equal(code, 7, stderr);
  assert.match(
    stderr,
    /^nodeobs: records are lost: the log stream "stdout" failed: write EPIPE\n$/,
  );
});

test('a process whose stderr is closed too goes on in silence', async () => {
  const { code } = await logIntoClosedPipes(['stdout', 'stderr']);
  assert.equal(code, 7);
});
