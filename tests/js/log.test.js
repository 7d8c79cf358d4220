'use strict';
// The logger's API: levels, fields, children, serializers, messages.

const assert = require('node:assert/strict');
const os = require('node:os');
const { test } = require('node:test');
const util = require('node:util');
const vm = require('node:vm');
const { Capture, captured, capturedStderr, log } = require('./log.fixture');

test('a record has the keys of bunyan in the order of bunyan, on one line', () => {
  const { logger, stream } = captured({ extra: true });
  logger.info({ b: 2, a: 1 }, 'hi %s', 'you');
  const { time, ...rest } = stream.last;
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Math.abs(Date.now() - Date.parse(time)) < 60_000);
  assert.equal(
    stream.lines[0],
    `{"name":"app","extra":true,"hostname":${JSON.stringify(os.hostname())},"pid":${process.pid},` +
      `"level":30,"b":2,"a":1,"msg":"hi you","time":"${time}","v":0}\n`,
  );
  assert.equal(rest.v, log.LOG_VERSION);
});

test('the level methods write their level and answer whether they would', () => {
  const { logger, stream } = captured({ level: 'debug' });
  for (const name of Object.keys(log.levelFromName)) {
    assert.equal(logger[name]('x'), undefined);
    assert.equal(logger[name](), name !== 'trace');
  }
  assert.deepEqual(
    stream.records.map(({ level }) => level),
    [log.DEBUG, log.INFO, log.WARN, log.ERROR, log.FATAL],
  );
});

test('levels resolve from names in any case and from integers', () => {
  assert.equal(log.resolveLevel('WARN'), 40);
  assert.equal(log.resolveLevel(35), 35);
  assert.equal(log.resolveLevel(0), 0);
  assert.deepEqual(log.nameFromLevel[log.TRACE], 'trace');
  assert.throws(() => log.resolveLevel('loud'), { message: 'unknown level name: "loud"' });
  assert.throws(() => log.resolveLevel('constructor'), /unknown level name/);
  for (const bad of [-1, 1.5, Number.NaN, null, undefined, {}]) {
    assert.throws(() => log.resolveLevel(bad), TypeError);
  }
});

test('level() and levels() read and set the levels of streams', () => {
  const low = new Capture();
  const high = new Capture();
  const logger = log.createLogger({
    name: 'app',
    streams: [
      { name: 'low', stream: low, level: 'debug' },
      { name: 'high', stream: high, level: 'error' },
    ],
  });
  assert.equal(logger.level(), 20);
  assert.deepEqual(logger.levels(), [20, 50]);
  assert.equal(logger.levels(1), 50);
  assert.equal(logger.levels('low'), 20);
  logger.levels('low', 35);
  assert.equal(logger.level(), 35, 'raising the lowest stream raises the level');
  assert.equal(logger.info(), false);
  logger.info('nobody');
  logger.warn('low');
  logger.level('info');
  logger.info('both');
  assert.deepEqual(
    low.records.map(({ msg }) => msg),
    ['low', 'both'],
  );
  assert.deepEqual(
    high.records.map(({ msg }) => msg),
    ['both'],
  );
  assert.throws(() => logger.levels(9), { message: 'invalid stream index: 9' });
  assert.throws(() => logger.levels('zz'), { message: 'no stream with name "zz"' });
  assert.throws(() => logger.levels(undefined, 10), { code: 'ERR_ASSERTION' });
});

test('a level can be above all methods, and a logger can have no stream', () => {
  const { logger, stream } = captured({ level: 61 });
  logger.fatal('no');
  assert.equal(logger.fatal(), false);
  const none = log.createLogger({ name: 'none', streams: [] });
  none.fatal('no');
  assert.equal(none.level(), Number.POSITIVE_INFINITY);
  assert.deepEqual(stream.lines, []);
});

test('a child has its own levels and adds streams of its own', () => {
  const { logger, stream } = captured({ level: 'info' });
  const extra = new Capture();
  const child = logger.child({ part: 'x', level: 'debug', streams: [{ stream: extra }] });
  child.debug('d');
  logger.debug('not the parent');
  assert.deepEqual(
    stream.records.map(({ msg, part }) => [msg, part]),
    [['d', 'x']],
  );
  assert.deepEqual(extra.lines, stream.lines, 'the added stream has the level of the option');
  child.level('fatal');
  logger.info('still');
  assert.equal(stream.last.msg, 'still');
  assert.equal(logger.level(), 30);
  logger.level('error');
  assert.equal(child.level(), 60);
  assert.equal(logger.child().child().level(), 50);
});

