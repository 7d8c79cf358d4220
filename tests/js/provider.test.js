'use strict';
// dtrace-provider's API, and its traps.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, appIn } = require('./client');
const { createDTraceProvider, DTraceProvider } = require('../../js/probes/dtrace-provider');

// The body runs in a child whose probes a subscriber sees; `run(fn)` reports what fn returns.
async function observed(t, body, options) {
  const app = await appIn(
    t,
    `const say = (value) => process.send({ value });
     ${body}
     process.once('message', () => { try { say(go()); } catch (error) { say('threw ' + error.message); } });
     setInterval(() => {}, 1000);`,
    options,
  );
  const sub = await Client.open(t, app.socket, 'SUB');
  sub.subscribe('probe.');
  const dealer = await Client.open(t, app.socket, 'DEALER');
  await dealer.settled(sub);
  app.child.send('go');
  const { value } = await app.said();
  const firings = async (count) => {
    const records = [];
    while (records.length < count) {
      const [, , payload] = await sub.message();
      records.push(
        ...String(payload)
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line)),
      );
    }
    return records;
  };
  return { app, dealer, firings, value };
}

test('an unobserved probe runs nothing and returns undefined', () => {
  const provider = createDTraceProvider('idle');
  const probe = provider.addProbe('p', 'int');
  provider.enable();
  const never = () => assert.fail('ran');
  assert.equal(probe.fire(never), undefined);
  assert.equal(provider.p, probe);
  assert.equal(provider.fire('p', never), true);
  assert.equal(provider.fire('q', never), undefined);
  assert.equal(provider.fire('name', never), undefined);
  assert.equal(provider.fire('addProbe', never), undefined);
  assert.ok(provider instanceof DTraceProvider);
});

test('misuse throws what dtrace-provider throws, observed or not', () => {
  const provider = createDTraceProvider('misuse');
  const probe = provider.addProbe('p', 'int');
  assert.throws(() => probe.fire(), /^TypeError: Must give probe value callback as first argument/);
  assert.throws(() => provider.fire(), /^TypeError: Must give probe name as first argument/);
  assert.throws(() => provider.fire('p'), /^TypeError: Must give probe value callback as second/);
  assert.throws(() => createDTraceProvider(), /provider name/);
  assert.throws(() => provider.addProbe('x', ...Array(33).fill('int')), RangeError);
});

test('a probe never hides a method of its provider', () => {
  const provider = createDTraceProvider('names');
  for (const name of ['fire', 'enable', 'constructor', 'ok']) provider.addProbe(name, 'int');
  provider.enable();
  assert.equal(typeof provider.fire, 'function');
  assert.equal(provider.ok.name, 'ok');
  assert.equal(provider.removeProbe(provider.ok), true);
  assert.equal('ok' in provider, false);
});

test('modules of providers without one do not clash', () => {
  const modules = [1, 2].map(() => createDTraceProvider('same').module);
  assert.notEqual(modules[0], modules[1]);
  assert.equal(createDTraceProvider('same', 'mine').module, 'mine');
});

test('arguments are converted by their declared type', async (t) => {
  const { value, firings } = await observed(
    t,
    `const p = nodeobs.createDTraceProvider('types', 'm');
     const types = ['int', 'int', 'int', 'int', 'char *', 'char *', 'json', 'json', 'id', 'uint32'];
     const probe = p.addProbe('x', ...types); p.enable();
     const go = () => [
       probe.fire(() => [7.9, -1n, 2n ** 60n, '12', 'é', 5, { a: [1] }, undefined, 42, 3]),
       probe.fire(() => []),
       probe.fire(() => [NaN, true, null, {}, null, undefined, 'text', null, 1, 2, 'more', 'ignored']),
     ];`,
  );
  assert.deepEqual(value, [true, true, true]);
  const [first, fewer, odd] = (await firings(3)).map(({ args }) => args);
  assert.deepEqual(first, [7, -1, '1152921504606846976', 12, 'é', '5', { a: [1] }, null, '42', 3]);
  assert.deepEqual(fewer, [0, 0, 0, 0, 'undefined', 'undefined', null, null, 'undefined', 0]);
  assert.deepEqual(odd, [0, 1, 0, 0, 'null', 'undefined', 'text', null, '1', 2]);
});

test('32 arguments', async (t) => {
  const { firings } = await observed(
    t,
    `const p = nodeobs.createDTraceProvider('many');
     const probe = p.addProbe('x', ...Array(32).fill('int')); p.enable();
     const go = () => probe.fire(() => Array.from({ length: 32 }, (_, i) => i));`,
  );
  assert.deepEqual(
    (await firings(1))[0].args,
    Array.from({ length: 32 }, (_, i) => i),
  );
});

