'use strict';
// Observers that read slowly, not at all, or die: bounded memory, exact counts, no harm to others.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Client, appIn } = require('./client');

const LIMIT = 1 << 20;

// Fires `count` numbered records of about 1 KiB when told, over several turns of the loop.
const FIRES = `
  const p = nodeobs.createProvider('p'); const probe = p.addProbe('x', 'int', 'char *'); p.enable();
  const text = 'x'.repeat(900);
  let i = 0;
  process.on('message', async ({ fire, size }) => {
    const value = size ? 'x'.repeat(size) : text;
    for (let k = 0; k < fire; k++) {
      probe.fire(() => [i++, value]);
      if (k % 100 === 99) await new Promise(setImmediate);
    }
    process.send({ fired: i });
  });
  setInterval(() => {}, 1000);`;

const env = { NODEOBS_QUEUE_PEER: String(LIMIT), NODEOBS_QUEUE_ALL: String(4 * LIMIT) };

async function subscriber(t, app, dealer) {
  const sub = await Client.open(t, app.socket, 'SUB');
  sub.subscribe('probe.');
  await dealer.settled(sub);
  return sub;
}

/** What a subscriber got: every record is there, in order, or counted as dropped. */
class Ledger {
  constructor(sub) {
    Object.assign(this, { sub, at: 0, got: 0, dropped: 0 });
  }

  /** Reads until `total` records are accounted for. */
  async upTo(total) {
    while (this.at < total) {
      const [, head, payload] = await this.sub.message();
      const header = JSON.parse(head);
      assert.equal(header.seq, this.at + header.dropped, head.toString());
      const lines = header.n === 0 ? [] : String(payload).trimEnd().split('\n');
      assert.equal(lines.length, header.n);
      for (const [k, line] of lines.entries()) {
        assert.equal(JSON.parse(line).args[0], header.seq + k);
      }
      this.at = header.seq + header.n;
      this.got += header.n;
      this.dropped += header.dropped;
    }
    assert.deepEqual([this.at, this.got + this.dropped], [total, total]);
  }
}

async function fire(app, count, size) {
  app.child.send({ fire: count, size });
  return (await app.said()).fired;
}

test('one that stopped reading costs a bounded queue, and learns what it missed', async (t) => {
  const app = await appIn(t, FIRES, { env });
  const dealer = await Client.open(t, app.socket, 'DEALER');
  const stuck = await subscriber(t, app, dealer);
  const good = await subscriber(t, app, dealer);
  stuck.socket.pause();
  const ledger = new Ledger(good);
  for (let i = 0; i < 20; i++) await ledger.upTo(await fire(app, 500)); // as fast as it reads
  assert.equal(ledger.got, 10_000);
  const stats = await dealer.request('stats');
  assert.ok(stats.memory.queued <= LIMIT && stats.bytes.queued_peak <= 2 * LIMIT);
  const [{ queued, dropped }] = stats.peers.filter((peer) => peer.dropped > 0);
  assert.ok(queued <= LIMIT && dropped > 5000);
  stuck.socket.resume();
  const told = new Ledger(stuck);
  await told.upTo(10_000);
  assert.equal(told.dropped, dropped);
  const after = await dealer.request('stats');
  assert.equal(after.records.published, 10_000);
  assert.equal(after.records.sent + after.records.dropped, 20_000);
  assert.equal(after.bytes.queued, 0);
});

test('ten that stopped reading share one memory, and one that reads loses nothing', async (t) => {
  const app = await appIn(t, FIRES, { env });
  const dealer = await Client.open(t, app.socket, 'DEALER');
  for (let i = 0; i < 10; i++) (await subscriber(t, app, dealer)).socket.pause();
  const good = await subscriber(t, app, dealer);
  const ledger = new Ledger(good);
  for (let i = 0; i < 20; i++) await ledger.upTo(await fire(app, 500));
  assert.equal(ledger.got, 10_000);
  const { memory } = await dealer.request('stats');
  assert.ok(memory.queued <= 2 * LIMIT, `${memory.queued} bytes held`);
});

