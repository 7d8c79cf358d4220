'use strict';
// Fields that come from where a record is logged, and values that nobody is to see.

const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const { test } = require('node:test');
const { setImmediate: turn } = require('node:timers/promises');
const { captured, fakeBus, log } = require('./log.fixture');

const keys = (record) => Object.keys(record).filter((key) => !['hostname', 'pid'].includes(key));

test('records of a context have its fields, whichever logger they are logged with', async () => {
  const { logger, stream } = captured();
  const other = captured({ name: 'other' });
  const child = logger.child({ part: 'db' });
  const result = await logger.with(
    { req_id: 'r1' },
    async (a, b) => {
      logger.info('1');
      await turn();
      child.debug({ x: 1 }, '2');
      other.logger.info('3');
      return logger.with({ user: 7 }, () => {
        child.info('4');
        return a + b;
      });
    },
    1,
    2,
  );
  logger.info('5');
  assert.equal(result, 3);
  assert.deepEqual(
    stream.records.map(({ req_id, user, part }) => [req_id, user, part]),
    [
      ['r1', undefined, undefined],
      ['r1', undefined, 'db'],
      ['r1', 7, 'db'],
      [undefined, undefined, undefined],
    ],
  );
  assert.equal(other.stream.last.req_id, 'r1');
  assert.deepEqual(keys(stream.records[1]), [
    'name',
    'part',
    'req_id',
    'level',
    'x',
    'msg',
    'time',
    'v',
  ]);
});

test('contexts at the same time do not mix', async () => {
  const { logger, stream } = captured();
  const work = (id) =>
    logger.with({ id }, async () => {
      for (let i = 0; i < 3; i++) {
        await turn();
        logger.info('%d', id);
      }
    });
  await Promise.all([1, 2, 3].map(work));
  assert.equal(stream.lines.length, 9);
  for (const { id, msg } of stream.records) assert.equal(msg, String(id));
});

test('a field of the call goes before the context, the context before the logger', () => {
  const { logger, stream } = captured({ a: 'logger', b: 'logger', c: 'logger' });
  logger.with({ a: 'context', b: 'context', name: 'mine' }, () => logger.info({ a: 'call' }));
  const { a, b, c, name } = stream.last;
  assert.deepEqual([a, b, c, name], ['call', 'context', 'logger', 'app']);
});

test('a context sees what is done to its logger meanwhile', () => {
  const { logger, stream } = captured();
  logger.with({ id: { n: 1 } }, () => {
    logger.info('1');
    logger.addSerializers({ id: ({ n }) => n, x: () => 'serialized' });
    logger.info({ x: 1 }, '2');
    logger.fields.more = true;
    logger.info('3');
    logger.level('error');
    logger.info('no');
  });
  assert.deepEqual(
    stream.records.map(({ id, x, more }) => [id, x, more]),
    [
      [{ n: 1 }, undefined, undefined],
      [1, 'serialized', undefined],
      [1, undefined, true],
    ],
  );
});

test('observers see the fields of the context, too', (t) => {
  const bus = fakeBus(t);
  const { logger, stream } = captured({ level: 'info' });
  const { lines } = bus.live('log.20.app', 1);
  logger.with({ req_id: 'r1' }, () => logger.debug('snooped'));
  assert.equal(JSON.parse(lines[0]).req_id, 'r1');
  assert.deepEqual(stream.lines, []);
});

test('misuse of with is told', () => {
  const { logger } = captured();
  assert.throws(() => logger.with(null, () => {}), TypeError);
  assert.throws(() => logger.with({ a: 1 }), TypeError);
  assert.throws(
    () =>
      logger.with({ a: 1 }, () => {
        throw new RangeError('its own');
      }),
    { message: 'its own' },
  );
});

test('the context may be the application’s own', () => {
  const storage = new AsyncLocalStorage();
  const { logger, stream } = captured({ context: storage });
  logger.info('outside');
  storage.run({ req_id: 'r1' }, () => logger.child({ a: 1 }).info('object'));
  storage.run(new Map([['req_id', 'r2']]), () => logger.info({ b: 1 }, 'map'));
  storage.run('text', () => logger.info('neither'));
  assert.deepEqual(
    stream.records.map(({ req_id }) => req_id),
    [undefined, 'r1', 'r2', undefined],
  );
  const asked = captured({ context: () => ({ at: 'call' }) });
  asked.logger.with({ more: 1 }, () => asked.logger.info('x'));
  assert.deepEqual([asked.stream.last.at, asked.stream.last.more], ['call', 1]);
  const broken = captured({
    context: () => {
      throw new Error('x');
    },
  });
  broken.logger.info('still');
  assert.equal(broken.stream.last.msg, 'still');
});

