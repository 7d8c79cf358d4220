'use strict';
// Loggers that are not ours, seen by observers: below their level, with their output as it was.

const assert = require('node:assert/strict');
const { Console } = require('node:console');
const { PassThrough } = require('node:stream');
const { test } = require('node:test');
const pino = require('pino');
const { fakeBus, log } = require('./log.fixture');

/** @returns {any} null: it is not installed */
function installed(name) {
  try {
    return require(name);
  } catch {
    return null;
  }
}

const winston = installed('winston');

/** Lets somebody look at all levels of a name, and gives what he sees. */
function look(bus, name) {
  const topics = [10, 20, 30, 40, 50, 60].map((level) => bus.live(`log.${level}.${name}`, 1));
  const leave = () => {
    for (const { name: topic } of topics) bus.live(topic, 0);
  };
  return {
    records: () => topics.flatMap(({ lines }) => lines).map((line) => JSON.parse(line)),
    leave,
  };
}

function pinoLogger(options) {
  const lines = [];
  const logger = pino(
    { name: 'shop', timestamp: false, ...options },
    { write: (l) => lines.push(l) },
  );
  return { logger, lines };
}

function play(logger) {
  logger.debug({ a: 1 }, 'below %d', 1);
  logger.info('above');
  logger.error(new RangeError('boom'));
  const child = logger.child({ req_id: 'r1' });
  child.trace('child');
  const verbose = logger.child({ part: 'db' }, { level: 'debug' });
  verbose.debug('verbose child');
  verbose.trace('below its level');
  logger.level = 'error';
  logger.warn('below the new level');
  logger.level = 'info';
  logger.info('above again');
}