test('those that stopped reading different topics share one limit', async (t) => {
  const app = await appIn(
    t,
    `const p = nodeobs.createProvider('p'); p.enable();
     const probes = Array.from({ length: 8 }, (_, i) => p.addProbe('x' + i, 'char *'));
     const text = 'x'.repeat(900);
     process.on('message', async () => {
       for (let k = 0; k < 5000; k++) {
         for (const probe of probes) probe.fire(() => [text]);
         if (k % 100 === 99) await new Promise(setImmediate);
       }
       process.send('done');
     });
     setInterval(() => {}, 1000);`,
    { env },
  );
  const dealer = await Client.open(t, app.socket, 'DEALER');
  for (let i = 0; i < 8; i++) {
    const sub = await Client.open(t, app.socket, 'SUB');
    sub.subscribe(`probe.p.x${i}`);
    await dealer.settled(sub);
    sub.socket.pause();
  }
  app.child.send('go');
  await app.said();
  const { memory, bytes, records } = await dealer.request('stats');
  assert.ok(memory.queued <= 4 * LIMIT && bytes.queued_peak <= 5 * LIMIT);
  assert.equal(records.published, 40_000);
});

test('many small messages are counted with what they take in memory', async (t) => {
  const app = await appIn(
    t,
    `const p = nodeobs.createProvider('p'); const probe = p.addProbe('x', 'int', 'char *'); p.enable();
     let i = 0;
     process.on('message', async ({ records, text }) => {
       for (let k = 0; k < records; k++) {
         probe.fire(() => [i++, text]);
         await new Promise((resolve) => setTimeout(resolve, 2)); // each leaves alone
       }
       process.send('done');
     });
     setInterval(() => {}, 1000);`,
    { env },
  );
  const dealer = await Client.open(t, app.socket, 'DEALER');
  const stuck = await subscriber(t, app, dealer);
  stuck.socket.pause();
  // Past what the kernel takes, then messages whose bytes alone would fit.
  app.child.send({ records: 6, text: 'x'.repeat(60_000) });
  await app.said();
  app.child.send({ records: 1200, text: '' });
  await app.said();
  const { peers, memory } = await dealer.request('stats');
  const [{ queued, dropped }] = peers.filter(({ type }) => type === 'SUB');
  assert.ok(queued <= LIMIT && memory.queued <= LIMIT, `${queued} of ${memory.queued} queued`);
  assert.ok(dropped > 100, `${dropped} dropped`);
  stuck.socket.resume();
  const ledger = new Ledger(stuck);
  await ledger.upTo(1206);
  assert.equal(ledger.dropped, dropped);
});

test('a record larger than any queue is dropped and reported at once', async (t) => {
  const app = await appIn(t, FIRES, { env });
  const dealer = await Client.open(t, app.socket, 'DEALER');
  const sub = await subscriber(t, app, dealer);
  await fire(app, 3);
  await fire(app, 1, 2 * LIMIT);
  const ledger = new Ledger(sub);
  await ledger.upTo(4);
  assert.deepEqual([ledger.got, ledger.dropped], [3, 1]);
  await fire(app, 1, LIMIT / 2);
  const [, header] = await sub.message();
  assert.deepEqual([JSON.parse(header).seq, JSON.parse(header).n], [4, 1]);
});

test('one that is gone in the middle of a batch leaves exact counts and nothing on', async (t) => {
  const app = await appIn(t, FIRES, { env });
  const dealer = await Client.open(t, app.socket, 'DEALER');
  const sub = await subscriber(t, app, dealer);
  sub.socket.pause();
  await fire(app, 2000);
  sub.socket.destroy();
  await dealer.until(async () => (await dealer.request('stats')).peers.length === 1);
  const { records, bytes } = await dealer.request('stats');
  assert.deepEqual([records.published, records.sent + records.dropped], [2000, 2000]);
  assert.equal(bytes.queued, 0);
  await fire(app, 10);
  assert.equal((await dealer.request('stats')).records.published, 2000);
});

test('a thousand connections of garbage at once leave nothing behind', async (t) => {
  const app = await appIn(t, 'setInterval(() => {}, 1000)');
  const dealer = await Client.open(t, app.socket, 'DEALER');
  const closed = [];
  for (let i = 0; i < 1000; i++) {
    const raw = await Client.raw(t, app.socket);
    closed.push(new Promise((resolve) => raw.once('close', resolve)));
    raw.write(`garbage ${i}`);
  }
  await Promise.all(closed);
  const { connections, refused } = await dealer.request('stats');
  assert.deepEqual(connections, { now: 1, ever: 1001 });
  assert.equal((refused.greeting ?? 0) + (refused.peers ?? 0), 1000);
});
