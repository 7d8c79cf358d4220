'use strict';
// 100,000 connections of random, mutated and truncated ZMTP: the application serves on, every bad
// peer is cut off with a reason, memory comes back. A failure prints its seed; SEED=n repeats it.

const assert = require('node:assert/strict');
const net = require('node:net');
const { test } = require('node:test');
const { Client, appIn } = require('./client');
const { COMMAND, GREETING, LONG, MORE, command, frame, property } = require('../../js/agent/zmtp');

const STREAMS = 100_000;
const AT_ONCE = 40;
const SEED = Number(process.env.SEED ?? Date.now() % 1e9);

// Mulberry32: small, and the same on every machine.
function generator(seed) {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const ready = (type) => command('READY', property('Socket-Type', type));
const text = (string) => frame(0, Buffer.from(string));

const PIECES = [
  (pick) => GREETING.subarray(0, pick(65)),
  (pick) => ready(['SUB', 'XSUB', 'DEALER', 'REQ', 'PUSH', '', '__proto__'][pick(7)]),
  () => command('SUBSCRIBE', Buffer.from('log.')),
  () => command('CANCEL', Buffer.from('log.')),
  (pick) => command('SUBSCRIBE', Buffer.alloc(pick(700), 'x')),
  () => frame(0, Buffer.from('\x01')),
  () => frame(0, Buffer.from('\x00nothing')),
  () => command('PING', Buffer.from('\0\x10context', 'latin1')),
  (pick) => command(['ERROR', 'PONG', 'LEAVE', 'X'.repeat(200)][pick(4)], Buffer.alloc(pick(20))),
  () => text('{"op":"hello","id":1}'),
  () => text('{"op":"stats"}'),
  () => text('{"op":"state.get","type":"process","object":{}}'),
  () => text('{"op":"log.level","level":"trace","for_ms":1e9}'),
  () => text('{"op":["state.types"],"__proto__":null'),
  () => Buffer.concat([frame(MORE, Buffer.alloc(0)), text('{"op":"ping"}')]),
  () => Buffer.concat(Array(20).fill(frame(MORE, Buffer.alloc(0)))),
  (pick) => Buffer.from([LONG | pick(8), pick(256), pick(256), 0, 0, pick(256), pick(256), 1, 2]),
  () => Buffer.from([LONG, 255, 255, 255, 255, 255, 255, 255, 255]),
  () => frame(COMMAND, Buffer.alloc(0)),
  (pick) => Buffer.from(Array.from({ length: pick(100) }, () => pick(256))),
];

function stream(pick) {
  const parts = pick(10) < 8 ? [GREETING] : [];
  if (pick(10) < 7) parts.push(ready(['SUB', 'DEALER', 'REQ', 'XSUB'][pick(4)]));
  for (let i = pick(8); i > 0; i--) parts.push(PIECES[pick(PIECES.length)](pick));
  const bytes = Buffer.concat(parts);
  for (let flips = pick(3) === 0 ? pick(8) : 0; flips > 0 && bytes.length > 0; flips--) {
    bytes[pick(bytes.length)] = pick(256);
  }
  return pick(4) === 0 ? bytes.subarray(0, pick(bytes.length + 1)) : bytes;
}

/** Sends one stream in two pieces and hangs up, without waiting for an answer. */
async function send(file, bytes, pick) {
  const cut = pick(bytes.length + 1);
  for (;;) {
    const socket = net.connect(file);
    let connected = false;
    socket.on('connect', () => {
      connected = true;
      socket.write(bytes.subarray(0, cut));
      socket.end(bytes.subarray(cut));
    });
    socket.on('error', () => {}); // cut off, or the queue of connections to accept is full
    socket.resume();
    await new Promise((resolve) => socket.on('close', resolve));
    if (connected) return;
  }
}

test(`${STREAMS} streams of garbage (SEED=${SEED})`, async (t) => {
  const app = await appIn(
    t,
    `const log = nodeobs.createLogger({ name: 'fuzzed', stream: { write() {} } });
     const p = nodeobs.createProvider('fuzzed'); const probe = p.addProbe('x', 'json'); p.enable();
     setInterval(() => { log.trace('tick'); probe.fire(() => [{ tick: 1 }]); }, 1);
     process.on('message', () => { globalThis.gc(); process.send(process.memoryUsage()); });`,
    { execArgv: ['--expose-gc'] },
  );
  const memory = async () => {
    app.child.send('memory');
    return app.said();
  };
  const pick = generator(SEED);
  const run = async (count) => {
    let left = count;
    const lane = async () => {
      while (left-- > 0) await send(app.socket, stream(pick), pick);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
  };
  await run(STREAMS / 2); // by then the heap has the size it needs
  const before = await memory();
  await run(STREAMS / 2);
  const dealer = await Client.open(t, app.socket, 'DEALER');
  await dealer.until(async () => (await dealer.request('stats')).connections.now === 1);
  const after = await memory();
  const { connections, refused, memory: agent } = await dealer.request('stats');
  assert.ok(connections.ever > STREAMS, `${connections.ever} connections`);
  assert.equal(agent.queued, 0);
  const reasons = [
    'command',
    'frame',
    'greeting',
    'handshake',
    'mechanism',
    'socket-type',
    'too-large',
  ];
  for (const reason of reasons) assert.ok(refused[reason] > 0, `nobody was refused for ${reason}`);
  assert.equal(refused.internal, undefined);
  const { override } = (await dealer.request('loggers')).loggers[0];
  assert.equal(override, null);
  for (const [key, slack] of [
    ['rss', 128e6], // V8 keeps up to that much room for young objects
    ['heapUsed', 2e6],
    ['external', 2e6],
  ]) {
    assert.ok(after[key] < before[key] + slack, `${key} grew from ${before[key]} to ${after[key]}`);
  }
  assert.equal(app.child.exitCode, null);
});