test('pino: an observer sees every level, pino writes what it wrote', (t) => {
  const bus = fakeBus(t);
  const plain = pinoLogger();
  play(plain.logger);
  const { logger, lines } = pinoLogger();
  log.adopt(logger);
  const { records } = look(bus, 'shop');
  play(logger);
  const same = (line) => line.replace(/at .*?"/, '"');
  assert.deepEqual(lines.map(same), plain.lines.map(same));
  const seen = records();
  assert.deepEqual(
    seen.map(({ level, msg }) => [level, msg]),
    [
      [10, 'child'],
      [10, 'below its level'],
      [20, 'below 1'],
      [20, 'verbose child'],
      [30, 'above'],
      [30, 'above again'],
      [40, 'below the new level'],
      [50, 'boom'],
    ],
  );
  const [child, , debug] = seen;
  assert.deepEqual(
    Object.keys(debug),
    ['name', 'hostname', 'pid', 'level', 'a', 'msg', 'time', 'v'],
    'in the form of our records',
  );
  assert.equal(child.req_id, 'r1');
  assert.equal(seen.at(-1).err.type, 'RangeError');
});

test('pino: what it redacts and serializes is not shown either', (t) => {
  const bus = fakeBus(t);
  const { logger } = pinoLogger({
    redact: ['password'],
    serializers: { user: ({ id }) => id },
    timestamp: pino.stdTimeFunctions.epochTime,
    base: null,
  });
  log.adopt(logger, { name: 'api' });
  const { records } = look(bus, 'api');
  logger.debug({ password: 'secret', user: { id: 7, key: 'secret' } }, 'm');
  const [{ time, hostname, pid, ...rest }] = records();
  assert.deepEqual(rest, {
    name: 'api',
    level: 20,
    password: '[Redacted]',
    user: 7,
    msg: 'm',
    v: 0,
  });
  assert.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

test('pino: nobody is disturbed, and it can be undone', (t) => {
  const bus = fakeBus(t);
  const events = [];
  const children = [];
  const { logger, lines } = pinoLogger({ onChild: (child) => children.push(child) });
  logger.on('level-change', (level) => events.push(level));
  const undo = log.adopt(logger);
  assert.equal(log.adopt(logger), undo, 'once');
  const { records } = look(bus, 'shop');
  const child = logger.child({ a: 1 });
  child.debug('seen');
  const { debug } = logger;
  debug.call(logger, 'unbound');
  assert.equal(records().length, 2);
  assert.deepEqual([events, children.length, lines.length], [[], 1, 0]);
  undo();
  logger.debug('not seen');
  logger.info('written');
  logger.level = 'debug';
  logger.debug('written, too');
  logger.child({}).debug('and of a child');
  assert.equal(records().length, 2);
  assert.equal(lines.length, 3);
  assert.notEqual(log.adopt(logger), undo, 'and done again');
});

test('pino: its methods cost no record while nobody looks', (t) => {
  const bus = fakeBus(t);
  const { logger } = pinoLogger();
  log.adopt(logger);
  let asked = 0;
  const fields = {
    get a() {
      asked += 1;
      return 1;
    },
  };
  logger.debug(fields);
  assert.equal(asked, 0);
  const seen = look(bus, 'shop');
  logger.debug(fields);
  assert.equal(asked, 1);
  seen.leave();
  logger.debug(fields);
  assert.equal(asked, 1);
});

test('pino: through its diagnostics channel, all loggers that are there', (t) => {
  const bus = fakeBus(t);
  const { logger } = pinoLogger();
  const undo = log.adopt('pino');
  logger.info('nobody looks');
  const seen = look(bus, 'pino');
  logger.info({ a: 1 }, 'seen');
  logger.debug('below its level');
  seen.leave();
  logger.info('nobody looks any more');
  undo();
  assert.deepEqual(
    seen.records().map(({ name, a, msg }) => [name, a, msg]),
    [['shop', 1, 'seen']],
  );
});

test('winston: an observer sees every level, transports what they saw', {
  skip: !winston && 'winston is not installed',
}, (t) => {
  const bus = fakeBus(t);
  const { format } = winston;
  const make = () => {
    const lines = [];
    const stream = new PassThrough().on('data', (line) => lines.push(String(line)));
    const hide = format((info) => (info.password ? { ...info, password: '***' } : info));
    const logger = winston.createLogger({
      level: 'info',
      defaultMeta: { service: 'billing' },
      format: format.combine(format.splat(), hide(), format.json()),
      transports: [new winston.transports.Stream({ stream })],
    });
    return { logger, lines };
  };
  const use = (logger) => {
    const early = logger.child({ req_id: 'r1' });
    logger.silly('silly');
    logger.debug('debug %d', 5);
    logger.info('info', { a: 1, password: 'secret' });
    logger.error(new Error('boom'));
    early.verbose('child');
    logger.log('warn', 'by name');
    logger.log({ level: 'http', message: 'object' });
  };
  const plain = make();
  use(plain.logger);
  const { logger, lines } = make();
  const undo = log.adopt(logger);
  const { records } = look(bus, 'billing');
  use(logger);
  undo();
  logger.debug('not seen');
  const same = (line) => line.replace(/"stack":".*?"/, '');
  return new Promise(setImmediate).then(() => {
    assert.deepEqual(lines.map(same), plain.lines.map(same));
    assert.deepEqual(
      records().map(({ level, msg }) => [level, msg]),
      [
        [10, 'silly'],
        [20, 'debug 5'],
        [22, 'child'],
        [25, 'object'],
        [30, 'info'],
        [40, 'by name'],
        [50, 'boom'],
      ],
    );
    const info = records().find(({ level }) => level === 30);
    assert.deepEqual([info.service, info.a, info.password], ['billing', 1, '***']);
    assert.equal(records().find(({ level }) => level === 22).req_id, 'r1');
  });
});

test('console: its lines are records, and go where they went', (t) => {
  const bus = fakeBus(t);
  const written = [];
  const out = new PassThrough().on('data', (text) => written.push(String(text)));
  const own = new Console(out, out);
  const undo = log.adopt(own, { name: 'out' });
  own.log('nobody looks');
  const { records } = look(bus, 'out');
  own.debug('%s', 'd');
  own.log('a', { b: 1 });
  const { warn } = own;
  warn('unbound');
  own.error(new Error('boom'));
  undo();
  own.log('undone');
  const seen = records();
  assert.deepEqual(
    seen.map(({ level }) => level),
    [20, 30, 40, 50],
  );
  assert.deepEqual(
    seen.slice(0, 2).map(({ msg }) => msg),
    ['d', 'a { b: 1 }'],
  );
  assert.match(seen.at(-1).msg, /^Error: boom\n/);
  return new Promise(setImmediate).then(() => {
    assert.equal(written.length, 6);
    assert.equal(written[2], 'a { b: 1 }\n');
  });
});

test('what is no logger is not adopted', () => {
  for (const target of [null, undefined, 5, 'winston', {}, [], () => {}, { info() {} }]) {
    assert.throws(() => log.adopt(target), /adopt takes a logger of pino or winston/);
  }
});
