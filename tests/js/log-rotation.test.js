'use strict';
// Rotating files: bunyan's names and times, and what bunyan does not have.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');
const zlib = require('node:zlib');
const bunyan = require('bunyan');
const { capturedStderr, log } = require('./log.fixture');
const { Period } = require('../../js/log/period');
const { RotatingFileStream } = require('../../js/log/rotating-file-stream');

const WRITER = path.join(__dirname, 'log-writer.js');
const ROTATED = /\.log(?:\.(\d+)(?:\.gz)?)?$/;

function scratch(t) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'nodeobs-log-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  return path.join(dir, 'app.log');
}

function rotating(t, options) {
  const stream = new RotatingFileStream({ path: scratch(t), ...options });
  t.after(() => stream.destroy());
  return { stream, file: stream.path };
}

const names = (file) => fs.readdirSync(path.dirname(file)).sort();
const content = (file) => fs.readFileSync(file, 'utf8');

/** The lines of a file and what it was before, the oldest first. */
function linesOfAll(file) {
  const age = (name) => Number(ROTATED.exec(name)[1] ?? -1);
  const files = names(file).sort((a, b) => age(b) - age(a));
  return files.flatMap((name) => {
    const data = fs.readFileSync(path.join(path.dirname(file), name));
    const text = String(name.endsWith('.gz') ? zlib.gunzipSync(data) : data);
    assert.ok(text === '' || text.endsWith('\n'), `${name} ends in the middle of a line`);
    return text.split('\n').slice(0, -1);
  });
}

/** Waits until the names of the files are as wanted. */
function changedUntil(file, wanted) {
  return new Promise((resolve) => {
    const watcher = fs.watch(path.dirname(file), () => {
      if (!wanted(names(file))) return;
      watcher.close();
      resolve();
    });
  });
}

/** Lets time pass for the clock, not for timers. */
function clock(t) {
  const state = { ahead: 0 };
  const now = Date.now;
  t.mock.method(Date, 'now', () => now() + state.ahead);
  return state;
}

for (const gzip of [false, true]) {
  for (const sync of [true, false]) {
    const how = `${sync ? 'at once' : 'with a delay'}${gzip ? ', compressed' : ''}`;
    test(`three processes on one path lose, tear and swap no line, written ${how}`, async (t) => {
      const file = scratch(t);
      const lines = 100_000;
      const spec = { type: 'rotating-file', path: file, size: '1m', count: 1000, gzip, sync };
      const writers = [0, 1, 2].map((id) =>
        spawn(process.execPath, [WRITER, id, lines, JSON.stringify(spec)], { stdio: 'inherit' }),
      );
      const codes = await Promise.all(writers.map((writer) => once(writer, 'close')));
      assert.deepEqual(codes.flat(), Array(3).fill([0, null]).flat());
      if (gzip) await compressed(t, spec);
      const left = names(file).filter((name) => !ROTATED.test(name));
      assert.deepEqual(left, [], 'no lock and nothing half done');
      const next = [0, 0, 0];
      for (const line of linesOfAll(file)) {
        const { id, n } = JSON.parse(line);
        assert.equal(n, next[id], `of process ${id}`);
        next[id] += 1;
      }
      assert.deepEqual(next, Array(3).fill(lines));
      assert.ok(names(file).length > 20);
    });
  }
}

/** Rotates once more and waits until all but the latest are compressed. */
async function compressed(t, spec) {
  clock(t).ahead = 2000; // they were written long ago
  const plain = (all) => all.filter((name) => !name.endsWith('.gz'));
  const done = changedUntil(spec.path, (all) => plain(all).length === 2);
  const stream = new RotatingFileStream(spec);
  t.after(() => stream.destroy());
  stream.rotate();
  await done;
}

test('a file is rotated when its period is over, the number of old ones is limited', (t) => {
  const time = clock(t);
  const { stream, file } = rotating(t, { period: '1h', count: 2 });
  for (const line of ['1\n', '2\n', '3\n', '4\n']) {
    stream.write(line);
    time.ahead += 3_600_000;
  }
  assert.deepEqual(names(file), ['app.log', 'app.log.0', 'app.log.1']);
  assert.deepEqual([file, `${file}.0`, `${file}.1`].map(content), ['4\n', '3\n', '2\n']);
});

test('an idle process rotates too, and does not stay alive for it', async (t) => {
  const { stream, file } = rotating(t, { period: '50ms' });
  stream.write('1\n');
  const kept = setInterval(() => {}, 1000);
  await new Promise((resolve) => stream.once('open', resolve)); // the first
  await new Promise((resolve) => stream.once('open', resolve));
  clearInterval(kept);
  assert.equal(content(`${file}.0`), '1\n');
  assert.equal(content(file), '');
});

test('a file from before the present period is rotated at once, and count 0 keeps none', (t) => {
  const file = scratch(t);
  const yesterday = Date.now() / 1000 - 2 * 86_400;
  for (const count of [10, 0]) {
    fs.writeFileSync(file, 'old\n');
    fs.utimesSync(file, yesterday, yesterday);
    const stream = new RotatingFileStream({ path: file, count });
    stream.write('new\n');
    stream.destroy();
    assert.equal(content(file), 'new\n');
    fs.rmSync(file);
  }
  assert.deepEqual(names(file), ['app.log.0'], 'of the first time');
});

