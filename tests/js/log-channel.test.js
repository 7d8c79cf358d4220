'use strict';
// What observers do to loggers: snooping below their level, temporary levels, and what is shown.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const v8 = require('node:v8');
const vm = require('node:vm');
const { Capture, captured, capturedStderr, fakeBus, log } = require('./log.fixture');

const names = (stream) => stream.records.map(({ msg }) => msg);

test('a snooper gets what is below the level, and the streams what they got without', (t) => {
  const bus = fakeBus(t);
  const play = (logger) => {
    logger.debug({ n: 1 }, 'below');
    logger.info({ n: 2 }, 'above');
    logger.debug({ level: 60 }, 'below, whatever it says of itself');
    logger.child({ c: 1 }).debug('child');
    logger.child({ c: 1 }, true).info('simple child');
  };
  const plain = captured({ level: 'info', hostname: 'h' });
  play(plain.logger);
  const { logger, stream } = captured({ level: 'info', hostname: 'h' });
  const debug = bus.live('log.20.app', 1);
  const info = bus.live('log.30.app', 1);
  const fatal = bus.live('log.60.app', 1);
  play(logger);
  const timeless = ({ lines }) => lines.map((line) => line.replace(/"time":"[^"]*"/, ''));
  assert.deepEqual(timeless(stream), timeless(plain.stream));
  assert.deepEqual(info.lines, stream.lines, 'byte for byte');
  assert.deepEqual(
    debug.lines.map((line) => JSON.parse(line).msg),
    ['below', 'child'],
  );
  assert.equal(fatal.lines.length, 1, 'the topic is that of the level in the record');
  assert.equal(bus.marks.started, 3, 'only what nobody else wanted is timed');
  assert.deepEqual(bus.marks.done, [1, 2, 3]);
});

test('a subscription switches levels on and off, and debug() tells', (t) => {
  const bus = fakeBus(t);
  const { logger, stream } = captured({ level: 'fatal' });
  assert.equal(logger.debug(), false);
  const topic = bus.live('log.20.app', 2);
  assert.equal(logger.debug(), true);
  assert.equal(logger.trace(), false);
  bus.live('log.20.app', 0);
  logger.debug('x');
  assert.equal(logger.debug(), false);
  assert.deepEqual([topic.lines, stream.lines], [[], []]);
});

test('a level between the named ones has the topic of the one below', (t) => {
  const bus = fakeBus(t);
  const { logger } = captured({ level: 'fatal' });
  const topics = [10, 20, 30, 40, 50, 60].map((level) => bus.live(`log.${level}.app`, 1));
  for (const level of [0, 9, 10, 35, 59.5, 60, 1000, 'no number', null]) {
    logger.warn({ level }, String(level));
  }
  assert.deepEqual(
    topics.map(({ lines }) => lines.map((line) => JSON.parse(line).msg)),
    [['0', '9', '10', 'no number', 'null'], [], ['35'], [], ['59.5'], ['60', '1000']],
  );
});

test('what only an observer sees leaves no trace on stderr', (t) => {
  const bus = fakeBus(t);
  const stderr = capturedStderr(t);
  const fail = () => {
    throw new Error('broken');
  };
  const { logger } = captured({ level: 'info', serializers: { bad: fail } });
  const topic = bus.live('log.20.app', 1);
  logger.debug({ bad: 1 }, 'x');
  logger.debug({ bad: 1, time: 0 }, 'the long way');
  assert.equal(topic.lines.length, 2);
  assert.deepEqual(stderr, []);
});

test('a raw stream gets nothing of what is snooped below its level', (t) => {
  const bus = fakeBus(t);
  const ring = new log.RingBuffer();
  const logger = log.createLogger({ name: 'app', streams: [{ type: 'raw', stream: ring }] });
  const debug = bus.live('log.20.app', 1);
  const info = bus.live('log.30.app', 1);
  logger.debug({ a: 1 }, 'below');
  logger.info({ a: 2 }, 'above');
  assert.deepEqual(
    ring.records.map(({ msg }) => msg),
    ['above'],
  );
  assert.equal(JSON.parse(debug.lines[0]).a, 1);
  assert.deepEqual(JSON.parse(info.lines[0]), JSON.parse(JSON.stringify(ring.records[0])));
});

test('an override takes the place of the levels of all streams, and leaves them alone', (t) => {
  const bus = fakeBus(t);
  const low = new Capture();
  const high = new Capture();
  const streams = [
    { stream: low, level: 'info' },
    { stream: high, level: 'error' },
  ];
  const logger = log.createLogger({ name: 'app', streams });
  const child = logger.child({ c: 1 });
  const channel = bus.channel('app');

  channel.setOverride(20, null);
  logger.debug('1');
  child.trace('no');
  child.info('2');
  assert.deepEqual(
    [names(low), names(high)],
    [
      ['1', '2'],
      ['1', '2'],
    ],
  );
  assert.deepEqual([logger.level(), logger.levels()], [30, [30, 50]]);
  assert.deepEqual([logger.debug(), logger.trace()], [true, false]);

  channel.setOverride(60, null);
  logger.error('no');
  assert.equal(logger.error(), false);
  logger.fatal('3');
  assert.deepEqual(
    [names(low), names(high)],
    [
      ['1', '2', '3'],
      ['1', '2', '3'],
    ],
  );

  channel.setOverride(null);
  logger.debug('no');
  child.info('4');
  logger.error('5');
  assert.deepEqual(names(low).slice(3), ['4', '5']);
  assert.deepEqual(names(high).slice(3), ['5']);
});

test('an override above the level silences the streams and not the snoopers', (t) => {
  const bus = fakeBus(t);
  const { logger, stream } = captured({ level: 'info' });
  const topic = bus.live('log.30.app', 1);
  bus.channel('app').setOverride(50);
  logger.info({ level: 60 }, 'info is below the override');
  logger.info('snooped');
  logger.error({ level: 30 }, 'so is the level of this record');
  assert.deepEqual(stream.lines, []);
  assert.equal(topic.lines.length, 2);
});

test('an override for one stream leaves the others what they get', (t) => {
  const bus = fakeBus(t);
  const [file, out] = [new Capture(), new Capture()];
  const streams = [
    { stream: file, name: 'file', level: 'warn' },
    { stream: out, name: 'out', level: 'info' },
  ];
  const logger = log.createLogger({ name: 'app', streams });
  const other = captured({ level: 'info' });
  const play = () => {
    for (const one of [logger, other.logger]) {
      one.debug('debug');
      one.info('info');
      one.error('error');
    }
  };
  bus.channel('app').setOverride(20, null, 'file');
  play();
  assert.deepEqual(names(file), ['debug', 'info', 'error']);
  assert.deepEqual(names(out), ['info', 'error']);
  assert.deepEqual(names(other.stream), ['info', 'error'], 'a logger without such a stream');
  assert.deepEqual([logger.debug(), other.logger.debug(), logger.trace()], [true, false, false]);
  bus.channel('app').setOverride(60, null, 'out');
  play();
  assert.deepEqual(names(file).slice(3), ['error']);
  assert.deepEqual(names(out).slice(2), []);
  assert.deepEqual(logger.levels(), [40, 30]);
  bus.channel('app').setOverride(null);
  play();
  assert.deepEqual(names(out).slice(2), ['info', 'error']);
});

test('an override counts for loggers and subscriptions that come later', (t) => {
  const bus = fakeBus(t);
  captured();
  bus.channel('app').setOverride(30, '2026-11-23T09:00:00.000Z');
  const { logger, stream } = captured({ level: 'fatal' });
  const topic = bus.live('log.20.app', 1);
  logger.info('x');
  logger.debug('y');
  bus.channel('app').setOverride(null);
  logger.debug('z');
  assert.deepEqual(names(stream), ['x']);
  assert.equal(topic.lines.length, 2);
});

test('the description has the root loggers of the name and what observers want', (t) => {
  const bus = fakeBus(t);
  const logger = log.createLogger({
    name: 'app',
    streams: [
      { stream: new Capture(), level: 'warn', name: 'main' },
      { type: 'raw', stream: new log.RingBuffer(), level: 'debug' },
    ],
  });
  logger.warn('both');
  logger.debug('one');
  logger.trace('none');
  bus.live('log.10.app', 1);
  logger.trace('snooped');
  bus.channel('app').setOverride(40, '2026-11-23T09:00:00.000Z');
  assert.deepEqual(bus.channel('app').describe(), {
    name: 'app',
    level: 20,
    streams: [
      { type: 'stream', level: 40, name: 'main' },
      { type: 'raw', level: 20, name: null },
    ],
    records: 3,
    override: { level: 40, until: '2026-11-23T09:00:00.000Z' },
    snooped: [10],
  });
  const silent = log.createLogger({ name: 'silent', streams: [] });
  assert.equal(silent.level(), Number.POSITIVE_INFINITY);
  assert.equal(bus.channel('silent').describe().level, null);
});

test('root loggers are held weakly', async (t) => {
  v8.setFlagsFromString('--expose-gc');
  const gc = vm.runInNewContext('gc');
  const bus = fakeBus(t);
  const { logger } = captured({ level: 'warn' });
  (() => {
    for (let i = 0; i < 200; i++) captured({ level: 'trace' });
  })();
  assert.equal(bus.channel('app').describe().level, 10);
  await new Promise(setImmediate); // a WeakRef holds on until its turn of the loop ends
  gc();
  assert.equal(bus.channel('app').describe().level, 40);
  assert.equal(bus.channel('app').describe().streams.length, 1);
  assert.equal(logger.level(), 40);
});