test('a simple child shares levels and streams with its parent, both ways', () => {
  const { logger, stream } = captured({ level: 'info' });
  const simple = logger.child({ req_id: 1 }, true);
  simple.level('debug');
  assert.equal(logger.level(), 20);
  logger.debug('parent');
  logger.level('error');
  assert.equal(simple.info(), false);
  const added = new Capture();
  logger.addStream({ stream: added, level: 'info' });
  simple.info('to the added one');
  assert.deepEqual(
    stream.records.map(({ msg }) => msg),
    ['parent'],
  );
  assert.equal(added.last.req_id, 1);
});

test('children keep the fields of their parents, its pid included, in place', () => {
  const { logger, stream } = captured({ hostname: 'h', pid: 7 });
  logger.info('made before the children, so that they go on from its text');
  const child = logger.child({ a: 1 });
  const grandchild = child.child({ a: 2, b: 3 });
  grandchild.info({ a: 4 }, 'x');
  child.child({ 1: 'digits come first' }, true).info('y');
  const start = '{"name":"app","hostname":"h","pid":7';
  assert.ok(stream.lines[1].startsWith(`${start},"a":4,"b":3,"level":30,"msg":"x"`));
  assert.ok(stream.lines[2].startsWith(`{"1":"digits come first",${start.slice(1)},"a":1,`));
});

test('fields that change after the logger was made are written as they are', () => {
  const state = { n: 1 };
  const { logger, stream } = captured();
  const child = logger.child({ state });
  child.info('x');
  state.n = 2;
  child.info('x');
  logger.info('x');
  logger.fields.late = true;
  logger.info('x');
  logger.child({ q: 1 }).info('x');
  assert.deepEqual(
    stream.records.map((record) => [record.state?.n, record.late]),
    [
      [1, undefined],
      [2, undefined],
      [undefined, undefined],
      [undefined, true],
      [undefined, true],
    ],
  );
});

test('the options of a child are copied, so the caller can use the object again', () => {
  const { logger, stream } = captured();
  const options = { req_id: 1 };
  const one = logger.child(options);
  const two = logger.child(options, true);
  options.req_id = 2;
  one.info('x');
  two.info('x');
  assert.deepEqual(
    stream.records.map(({ req_id }) => req_id),
    [1, 1],
  );
});

test('serializers apply to fields of calls and children, and children inherit a copy', () => {
  const { logger, stream } = captured({ serializers: { user: (user) => user.id } });
  logger.info({ user: { id: 5 }, other: 1 }, 'x');
  logger.info({ user: undefined });
  const child = logger.child({ user: { id: 6 } });
  child.addSerializers({ other: () => 'child' });
  child.info({ other: 2 });
  logger.info({ other: 3 });
  logger.child({ user: { id: 7 } }, true).info('a simple child is not serialized');
  assert.deepEqual(
    stream.records.map(({ user, other }) => [user, other]),
    [
      [5, 1],
      [undefined, undefined],
      [6, 'child'],
      [undefined, 3],
      [{ id: 7 }, undefined],
    ],
  );
});

test('a serializer that throws costs one field and is reported once', (t) => {
  const stderr = capturedStderr(t);
  const { logger, stream } = captured({
    serializers: {
      bad() {
        throw new Error('broken serializer');
      },
    },
  });
  logger.info({ bad: 1, good: 2 }, 'x');
  logger.info({ good: 2, bad: 1, level: 40 }, 'x');
  for (const record of stream.records) {
    assert.equal(record.good, 2);
    assert.equal(
      record.bad,
      '(Error in Bunyan log "bad" serializer broke field. See stderr for details.)',
    );
  }
  assert.equal(stderr.length, 1);
  assert.match(stderr[0], /field "bad" threw.*broken serializer/);
});

