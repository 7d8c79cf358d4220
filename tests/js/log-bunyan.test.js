'use strict';
// The same calls on bunyan and on nodeobs write the same bytes, but for the time of the record
// and the differences in docs/compat.md, which are not among these cases.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const bunyan = require('bunyan');
const { Capture, log } = require('./log.fixture');

/** What a library writes when it is played with; an exception counts as a line. */
function played(library, play, options) {
  const stream = new Capture();
  const logger = library.createLogger({
    name: 'app',
    hostname: 'h',
    pid: process.pid, // bunyan's children read it anew
    ...options,
    streams: [{ stream, level: 'trace', name: 'main' }],
  });
  try {
    const result = play(logger);
    if (result !== undefined) stream.write(`returned ${JSON.stringify(result)}`);
  } catch (error) {
    stream.write(`${error.name}: ${error.message}`);
  }
  return stream.lines.map((line) =>
    line.trimEnd().replace(/"time":"\d{4}-\d\d-\d\dT[\d:.]+Z"/, '"time":"now"'),
  );
}

function same(play, options, what = String(play)) {
  assert.deepEqual(played(log, play, options), played(bunyan, play, options), what);
}

const ERROR = Object.assign(new Error('boom'), { code: 'E_CODE', signal: 'SIGTERM' });

const VALUES = {
  string: 'x',
  empty: '',
  percent: '100% %s',
  hostile: 'é\u2028\ud800"\\\n\u0001😀',
  number: 5,
  'minus zero': -0,
  NaN: Number.NaN,
  infinity: Number.POSITIVE_INFINITY,
  true: true,
  null: null,
  undefined: undefined,
  list: [1, { a: 2 }, undefined],
  object: { a: 1, b: { c: [null, () => 1] } },
  'no fields': {},
  'no prototype': Object.assign(Object.create(null), { z: 1 }),
  inherited: Object.create(
    { above: 1 },
    { own: { value: 2, enumerable: true }, not: { value: 3 } },
  ),
  instance: new (class Point {
    x = 1;
    get y() {
      return 2;
    }
  })(),
  date: new Date(0),
  'invalid date': new Date(Number.NaN),
  regexp: /x/,
  symbol: Symbol('q'),
  function: function named() {},
  buffer: Buffer.from('ab'),
  bytes: new Uint8Array(2),
  map: new Map([[1, 2]]),
  set: new Set([1]),
  boxed: Object('s'),
};

for (const [what, value] of Object.entries(VALUES)) {
  test(`${what} is logged as bunyan does`, () => {
    same((l) => l.info(value), {}, 'alone');
    same((l) => l.info(value, 'm %s', 'x', 3), {}, 'before a message');
    same((l) => l.info('m %s %j', value, value), {}, 'in a message');
    same((l) => l.info({ f: value, g: 1 }, 'm'), {}, 'as a field');
    same((l) => l.child({ f: value }).info('m'), {}, 'as a field of a child');
    same((l) => l.child({ f: value }, true).info({ z: 1 }, 'm'), {}, 'of a simple child');
    same((l) => l.info('m'), { f: value }, 'of the logger');
    same((l) => l.info({ f: value }, 'm'), { serializers: { f: (f) => [f] } }, 'serialized');
    same((l) => l.info({ f: 1, g: 2 }, 'm'), { serializers: { f: () => value } }, 'made');
  });
}

test('a toJSON method of a field is given its key', () => {
  const f = { toJSON: (key) => `of ${key}` };
  same((l) => l.info({ f, g: { toJSON() {} } }, 'm'));
  same((l) => l.child({ f }).info('m'));
});

test('errors are logged as bunyan does with its standard serializers', () => {
  const deeper = new Error('deeper');
  const cause = Object.assign(new Error('why'), { cause: () => deeper });
  for (const error of [ERROR, Object.assign(new Error('x'), { cause: () => cause })]) {
    for (const options of [{}, { serializers: bunyan.stdSerializers }]) {
      same((l) => l.info(error), options);
      same((l) => l.info(error, 'hi %d', 3), options);
      if (options.serializers) same((l) => l.info({ err: error, n: 1 }), options);
      if (options.serializers) same((l) => l.info({ err: error }, 'm'), options);
    }
    const censored = { serializers: { err: (e) => ({ message: `censored ${e.message.length}` }) } };
    same((l) => l.info(error), censored);
    same((l) => l.info({ err: error }), censored);
  }
});

test('requests and responses are serialized as bunyan does', () => {
  const connection = { remoteAddress: '::1', remotePort: 80 };
  const req = { method: 'GET', url: '/a', headers: { a: 'b' }, connection, secret: 1 };
  const res = { statusCode: 404, _header: 'HTTP/1.1 404 Not Found\r\n', secret: 1 };
  for (const serializers of [bunyan.stdSerializers, log.stdSerializers]) {
    same((l) => l.info({ req, res }, 'm'), { serializers });
    same((l) => l.info({ req: { ...req, originalUrl: '/b' }, res: {} }), { serializers });
    same((l) => l.child({ req }).info({ res: 'text', req: null }), { serializers });
  }
});

