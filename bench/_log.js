'use strict';

// One case of log.js: `node _log.js CASE DESTINATION ROUNDS [LOGGER]`
//
// All loggers log the same calls in one process, a spell each and in turns, so that what slows the
// machine down slows all of them down. Prints {logger: [ns of CPU for each record, by round]}; the
// CPU time is the whole process's, threads that write in the background included.

const fs = require('node:fs');
const { setImmediate: turn } = require('node:timers/promises');

const TARGET = '/dev/null';
const SPELL = 20_000; // records
const PER_TURN = 10; // of the event loop, as in the benchmarks of pino
const CENSOR = '[Redacted]';
const PATHS = ['req.headers.authorization', 'req.headers.cookie', 'user.password'];

const clock = { ahead: 0 }; // ms
const SMALL = { user: 4711, route: 'getorder', cached: false };
const TEN = {
  a: 1,
  b: 'two',
  c: true,
  d: 4.5,
  e: 'a somewhat longer text, with a comma',
  f: null,
  g: 123456789,
  h: '/orders/1234/items?page=3',
  i: false,
  j: 'ten',
};
const DEEP = {
  req: {
    method: 'GET',
    url: '/orders/1234',
    headers: { host: 'api.example', accept: '*/*', authorization: 'Bearer abc', cookie: 's=1' },
    params: { id: '1234', page: [1, 2, 3], sort: { by: 'date', order: 'desc' } },
  },
  user: { id: 7, roles: ['admin', 'user'], password: 'secret' },
};
const FAILURE = Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' });

/** What is called on the logger; `more` makes children of it before. */
const CASES = {
  string: { call: "log.info('hello world')" },
  'string, 1 ms apart': {
    call: "values.clock.ahead += 1; log.info('hello world')", // no text of a time serves twice
    clock: true,
  },
  format: { call: "log.info('hello %s, %d of %d', 'world', i, 7)" },
  object: { call: "log.info(values.SMALL, 'hello world')" },
  'deep object': { call: "log.info(values.DEEP, 'hello world')" },
  child: { call: "log.info('hello world')", more: (log) => log.child({ req_id: 'f3a1-77' }) },
  'child of child': {
    call: "log.info('hello world')",
    more: (log) => log.child({ req_id: 'f3a1-77' }).child({ part: 'db', pool: 3 }),
  },
  error: { call: 'log.info(values.FAILURE)' },
  redaction: { call: "log.info(values.DEEP, 'hello world')", redacted: true },
  '10 fields': { call: "log.info(values.TEN, 'hello world')" },
  'below the level': {
    call: "log.debug('hello world')",
    spell: 2_000_000,
    perTurn: 2_000_000,
    alone: true,
  },
};

/** Every maker returns the logger and what waits until all has been written. */
const LOGGERS = {
  nodeobs: (sync, redact) => ours('bench', sync, redact, {}),
  'no recorder': (sync, redact) => ours('off', sync, redact, { recorder: false }),
  'recorder at trace': (sync, redact) => ours('all', sync, redact, { recorder: true }),
  'pino iso': (sync, redact) => pino(sync, redact, true),
  'pino epoch': (sync, redact) => pino(sync, redact, false),
  bunyan: (sync, redact) => (redact ? null : bunyan(sync)),
};

function ours(name, sync, redact, recorder) {
  const { createLogger } = require('..');
  const streams = [{ path: TARGET, sync }];
  const options = redact ? { redact: { paths: PATHS, censor: CENSOR } } : {};
  const log = createLogger({ name, streams, ...recorder, ...options });
  return { log, written: async () => log.streams[0].stream.flush?.() };
}

function pino(sync, redact, iso) {
  const make = require('pino');
  const destination = make.destination({ dest: TARGET, sync, minLength: sync ? 0 : 4096 });
  const options = { name: 'bench' };
  if (iso) options.timestamp = make.stdTimeFunctions.isoTime;
  if (redact) options.redact = { paths: PATHS, censor: CENSOR };
  const written = () => new Promise((resolve) => destination.flush(() => resolve()));
  return { log: make(options, destination), written };
}

function bunyan(sync) {
  const fd = fs.openSync(TARGET, 'a');
  const stream = sync
    ? { write: (line) => fs.writeSync(fd, line) }
    : fs.createWriteStream(TARGET, { flags: 'a', encoding: 'utf8' });
  const log = require('bunyan').createLogger({ name: 'bench', stream });
  const written = async () => {
    if (!sync && stream.writableLength > 0) await new Promise((done) => stream.write('', done));
  };
  return { log, written };
}

/** ns of CPU for each record. */
async function spell({ log, written, loop }, records, perTurn) {
  const before = process.cpuUsage();
  for (let left = records; left > 0; left -= perTurn) {
    loop(log, perTurn, { SMALL, TEN, DEEP, FAILURE, clock });
    await turn();
  }
  await written();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / records;
}

async function main([name, destination, rounds, only]) {
  const { call, more = (log) => log, redacted = false } = CASES[name];
  if (CASES[name].clock) {
    const now = Date.now;
    Date.now = () => now() + clock.ahead;
  }
  const { spell: records = SPELL, perTurn = PER_TURN } = CASES[name];
  const loggers = [];
  for (const [logger, make] of Object.entries(LOGGERS)) {
    if (only !== undefined && only !== logger) continue;
    const made = make(destination === 'sync', redacted);
    if (made === null) continue;
    const loop = new Function(
      'log',
      'turns',
      'values',
      `'use strict'; for (let i = 0; i < turns; i += 1) { ${call}; }`,
    );
    loggers.push({ name: logger, ...made, log: more(made.log), loop, took: [] });
  }
  for (const one of loggers) await spell(one, records, perTurn);
  for (let round = 0; round < Number(rounds); round += 1) {
    for (const one of round % 2 ? [...loggers].reverse() : loggers) {
      one.took.push(await spell(one, records, perTurn));
    }
  }
  console.log(JSON.stringify(Object.fromEntries(loggers.map(({ name, took }) => [name, took]))));
  process.exit(); // what a stream still holds open is of no interest
}

if (require.main === module) main(process.argv.slice(2));

module.exports = { CASES, LOGGERS };