test('the standard serializers have the shapes of bunyan', () => {
  const connection = { remoteAddress: '::1', remotePort: 5 };
  const req = { method: 'GET', url: '/b', originalUrl: '/a', headers: { h: '1' }, connection };
  assert.deepEqual(log.stdSerializers.req(req), {
    method: 'GET',
    url: '/a',
    headers: { h: '1' },
    remoteAddress: '::1',
    remotePort: 5,
  });
  assert.deepEqual(log.stdSerializers.res({ statusCode: 200, _header: 'HTTP/1.1 200' }), {
    statusCode: 200,
    header: 'HTTP/1.1 200',
  });
  for (const serializer of Object.values(log.stdSerializers)) {
    assert.equal(serializer(undefined), undefined);
    assert.equal(serializer('text'), 'text');
  }
});

test('errors are written with their stack whether or not there is a serializer', () => {
  const { logger, stream } = captured();
  const error = Object.assign(new Error('boom'), { code: 'E_BOOM' });
  logger.info(error);
  logger.info(error, 'while %s', 'testing');
  logger.info({ err: error });
  logger.info({ failure: error }, 'x');
  logger.info(vm.runInNewContext('new TypeError("other realm")'));
  logger.child({ err: error }).info('x');
  const messages = stream.records.map(({ msg }) => msg);
  assert.deepEqual(messages, ['boom', 'while testing', 'boom', 'x', 'other realm', 'x']);
  const { message, name, stack, code } = error;
  for (const { err, failure } of stream.records.toSpliced(4, 1)) {
    assert.deepEqual(err ?? failure, { message, name, stack, code });
  }
});

test('causes and the errors of an AggregateError are followed', () => {
  const root = new Error('root');
  const middle = new Error('middle', { cause: root });
  const verror = Object.assign(new Error('top'), { cause: () => middle });
  const { stack } = log.stdSerializers.err(verror);
  assert.equal(stack, [verror.stack, middle.stack, root.stack].join('\nCaused by: '));
  assert.match(log.stdSerializers.err(new Error('x', { cause: { a: 1 } })).stack, /: { a: 1 }$/);
  const loop = new Error('loop');
  loop.cause = loop;
  assert.ok(log.stdSerializers.err(loop).stack.split('\nCaused by: ').length < 50);
  const thrower = Object.assign(new Error('x'), {
    cause() {
      throw new Error('no cause');
    },
  });
  assert.equal(log.stdSerializers.err(thrower).stack, thrower.stack);
  const many = log.stdSerializers.err(new AggregateError([root, 'text'], 'all'));
  assert.equal(many.errors[0].message, 'root');
  assert.equal(many.errors[1], 'text');
});

test('an error tells what else it has, and of what is no data only the class', () => {
  class Socket {
    peers = [this];
  }
  const error = Object.assign(new Error('x'), {
    status: 502,
    info: { tried: ['a', 'b'] },
    original: Object.assign(new Error('y'), { errno: -111 }),
    socket: new Socket(),
    when: new Date(0),
    message: 'changed',
  });
  Object.defineProperty(error, 'bad', {
    enumerable: true,
    get() {
      throw new Error('not now');
    },
  });
  const { stack, ...rest } = log.stdSerializers.err(error);
  assert.deepEqual(JSON.parse(JSON.stringify(rest)), {
    message: 'changed',
    name: 'Error',
    status: 502,
    info: { tried: ['a', 'b'] },
    original: { message: 'y', name: 'Error', stack: error.original.stack, errno: -111 },
    socket: '[Socket]',
    when: '1970-01-01T00:00:00.000Z',
    bad: '[Throws: not now]',
  });
  const { logger, stream } = captured();
  logger.info({ err: error });
  assert.equal(stream.last.err.info.tried[1], 'b', 'without a serializer too');
});

test('the message follows util.format', () => {
  const { logger, stream } = captured();
  const cases = [
    [[], undefined],
    [['100%'], '100%'],
    [['%s %d %j', 'a', 1, { b: 2 }], 'a 1 {"b":2}'],
    [['a', 1, { b: 2 }], 'a 1 { b: 2 }'],
    [[[1, 2], 'x'], '[ 1, 2 ] x'],
    [[null], ''],
    [[undefined], 'undefined'],
    [[5n], '5n'],
    [[Buffer.from('a'), 'x'], '<Buffer 61> x'],
    [[{ a: 1 }], ''],
  ];
  for (const [args, msg] of cases) {
    logger.info(...args);
    if (msg !== undefined) assert.equal(stream.last.msg, msg, util.inspect(args));
  }
  assert.equal(stream.lines.length, cases.length - 1);
});

