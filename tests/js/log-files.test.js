'use strict';
// Files lose no line: not to the ways a process ends, not to a full disk, not to being reopened.

const assert = require('node:assert/strict');
const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const { capturedStderr, log } = require('./log.fixture');

const LATER_MS = 2000; // when a file that failed is tried again

function scratch(t) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nodeobs-log-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  return path.join(dir, 'app.log');
}

/** A logger with one file, and what its stream emitted. */
function fileLogger(file, spec = {}) {
  const logger = log.createLogger({ name: 'app', streams: [{ path: file, ...spec }] });
  const errors = [];
  logger.on('error', (error) => errors.push(error));
  return { logger, errors, stream: logger.streams[0].stream };
}

const lines = (file) => fs.readFileSync(file, 'utf8').split('\n').slice(0, -1);
const messages = (file) => lines(file).map((line) => JSON.parse(line).msg);
const numbered = (from, to) => Array.from({ length: to - from }, (_, i) => String(from + i));

function logNumbers(logger, from, to) {
  for (const msg of numbered(from, to)) logger.info(msg);
}

/** From now on it is two seconds later. */
function later(t) {
  const now = Date.now();
  t.mock.method(Date, 'now', () => now + LATER_MS);
}

/** Makes a disk that has `room` bytes left, to be changed. */
function disk(t, room) {
  const state = { room };
  const write = fs.writeSync;
  t.mock.method(fs, 'writeSync', (fd, data, offset = 0) => {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data.subarray(offset);
    if (state.room === 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    const some = bytes.subarray(0, Math.min(state.room, bytes.length));
    state.room -= some.length;
    return write(fd, some);
  });
  return state;
}

const ENDS = {
  'process.exit': 'process.exit(0)',
  'an uncaught exception': "throw new Error('boom')",
  'an unhandled rejection': "Promise.reject(new Error('boom'))",
  'the end of its work': '',
};
const KILLS = {
  SIGTERM: "process.kill(process.pid, 'SIGTERM')",
  SIGKILL: "process.kill(process.pid, 'SIGKILL')",
};

async function logAndEnd(file, spec, ending) {
  const script = `
    const { createLogger } = require(${JSON.stringify(require.resolve('../../js/log'))});
    const log = createLogger({ name: 'app', streams: [${JSON.stringify({ path: file, ...spec })}] });
    process.on('exit', () => log.info('on exit'));
    log.info('first');
    log.info('last');
    ${ending}
  `;
  const env = { ...process.env, NODEOBS: 'off' };
  await once(spawn(process.execPath, ['-e', script], { env, stdio: 'ignore' }), 'close');
  return messages(file);
}

for (const sync of [true, false]) {
  for (const [what, ending] of Object.entries(ENDS)) {
    test(`the last line before ${what} is in the file, sync ${sync}`, async (t) => {
      const written = await logAndEnd(scratch(t), { sync }, ending);
      assert.deepEqual(written, ['first', 'last', 'on exit']);
    });
  }
}

for (const [what, ending] of Object.entries(KILLS)) {
  test(`the last line before ${what} is in the file`, async (t) => {
    assert.deepEqual(await logAndEnd(scratch(t), {}, ending), ['first', 'last']);
  });
}

test('a file that is not synchronous is written soon, by an idle process too', async (t) => {
  const file = scratch(t);
  const { logger } = fileLogger(file, { sync: false });
  const changed = new Promise((resolve) => {
    const watcher = fs.watch(file, () => {
      watcher.close();
      resolve();
    });
  });
  logger.info('1');
  logger.info('2');
  assert.deepEqual(messages(file), []);
  await changed;
  assert.deepEqual(messages(file), ['1', '2']);
});

test('a logger that logs whenever the loop is empty does not keep it turning', async (t) => {
  const file = scratch(t);
  const ending = "process.on('beforeExit', () => log.info('empty'))";
  const written = await logAndEnd(file, { sync: false }, ending);
  assert.deepEqual(written, ['first', 'last', 'empty', 'on exit']);
});

test('a full disk loses no line and tears none', (t) => {
  const file = scratch(t);
  const { logger, errors } = fileLogger(file);
  logNumbers(logger, 0, 10);
  const { length } = lines(file)[0];
  const full = disk(t, 2 * length + (length >> 1));
  logNumbers(logger, 10, 20);
  later(t);
  full.room = length; // not enough either
  logNumbers(logger, 20, 30);
  assert.ok(lines(file).length < 20);
  full.room = Number.POSITIVE_INFINITY;
  const now = Date.now();
  t.mock.method(Date, 'now', () => now + LATER_MS);
  logNumbers(logger, 30, 40);
  assert.deepEqual(messages(file), numbered(0, 40));
  setImmediate(() => assert.deepEqual(errors.length, 1, 'told once'));
});

test('a line that was cut off is written again when another process wrote behind it', (t) => {
  const file = scratch(t);
  const { logger } = fileLogger(file);
  logger.info('0');
  const full = disk(t, 30);
  logger.info('1');
  fs.appendFileSync(file, '\n{"msg":"of another process"}\n');
  full.room = Number.POSITIVE_INFINITY;
  later(t);
  logger.info('2');
  const whole = lines(file).flatMap((line) => {
    try {
      return [JSON.parse(line).msg];
    } catch {
      return [];
    }
  });
  assert.deepEqual(whole, ['0', 'of another process', '1', '2']);
});

test('lines that find no room are dropped, counted and reported', async (t) => {
  const file = scratch(t);
  const { logger, errors } = fileLogger(file);
  const full = disk(t, 0);
  const text = 'x'.repeat(1 << 20);
  for (let i = 0; i < 10; i++) logger.info(text);
  full.room = Number.POSITIVE_INFINITY;
  later(t);
  logger.info('at last');
  await new Promise(setImmediate);
  assert.deepEqual(
    errors.map(({ code, dropped }) => [code, dropped]),
    [
      ['ENOSPC', undefined],
      ['ERR_NODEOBS_RECORDS_DROPPED', 3],
    ],
  );
  assert.deepEqual(messages(file), [...Array(7).fill(text), 'at last']);
});

test('a file that cannot be opened yet gets what was logged meanwhile', async (t) => {
  const file = path.join(path.dirname(scratch(t)), 'late', 'app.log');
  const { logger, errors } = fileLogger(file);
  logger.info('too soon');
  await new Promise(setImmediate);
  assert.deepEqual(
    errors.map(({ code }) => code),
    ['ENOENT'],
  );
  fs.mkdirSync(path.dirname(file));
  later(t);
  logger.info('again');
  assert.deepEqual(messages(file), ['too soon', 'again']);
});

test('an idle process tries a file again by itself', async (t) => {
  const file = scratch(t);
  const { logger, stream } = fileLogger(file);
  const full = disk(t, 0);
  logger.info('waits');
  full.room = Number.POSITIVE_INFINITY;
  const kept = setInterval(() => {}, 1000); // the stream does not keep the process alive
  await new Promise((resolve) => stream.once('drain', resolve));
  clearInterval(kept);
  assert.deepEqual(messages(file), ['waits']);
});

test('without a free descriptor a reopened file goes on where it is', (t) => {
  const file = scratch(t);
  const { logger, errors } = fileLogger(file);
  logger.info('0');
  fs.renameSync(file, `${file}.0`);
  const open = t.mock.method(fs, 'openSync', () => {
    throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
  });
  logger.reopenFileStreams();
  logger.info('1');
  assert.deepEqual(messages(`${file}.0`), ['0', '1']);
  open.mock.restore();
  logger.reopenFileStreams();
  logger.info('2');
  assert.deepEqual(messages(file), ['2']);
  setImmediate(() => assert.equal(errors[0].code, 'EMFILE'));
});

for (const sync of [true, false]) {
  test(`files reopened again and again lose no line, sync ${sync}`, async (t) => {
    const file = scratch(t);
    const { logger } = fileLogger(file, { sync });
    const child = logger.child({ a: 1, level: 'debug' });
    const all = [];
    for (let i = 0; i < 50; i++) {
      logNumbers(i % 2 ? logger : child, 10 * i, 10 * (i + 1));
      fs.renameSync(file, `${file}.${i}`);
      logger.reopenFileStreams();
      all.push(...messages(`${file}.${i}`));
      if (i % 7 === 0) await new Promise(setImmediate);
    }
    assert.deepEqual(all, numbered(0, 500));
  });
}

test('a stream destroyed under load is reported once, and reopening revives it', async (t) => {
  const file = scratch(t);
  const stderr = capturedStderr(t);
  const logger = log.createLogger({ name: 'app', streams: [{ path: file }] });
  logger.info('0');
  logger.streams[0].stream.destroy();
  logNumbers(logger, 1, 1000);
  await new Promise(setImmediate);
  assert.equal(stderr.length, 1);
  assert.match(stderr[0], /records are lost: the log stream ".*app\.log" failed: write after end/);
  logger.reopenFileStreams();
  logger.info('1000');
  assert.deepEqual(messages(file), ['0', '1000']);
});

test('a device that is always full costs the application nothing but a line', async () => {
  const script = `
    const { createLogger } = require(${JSON.stringify(require.resolve('../../js/log'))});
    const log = createLogger({ name: 'app', streams: [{ path: '/dev/full' }] });
    for (let i = 0; i < 1000; i++) log.info('%d', i);
  `;
  const env = { ...process.env, NODEOBS: 'off' };
  const child = spawn(process.execPath, ['-e', script], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  assert.match(
    stderr,
    /^nodeobs: records are lost: the log stream "\/dev\/full" failed: ENOSPC.*\n$/,
  );
});

test('a named pipe without a reader does not stop the application', async (t) => {
  const file = scratch(t);
  execFileSync('mkfifo', [file]);
  const { logger } = fileLogger(file);
  logger.info('1');
  const reader = spawn('head', ['-n', '2', file], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  reader.stdout.on('data', (data) => {
    out += data;
  });
  logger.info('2');
  await once(reader, 'close');
  logger.streams[0].stream.destroy();
  const seen = out.trimEnd().split('\n');
  assert.deepEqual(
    seen.map((line) => JSON.parse(line).msg),
    ['1', '2'],
  );
});

test('a named pipe leaves links to packages as they are', (t) => {
  const file = scratch(t);
  const directory = path.dirname(file);
  execFileSync('mkfifo', [file]);
  fs.mkdirSync(path.join(directory, 'real'));
  fs.symlinkSync(path.join(directory, 'real'), path.join(directory, 'link'));
  for (const name of ['before.js', 'real/after.js']) {
    fs.writeFileSync(path.join(directory, name), 'module.exports = __filename;');
  }
  require(path.join(directory, 'before.js')); // Node knows the directory then
  fs.statSync(directory); // and no pipe that another test looked at
  const { logger } = fileLogger(file);
  assert.equal(
    require(path.join(directory, 'link/after.js')),
    path.join(fs.realpathSync(directory), 'real/after.js'),
  );
  logger.streams[0].stream.destroy();
});

test('stdout keeps the order, also with console.log in between and a reader that sleeps', async () => {
  const lines = 20_000;
  const script = `
    const { createLogger } = require(${JSON.stringify(require.resolve('../../js/log'))});
    const log = createLogger({ name: 'app' });
    for (let i = 0; i < ${lines}; i++) {
      if (i % 3) log.info('%d', i);
      else console.log(JSON.stringify({ msg: String(i) }));
    }
    require('node:fs').writeSync(2, 'logged');
  `;
  const env = { ...process.env, NODEOBS: 'off' };
  const child = spawn(process.execPath, ['-e', script], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  await once(child.stderr, 'data'); // nobody has read stdout until here
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (data) => {
    out += data;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  const seen = out.trimEnd().split('\n');
  assert.deepEqual(
    seen.map((line) => JSON.parse(line).msg),
    numbered(0, lines),
  );
});

test('who replaces the write of stdout gets the records', async () => {
  const script = `
    const { createLogger } = require(${JSON.stringify(require.resolve('../../js/log'))});
    const log = createLogger({ name: 'app' });
    const { write } = process.stdout;
    log.info('1');
    process.stdout.write = (line) => write.call(process.stdout, line.replace('"2"', '"two"'));
    log.info('2');
    delete process.stdout.write;
    log.info('3');
    process.stdout.cork();
    log.info('4');
    process.stdout.uncork();
  `;
  const env = { ...process.env, NODEOBS: 'off' };
  const child = spawn(process.execPath, ['-e', script], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (data) => {
    out += data;
  });
  await once(child, 'close');
  const seen = out.trimEnd().split('\n');
  assert.deepEqual(
    seen.map((line) => JSON.parse(line).msg),
    ['1', 'two', '3', '4'],
  );
});