test('a file is rotated by size, and the sizes together are limited', (t) => {
  const time = clock(t);
  const { stream, file } = rotating(t, { size: 1000, totalSize: '2.5k' });
  assert.equal(stream.rotAt, undefined, 'only by size');
  for (let i = 0; i < 60; i++) {
    stream.write(`${String(i).padStart(99)}\n`);
    time.ahead += 1000;
  }
  assert.deepEqual(names(file), ['app.log', 'app.log.0', 'app.log.1']);
  assert.equal(content(`${file}.0`).length, 1000);
});

test('all but the latest are compressed', async (t) => {
  clock(t).ahead = 2000; // they were written long ago
  const { stream, file } = rotating(t, { size: 10, count: 3, gzip: true });
  const compressed = changedUntil(file, (all) => all.includes('app.log.1.gz'));
  for (const line of ['first\n', 'second\n', 'third\n']) {
    stream.write(line);
    stream.rotate();
  }
  await compressed;
  assert.equal(String(zlib.gunzipSync(fs.readFileSync(`${file}.1.gz`))), 'second\n');
  assert.equal(content(`${file}.0`), 'third\n');
});

test('a file that somebody else has moved away is not written to any more', (t) => {
  const time = clock(t);
  const { stream, file } = rotating(t, {});
  stream.write('1\n');
  fs.renameSync(file, `${file}.moved`);
  time.ahead += 1000;
  stream.write('2\n');
  assert.deepEqual([content(`${file}.moved`), content(file)], ['1\n', '2\n']);
});

test('a gap in the numbers is filled, and no file is overwritten', (t) => {
  const { stream, file } = rotating(t, { count: 10 });
  fs.writeFileSync(`${file}.0`, 'zero');
  fs.writeFileSync(`${file}.2`, 'two');
  stream.write('new\n');
  stream.rotate();
  assert.deepEqual(
    [0, 1, 2].map((i) => content(`${file}.${i}`)),
    ['new\n', 'zero', 'two'],
  );
});

test('the lock of a process that died is taken away, that of a living one is respected', (t) => {
  const { stream, file } = rotating(t, { count: 10 });
  stream.write('1\n');
  fs.writeFileSync(`${file}.lock`, '');
  stream.rotate();
  assert.deepEqual(names(file), ['app.log', 'app.log.lock']);
  fs.utimesSync(`${file}.lock`, 0, 0);
  stream.rotate();
  assert.deepEqual(names(file), ['app.log', 'app.log.0']);
});

test('a directory that does not allow it costs the rotation and no record', (t) => {
  const { stream, file } = rotating(t, { count: 10 });
  const errors = [];
  stream.on('error', ({ code }) => errors.push(code));
  const link = t.mock.method(fs, 'linkSync', () => {
    throw Object.assign(new Error('not allowed'), { code: 'EACCES' });
  });
  stream.write('1\n');
  stream.rotate();
  link.mock.restore();
  stream.write('2\n');
  assert.equal(content(file), '1\n2\n');
  assert.deepEqual(names(file), ['app.log']);
  setImmediate(() => assert.deepEqual(errors, ['EACCES']));
});

test('periods end when they do in bunyan', () => {
  const Theirs = bunyan.RotatingFileStream;
  for (const text of ['1h', '5h', 'daily', '3d', 'weekly', '2w', '1m', '5m', 'yearly', '3y']) {
    const period = new Period(text);
    const theirs = { periodNum: period.number, periodScope: period.scope, _debug() {} };
    const calculated = (offset) => Theirs.prototype._calcRotTime.call(theirs, offset);
    assert.equal(period.start(Date.now()), calculated(0), text);
    assert.equal(period.next(Date.now()), calculated(1), text);
    theirs.rotAt = calculated(1);
    assert.equal(period.next(Date.now(), theirs.rotAt), calculated(1), text);
  }
  for (const text of ['0d', '1', 'd', '01h', '1x', 'minutely', 'toString']) {
    const message = `invalid period: "${text}"`;
    assert.throws(() => new Theirs({ path: '/dev/null', period: text }), { message });
    assert.throws(() => new Period(text), { message });
  }
});

test('misuse is told in the words of bunyan', (t) => {
  const file = scratch(t);
  for (const count of ['10', -1, Number.NaN]) {
    let message = '';
    try {
      new bunyan.RotatingFileStream({ path: file, count });
    } catch (error) {
      message = error.message;
    }
    const options = { path: file, count };
    assert.throws(() => new RotatingFileStream(options), { code: 'ERR_ASSERTION', message });
  }
  for (const size of ['10x', -1, 0.5, '', {}]) {
    assert.throws(
      () => new RotatingFileStream({ path: file, totalSize: size }),
      /"totalSize" is not/,
    );
  }
  assert.throws(
    () =>
      log.createLogger({ name: 'a', streams: [{ type: 'rotating-file', path: 'x', stream: {} }] }),
    { code: 'ERR_ASSERTION', message: '"rotating-file" stream should not give a "stream"' },
  );
  assert.deepEqual(names(file), []);
});

test('an application written for bunyan rotates', (t) => {
  capturedStderr(t);
  const file = scratch(t);
  const streams = [{ type: 'rotating-file', path: file, period: '1d', count: 3 }];
  const logger = require('nodeobs/bunyan').createLogger({ name: 'app', streams });
  const { stream, closeOnExit, raw } = logger.streams[0];
  assert.ok(stream instanceof RotatingFileStream);
  assert.deepEqual([closeOnExit, raw, stream.count, stream.periodScope], [true, false, 3, 'd']);
  logger.info('1');
  logger.child({ a: 1 }).info('2');
  stream.destroy();
  assert.deepEqual(
    linesOfAll(file).map((line) => JSON.parse(line).msg),
    ['1', '2'],
  );
});