test('the callback has the probe as this and the further arguments, and runs once', async (t) => {
  const { value, firings } = await observed(
    t,
    `const p = nodeobs.createDTraceProvider('cb');
     const probe = p.addProbe('x', 'int', 'int'); p.enable();
     let runs = 0;
     function values(a, b) { runs += 1; return this === probe ? [a, b] : [0, 0]; }
     const go = () => { probe.fire(values, 1, 2); p.fire('x', values, 3, 4); return runs; };`,
  );
  assert.equal(value, 2);
  assert.deepEqual(
    (await firings(2)).map(({ args }) => args),
    [
      [1, 2],
      [3, 4],
    ],
  );
});

test('nothing that a callback or its values do reaches the application', async (t) => {
  const { value, dealer, firings } = await observed(
    t,
    `const p = nodeobs.createDTraceProvider('traps');
     const probe = p.addProbe('x', 'json', 'char *', 'int'); p.enable();
     const cycle = {}; cycle.self = cycle;
     const hostile = { toString() { throw new Error('hostile'); }, valueOf() { throw new Error('hostile'); } };
     const go = () => [
       probe.fire(() => { throw new Error('callback'); }),
       probe.fire(() => ({ not: 'an array' })),
       probe.fire(() => undefined),
       probe.fire(() => [cycle, hostile, hostile]),
       probe.fire(() => [{ big: 1n, get boom() { throw new Error('getter'); } }, Symbol('s'), Symbol('s')]),
       probe.fire(() => [{ toJSON() { throw new Error('toJSON'); } }, 'ok', 1]),
     ];`,
  );
  // undefined becomes null on its way through IPC
  assert.deepEqual(value, [null, null, null, true, true, true]);
  const args = (await firings(3)).map((record) => record.args);
  assert.deepEqual(args[0], [{ self: '[Circular]' }, null, null]);
  assert.deepEqual(args[1], [{ big: '1', boom: '[Getter]' }, 'Symbol(s)', null]);
  assert.deepEqual(args[2].slice(1), ['ok', 1]);
  const [{ fired, errors }] = await dealer.probes();
  assert.deepEqual([fired, errors], [3, 9]);
});

test('enable, disable and probes added later', async (t) => {
  const { value, firings } = await observed(
    t,
    `const p = nodeobs.createDTraceProvider('cycle');
     const a = p.addProbe('a', 'int');
     const go = () => {
       const out = [a.fire(() => [0])];
       p.enable(); p.enable();
       const b = p.addProbe('b', 'int');
       out.push(a.fire(() => [1]), b.fire(() => [2]));
       p.disable();
       out.push(a.fire(() => [3]), b.fire(() => [4]));
       p.enable();
       out.push(a.fire(() => [5]));
       p.removeProbe(b);
       out.push(b.fire(() => [6]), p.fire('b', () => [7]));
       for (let i = 0; i < 1000; i++) { p.disable(); p.enable(); }
       out.push(a.fire(() => [8]));
       return out;
     };`,
  );
  assert.deepEqual(value, [null, true, true, null, null, true, null, null, true]);
  const fired = (await firings(4)).map(({ args }) => args[0]).sort();
  assert.deepEqual(fired, [1, 2, 5, 8]);
});

test('two providers of one name both fire, told apart by module', async (t) => {
  const { firings } = await observed(
    t,
    `const [p, q] = ['first', 'second'].map((m) => { const p = nodeobs.createDTraceProvider('twin', m); p.addProbe('x', 'int'); p.enable(); return p; });
     const go = () => [p.x.fire(() => [1]), q.x.fire(() => [2])];`,
  );
  const records = await firings(2);
  assert.deepEqual(
    records.map(({ module, args }) => [module, args[0]]),
    [
      ['first', 1],
      ['second', 2],
    ],
  );
});

test('a provider lives while a probe of it does, and is collected after', async (t) => {
  const { app, value, dealer } = await observed(
    t,
    `let probe = (() => { const p = nodeobs.createDTraceProvider('kept'); p.enable(); return p.addProbe('x', 'int'); })();
     const go = () => { globalThis.gc(); return probe.fire(() => [1]); };
     process.on('message', (m) => { if (m === 'drop') probe = null; });
     setInterval(() => globalThis.gc(), 5);`,
    { execArgv: ['--expose-gc'] },
  );
  assert.equal(value, true);
  assert.equal((await dealer.probes()).length, 1);
  app.child.send('drop');
  await dealer.until(async () => (await dealer.probes()).length === 0);
});

test('a thousand providers come and go without a trace', async (t) => {
  const { dealer } = await observed(
    t,
    `const go = () => { for (let i = 0; i < 1000; i++) { const p = nodeobs.createDTraceProvider('gone' + i); p.addProbe('x', 'int'); p.enable(); } };
     setInterval(() => globalThis.gc(), 5);`,
    { execArgv: ['--expose-gc'] },
  );
  await dealer.until(async () => (await dealer.probes()).length === 0);
});