test('bunyan’s applications may have fields of the names of our options', () => {
  const { logger, stream } = captured({ context: 'worker', redact: 'no', recorder: 5 });
  logger.info('x');
  const { context, redact, recorder } = stream.last;
  assert.deepEqual([context, redact, recorder], ['worker', 'no', 5]);
});

const REQUEST = {
  method: 'GET',
  headers: { cookie: 's=1', authorization: 'Bearer x', 'x-api-key': 'k', host: 'a' },
  users: [{ name: 'a', key: 'k1' }, { name: 'b', key: 'k2' }, 'text'],
};

function shown(redact, fields, options) {
  const { logger, stream } = captured({ redact, ...options });
  logger.info(fields, 'm');
  const { name, hostname, pid, level, msg, time, v, ...rest } = stream.last;
  return rest;
}

test('values at paths are redacted, and what was passed stays as it is', () => {
  const before = JSON.stringify(REQUEST);
  const paths = [
    'password',
    'req.headers.cookie',
    'req.headers["x-api-key"]',
    "req['headers'].authorization",
    'req.users[*].key',
    'req.nothing.there',
    '*.token',
    'list[1]',
    'all.*',
  ];
  const fields = {
    password: 'secret',
    req: REQUEST,
    session: { token: 'secret', id: 1 },
    list: ['a', 'secret', 'c'],
    all: { a: 'secret', b: ['secret'] },
    untouched: { password: 'not this one' },
  };
  const R = '[Redacted]';
  assert.deepEqual(shown(paths, fields), {
    password: R,
    req: {
      method: 'GET',
      headers: { cookie: R, authorization: R, 'x-api-key': R, host: 'a' },
      users: [{ name: 'a', key: R }, { name: 'b', key: R }, 'text'],
    },
    session: { token: R, id: 1 },
    list: ['a', R, 'c'],
    all: { a: R, b: R },
    untouched: { password: 'not this one' },
  });
  assert.equal(JSON.stringify(REQUEST), before);
});

test('the censor may be another value, a function, or nothing at all', () => {
  const paths = ['a.b', 'c'];
  const fields = { a: { b: 'secret', d: 1 }, c: 'secret' };
  assert.deepEqual(shown({ paths, censor: '***' }, fields), { a: { b: '***', d: 1 }, c: '***' });
  const length = (value) => value.length;
  assert.deepEqual(shown({ paths, censor: length }, fields), { a: { b: 6, d: 1 }, c: 6 });
  assert.deepEqual(shown({ paths, remove: true }, fields), { a: { d: 1 } });
  const thrower = () => {
    throw new Error('x');
  };
  assert.deepEqual(shown({ paths, censor: thrower }, fields), { a: '[Redacted]', c: '[Redacted]' });
});

test('nothing gets around redaction', (t) => {
  const bus = fakeBus(t);
  const raw = [];
  const { logger, stream } = captured({
    redact: ['secret', 'o.secret', 'err.token', 'm.pass'],
    secret: 'hidden',
  });
  logger.addStream({
    type: 'raw',
    level: 'trace',
    stream: { write: (record) => raw.push(record) },
  });
  const { lines } = bus.live('log.30.app', 1);
  const secret = 'hidden';
  const o = { secret };
  const error = Object.assign(new Error('boom'), { token: secret });
  logger.info('own field');
  logger.info({ secret, o });
  logger.info({ secret, level: 40, 1: 1 }, 'special');
  logger.child({ secret, o }).info('child');
  logger.child({ secret, o }, true).info('simple child');
  logger.child({ redact: ['more'], more: secret }).info({ secret }, 'more paths');
  logger.with({ secret, o }, () => logger.info('context'));
  logger.info(error);
  logger.info({ err: error }, 'as a field');
  logger.info({ m: { toJSON: () => ({ pass: secret, x: 1 }) } }, 'toJSON');
  logger.info(
    { o: Object.create({}, { secret: { enumerable: true, get: () => secret } }) },
    'getter',
  );
  logger.addSerializers({ made: () => 1, o: () => ({ secret }) });
  logger.info({ o: 1 }, 'serializer');
  assert.equal(lines.length, 11, 'one has a level of its own');
  assert.ok(!lines.concat(stream.lines).join('').includes(secret), stream.lines.join(''));
  assert.ok(!JSON.stringify(raw).includes(secret));
  assert.equal(stream.records[9].m.x, 1);
});

test('misuse of redact is told', () => {
  for (const redact of [{}, { paths: 'a' }, ['a..b'], [''], ['a['], ['a.'], [5]]) {
    assert.throws(() => log.createLogger({ name: 'a', redact }), /invalid options.redact: must be/);
  }
});