test('fields of a call win over those of the logger, but for msg and v', () => {
  const { logger, stream } = captured();
  logger.debug({ name: 'n', pid: 1, level: 35, msg: 'no', v: 9, time: 'T', src: 's' }, 'yes');
  const { hostname, ...rest } = stream.last;
  assert.deepEqual(rest, {
    name: 'n',
    pid: 1,
    level: 35,
    msg: 'yes',
    v: 0,
    time: 'T',
    src: 's',
  });
  logger.level('warn');
  logger.warn({ level: 30 }, 'the streams go by the level of the record');
  assert.equal(stream.lines.length, 1);
});

test('src tells the file, the line and the function of the call', () => {
  const { logger, stream } = captured({ src: true });
  const { prepareStackTrace, stackTraceLimit } = Error;
  (function caller() {
    logger.child({ a: 1 }).info('x');
  })();
  const { src } = stream.last;
  assert.equal(src.file, __filename);
  assert.equal(src.func, 'caller');
  assert.match(
    require('node:fs').readFileSync(__filename, 'utf8').split('\n')[src.line - 1],
    /logger\.child\({ a: 1 }\)\.info\('x'\)/,
  );
  assert.equal(Error.prepareStackTrace, prepareStackTrace);
  assert.equal(Error.stackTraceLimit, stackTraceLimit);
});

test('a method without its logger is told once, with the place, and does nothing', (t) => {
  const stderr = capturedStderr(t);
  const { logger } = captured();
  const { info, warn } = logger;
  info('x');
  warn('x');
  [1].forEach(info);
  assert.equal(stderr.length, 1);
  assert.match(stderr[0], /log method was called without its logger at .*log\.test\.js:\d+/);
});

test('misuse of the constructor is told at once, in the words of bunyan', () => {
  const { logger } = captured();
  const cases = [
    [() => log.createLogger(), 'options (object) is required'],
    [() => log.createLogger('app'), 'options.name (string) is required'],
    [() => log.createLogger({ name: '' }), 'options.name (string) is required'],
    [() => logger.child({ name: 'x' }), 'invalid options.name: child cannot set logger name'],
    [() => logger.child({ name: 'x' }, true), 'invalid options.name: child cannot set logger name'],
    [
      () => log.createLogger({ name: 'a', stream: {}, streams: [] }),
      'cannot mix "streams" and "stream" options',
    ],
    [() => log.createLogger({ name: 'a', streams: {} }), /invalid options.streams/],
    [() => log.createLogger({ name: 'a', serializers: 5 }), /invalid options.serializers/],
    [
      () => log.createLogger({ name: 'a', serializers: { x: 5 } }),
      'invalid serializer for "x" field: must be a function',
    ],
    [() => new log.Logger({ name: 'a' }, {}), /do not pass a second arg/],
    [() => log.createLogger({ name: 'a', streams: [{ type: 'zz' }] }), 'unknown stream type "zz"'],
    [() => log.createLogger({ name: 'a', streams: [{}] }), 'unknown stream type "undefined"'],
  ];
  for (const [misuse, message] of cases) assert.throws(misuse, { name: 'TypeError', message });
  assert.throws(() => log.createLogger({ name: 'a', stream: {} }), {
    code: 'ERR_ASSERTION',
    message: '"stream" stream is not writable: {}',
  });
});

test('a logger can be made without new and inherited from in both ways', () => {
  const stream = new Capture();
  class Modern extends log.Logger {}
  function Old(options) {
    log.Logger.call(this, options);
  }
  util.inherits(Old, log.Logger);
  const { Logger } = log;
  for (const logger of [
    new Modern({ name: 'modern', stream }),
    new Old({ name: 'old', stream }),
    Logger({ name: 'plain', stream }),
  ]) {
    assert.ok(logger instanceof Logger);
    logger.info('x');
  }
  assert.ok(new Modern({ name: 'a', stream }).child({ b: 1 }) instanceof Modern);
  assert.deepEqual(
    stream.records.map(({ name }) => name),
    ['modern', 'old', 'plain'],
  );
});
