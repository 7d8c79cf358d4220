'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const {
  COMMAND,
  GREETING,
  LIMITS,
  LONG,
  MORE,
  ProtocolError,
  Session,
  command,
  frame,
  frameHeader,
  property,
  textFrame,
} = require('../../js/agent/zmtp');

const ready = (type) => command('READY', property('Socket-Type', type));

function open() {
  const seen = { sent: [], types: [], subscriptions: [], messages: [] };
  const session = new Session({
    send: (bytes) => seen.sent.push(bytes),
    ready: (type) => seen.types.push(type),
    subscribe: (prefix, on) => seen.subscriptions.push([prefix, on]),
    message: (parts) => seen.messages.push(parts.map(String)),
  });
  return { session, seen };
}

function refusal(bytes) {
  const { session } = open();
  try {
    session.feed(bytes);
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
    return error.reason;
  }
  return null;
}

test('a subscriber shakes hands and subscribes in both forms', () => {
  const { session, seen } = open();
  session.feed(
    Buffer.concat([
      GREETING,
      ready('SUB'),
      command('SUBSCRIBE', Buffer.from('log.20.')),
      frame(0, Buffer.from('\x01probe.')),
      command('CANCEL', Buffer.from('log.20.')),
      frame(0, Buffer.from('\x00probe.')),
      frame(0, Buffer.from('\x05upstream')),
    ]),
  );
  assert.deepEqual(seen.types, ['SUB']);
  assert.deepEqual(seen.subscriptions, [
    ['log.20.', true],
    ['probe.', true],
    ['log.20.', false],
    ['probe.', false],
  ]);
  assert.ok(seen.sent[0].includes('XPUB'));
  assert.deepEqual(seen.messages, []);
});

test('every split of a conversation gives the same events', () => {
  const long = 'x'.repeat(300);
  const bytes = Buffer.concat([
    GREETING,
    ready('DEALER'),
    frame(MORE, Buffer.alloc(0)),
    frame(0, Buffer.from(long)),
    command('PING', Buffer.from('\0\x01ctx', 'latin1')),
    frame(LONG, Buffer.alloc(0)).subarray(0, 0),
    frame(0, Buffer.from('{}')),
  ]);
  for (let at = 0; at <= bytes.length; at++) {
    const { session, seen } = open();
    session.feed(bytes.subarray(0, at));
    session.feed(bytes.subarray(at));
    assert.deepEqual(seen.messages, [['', long], ['{}']], `split at ${at}`);
    assert.equal(seen.sent.length, 2);
    assert.deepEqual(seen.sent[1], command('PONG', Buffer.from('ctx')));
  }
  const { session, seen } = open();
  for (const byte of bytes) session.feed(Buffer.from([byte]));
  assert.deepEqual(seen.messages, [['', long], ['{}']]);
});

test('a frame may be sent in the long form however short it is', () => {
  const { session, seen } = open();
  const header = Buffer.from([LONG, 0, 0, 0, 0, 0, 0, 0, 2]);
  session.feed(Buffer.concat([GREETING, ready('REQ'), header, Buffer.from('hi')]));
  assert.deepEqual(seen.messages, [['hi']]);
});

test('an unknown command is ignored', () => {
  const { session, seen } = open();
  session.feed(Buffer.concat([GREETING, ready('SUB'), command('FUTURE', Buffer.from('x'))]));
  session.feed(command('SUBSCRIBE', Buffer.from('a')));
  assert.deepEqual(seen.subscriptions, [['a', true]]);
});

test('property names are read without regard to case', () => {
  const { session, seen } = open();
  session.feed(Buffer.concat([GREETING, command('READY', property('SOCKET-TYPE', 'SUB'))]));
  assert.deepEqual(seen.types, ['SUB']);
});

test('what is not the protocol is refused with its reason', () => {
  const hello = (bytes) => Buffer.concat([GREETING, bytes]);
  const zmtp2 = Buffer.from(GREETING);
  zmtp2[10] = 1;
  const curve = Buffer.from(GREETING);
  curve.write('CURVE\0', 12, 'latin1');
  const huge = Buffer.from([LONG, 0, 0, 0, 0, 0x40, 0, 0, 0]);
  const endless = Buffer.from([LONG, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
  const dealer = (bytes) => hello(Buffer.concat([ready('DEALER'), bytes]));
  const cases = [
    ['greeting', Buffer.from('GET / HTTP/1.1\r\n')],
    ['greeting', zmtp2],
    ['mechanism', curve],
    ['socket-type', hello(ready('PUSH'))],
    ['socket-type', hello(ready('toString'))],
    ['handshake', hello(frame(0, Buffer.from('hi')))],
    ['handshake', hello(command('SUBSCRIBE', Buffer.from('a')))],
    ['handshake', dealer(ready('DEALER'))],
    ['frame', hello(Buffer.from([0x80, 0]))],
    ['frame', hello(Buffer.from([COMMAND | MORE, 0]))],
    ['frame', dealer(Buffer.concat(Array(LIMITS.parts + 1).fill(frame(MORE, Buffer.alloc(0)))))],
    ['too-large', hello(huge)],
    ['too-large', hello(endless)],
    ['command', hello(frame(COMMAND, Buffer.alloc(0)))],
    ['command', hello(frame(COMMAND, Buffer.from([9, 65])))],
    ['command', hello(command('READY', Buffer.from([0])))],
    ['command', hello(command('READY', Buffer.from([1, 65, 255, 255, 255, 255])))],
    ['command', dealer(command('PING', Buffer.alloc(1)))],
    ['command', dealer(command('SUBSCRIBE', Buffer.from('a')))],
    [
      'subscriptions',
      hello(Buffer.concat([ready('SUB'), command('SUBSCRIBE', Buffer.alloc(513))])),
    ],
  ];
  for (const [reason, bytes] of cases) assert.equal(refusal(bytes), reason, bytes.toString('hex'));
});

test('the parts of a message share one limit', () => {
  const part = frame(MORE, Buffer.alloc(LIMITS.message / 2 + 1));
  assert.equal(refusal(Buffer.concat([GREETING, ready('DEALER'), part, part])), 'too-large');
});

test('room grows with what arrived, not with what was promised', () => {
  const { session } = open();
  const promise = Buffer.from([LONG, 0, 0, 0, 0, 0, 0x0f, 0xff, 0xff]);
  session.feed(Buffer.concat([GREETING, ready('DEALER'), promise, Buffer.from('few')]));
  assert.ok(session.held.length < 1024, `${session.held.length} bytes held`);
});

test('a session that ended ignores the rest', () => {
  const { session, seen } = open();
  session.feed(Buffer.concat([GREETING, ready('DEALER')]));
  session.end();
  session.feed(frame(0, Buffer.from('late')));
  assert.deepEqual(seen.messages, []);
});

test('frames carry their length in one byte or in eight', () => {
  assert.deepEqual([...frameHeader(0, 255)], [0, 255]);
  assert.deepEqual([...frameHeader(MORE, 256)], [MORE | LONG, 0, 0, 0, 0, 0, 0, 1, 0]);
  assert.deepEqual([...frameHeader(0, 2 ** 32 + 7)], [LONG, 0, 0, 0, 1, 0, 0, 0, 7]);
  assert.deepEqual(textFrame('grün', true), Buffer.from('\x01\x05grün'));
  assert.equal(textFrame('x'.repeat(256), false).length, 265);
});