test('fields with the names of a record’s own keys end up where bunyan has them', () => {
  const keys = ['name', 'hostname', 'pid', 'level', 'msg', 'time', 'src', 'v', '1', '__proto__'];
  for (const key of [...keys, 'toString', 'constructor', 'hasOwnProperty']) {
    for (const value of [0, 1, '', 'q', null, { a: 1 }]) {
      if (key === 'level' && typeof value !== 'number') continue;
      const fields = JSON.parse(`{"a":1,${JSON.stringify(key)}:${JSON.stringify(value)},"b":2}`);
      same((l) => l.fatal(fields, 'm'), {}, `${key} in a call`);
      same((l) => l.child(fields, true).info({ z: 2 }, 'm'), {}, `${key} in a simple child`);
      const configures = ['name', 'level', 'src'].includes(key) || (key === 'pid' && !value);
      if (!configures) same((l) => l.child(fields).info({ z: 2 }, 'm'), {}, `${key} in a child`);
    }
  }
});

test('children of children have the fields of bunyan in its order', () => {
  for (const warm of [false, true]) {
    same((l) => {
      if (warm) l.info('the fields of the logger are text now');
      const child = l.child({ a: 1 });
      if (warm) child.info('and those of the child');
      const grandchild = child.child({ b: 2, a: 3 });
      grandchild.info('x');
      grandchild.info({ a: 4, q: 1 }, 'y');
      child.info({ b: 5 });
      const simple = grandchild.child({ 1: 'one' }, true);
      simple.info('z');
      simple.child({ k: 1, name: undefined }).info({ 2: 3 }, 'w');
      l.info('the logger itself');
    });
  }
});

test('serializers of loggers and children apply where they do in bunyan', () => {
  const options = { serializers: { f: (x) => ({ was: x }), gone: () => undefined } };
  same((l) => {
    l.info({ f: 1, g: 2, gone: 3 }, 'm');
    l.info({ f: undefined });
    l.info({ f: null, level: 40 });
    l.child({ f: 9 }).info('m');
    l.child({ f: 9 }, true).info({ f: 8 }, 'm');
    l.child({ serializers: { g: (x) => -x }, g: 3 }).info({ g: 4, f: 5 }, 'm');
    l.addSerializers({ g: () => 'later' });
    l.child({ a: 1 }, true).info({ g: 1 });
    l.info({ g: 1 });
  }, options);
});

test('levels let through what they let through in bunyan', () => {
  same((l) => {
    for (const level of ['trace', 'DEBUG', 30, 35, 'fatal', 61, 0]) {
      l.level(level);
      for (const name of Object.keys(bunyan.levelFromName)) {
        l[name]({ threshold: level }, name);
        l[name]({ level: 60 }, 'raised');
        l[name]({ level: 10 }, 'lowered');
        l[name]({ level: '45' }, 'a text');
      }
    }
  });
  same((l) => {
    const child = l.child({ level: 'error', z: 1 });
    child.warn('no');
    child.error('yes');
    l.info('yes');
    return [child.level(), l.level(), l.levels(), l.levels(0), l.levels('main'), l.debug()];
  });
});

test('what throws in bunyan throws the same here', () => {
  const misuses = [
    (l) => l.child({ name: 'q' }),
    (l) => l.child({ name: 'q' }, true),
    (l) => l.child({ streams: 5 }),
    (l) => l.child({ serializers: { a: 1 } }),
    (l) => l.child({ level: 'loud' }),
    (l) => l.levels(9),
    (l) => l.levels('zz'),
    (l) => l.levels('main', 'loud'),
    (l) => l.level('loud'),
    (l) => l.level(-1),
    (l) => l.level({}),
    (l) => l.level(null),
    (l) => l.addSerializers({ a: 1 }),
    (l) => l.addStream({}),
    (l) => l.addStream({ type: 'zz' }),
    (l) => l.addStream({ stream: {} }),
    (l) => l.addStream({ type: 'file' }),
    (l) => new l.constructor({ name: 'x' }, {}),
  ];
  for (const misuse of misuses) {
    same((l) => {
      misuse(l);
    });
  }
  const options = [undefined, null, 'x', {}, { name: '' }, { name: 'x', stream: 1, streams: [] }];
  options.push({ name: 'x', level: 'loud' }, { name: 'x', level: null }, { name: 'x', streams: 1 });
  options.push({ name: 'x', serializers: [] }, { name: 'x', streams: [{ path: 5 }] });
  const outcome = (library, option) => {
    try {
      library.createLogger(option);
      return 'nothing';
    } catch (error) {
      return `${error.name}: ${error.message}`;
    }
  };
  for (const option of options) {
    assert.equal(outcome(log, option), outcome(bunyan, option));
  }
});

test('the names and numbers of bunyan are exported', () => {
  for (const name of ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL', 'LOG_VERSION']) {
    assert.equal(log[name], bunyan[name]);
  }
  assert.deepEqual(log.levelFromName, bunyan.levelFromName);
  assert.deepEqual(log.nameFromLevel, bunyan.nameFromLevel);
  for (const level of ['Warn', 5, 0, 1000]) {
    assert.equal(log.resolveLevel(level), bunyan.resolveLevel(level));
  }
});
