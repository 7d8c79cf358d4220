'use strict';

// One case of disabled.js: prints the ns that one turn of its loop takes.
//
//   node _disabled.js CASE COUNT
//
// COUNT objects of the kind are alive and called in turn. Each case has the same loop, written out,
// because a loop that is shared by several would be compiled for all of them.

const assert = require('node:assert');

const TURNS = 20_000_000;
const ROUNDS = 5;
const COUNTS = [1, 8]; // powers of two

class Empty {
  fire() {}
  debug() {}
}

function ourProbe(i) {
  const provider = require('..').createProvider(`bench${i}`);
  const probe = provider.addProbe('probe', 'int', 'char *');
  provider.enable();
  return probe;
}

// What a probe would cost that asks the kernel's side by a native call, as dtrace-provider's does
// where it is not a stub.
class Asking {
  constructor(i) {
    const { binding, id } = ourProbe(i)._kernel;
    this.binding = binding;
    this.id = id;
  }

  fire(fn) {
    return this.binding.enabled(this.id) ? fn() : undefined;
  }
}

function ourProbeOnTheBusAlone(i) {
  process.env.NODEOBS_KERNEL = 'off';
  return ourProbe(i);
}

function ourLog(i) {
  const log = require('..').createLogger({ name: `bench${i}`, level: 'info' });
  assert.strictEqual(log.debug(), false);
  return log;
}

function theirProbe(i) {
  const provider = require('dtrace-provider').createDTraceProvider(`bench${i}`);
  const probe = provider.addProbe('probe', 'int', 'char *');
  provider.enable();
  return probe;
}

function theirLog(i) {
  return require('pino')({ name: `bench${i}`, level: 'info' });
}

const bodies = {
  loop: 'sum += objects[i & mask].value | 0;',
  fire: 'objects[i & mask].fire(() => [i, url]);',
  fields: "objects[i & mask].debug({ step: i, url }, 'msg');",
  text: "objects[i & mask].debug('msg');",
};

const CASES = {
  'empty loop': [bodies.loop, () => ({ value: 1 })],
  'empty.fire(fn)': [bodies.fire, () => new Empty()],
  'probe.fire(fn) dtrace-provider': [bodies.fire, theirProbe],
  'probe.fire(fn) nodeobs': [bodies.fire, ourProbe],
  'probe.fire(fn) nodeobs, bus alone': [bodies.fire, ourProbeOnTheBusAlone],
  'probe.fire(fn) asking through N-API': [bodies.fire, (i) => new Asking(i)],
  "log.debug({…}, 'msg') empty": [bodies.fields, () => new Empty()],
  "log.debug({…}, 'msg') pino": [bodies.fields, theirLog],
  "log.debug({…}, 'msg') nodeobs": [bodies.fields, ourLog],
  "log.debug('msg') empty": [bodies.text, () => new Empty()],
  "log.debug('msg') pino": [bodies.text, theirLog],
  "log.debug('msg') nodeobs": [bodies.text, ourLog],
  'probe.fire(fn) nodeobs, observed before': [bodies.fire, ourProbe, observed],
  "log.debug({…}, 'msg') nodeobs, observed before": [bodies.fields, ourLog, observed],
  "log.debug('msg') nodeobs, observed before": [bodies.text, ourLog, observed],
};

// Somebody listens for a while: V8 then knows the other way through the method, too.
function observed(during) {
  const { bus } = require('../js/agent');
  const observer = {
    subscriptions: new Map([['', 1]]),
    interests: new Map(),
    wants: () => true,
    outbox: { empty: true, bytes: 0, sendNow: () => true },
    sent: 0,
    dropped: 0,
  };
  bus.subscribed(observer, '', true);
  during();
  bus.flush();
  bus.gone(observer);
  assert.ok(observer.sent > 0);
}

function main([name, count]) {
  const [body, make, before] = CASES[name];
  const objects = Array.from({ length: Number(count) }, (_, i) => make(i));
  const loop = new Function(
    'objects',
    'mask',
    'turns',
    'url',
    `'use strict'; let sum = 0; for (let i = 0; i < turns; i += 1) { ${body} } return sum;`,
  );
  const mask = objects.length - 1;
  const url = '/hello';
  const warmUp = () => {
    for (let i = 0; i < 20; i += 1) loop(objects, mask, 10_000, url);
  };
  before?.(warmUp);
  warmUp();
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < ROUNDS; i += 1) {
    const start = process.hrtime.bigint();
    loop(objects, mask, TURNS / ROUNDS, url);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / (TURNS / ROUNDS));
  }
  // The best of a few: whatever interrupts a loop makes it slower, nothing makes it faster.
  console.log(best);
}

if (require.main === module) main(process.argv.slice(2));

module.exports = { CASES, COUNTS };
