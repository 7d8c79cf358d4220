'use strict';
// Programs as the controller would send them, and a controller that runs one.

const assert = require('node:assert/strict');
const { Client } = require('./client');

const int = (v) => ({ k: 'int', v });
const str = (v) => ({ k: 'str', v });
const arg = (n) => ({ k: 'arg', n });
const args = (n) => ({ k: 'args', n });
const builtin = (name) => ({ k: 'builtin', name });
const variable =
  (scope) =>
  (name, ...index) => ({
    k: 'var',
    scope,
    name,
    ...(index.length > 0 ? { index } : {}),
  });
const global = variable('global');
const self = variable('self');
const local = variable('this');
const member = (e, name) => ({ k: 'member', e, name });
const binary = (op, l, r) => ({ k: 'binary', op, l, r });
const call = (fn, ...list) => ({ k: 'call', fn, args: list });
const assign = (to, e, op = '=') => ({ k: 'expr', e: { k: 'assign', op, to, e } });
const step = (to) => ({ k: 'expr', e: { k: 'step', to, by: 1, post: true } });
const data = (n, ...list) => ({ k: 'data', n, args: list });
const agg = (name, keys, fn, ...list) => ({ k: 'agg', name, keys, fn, args: list });
const exit = (code) => ({ k: 'exit', e: int(code) });

/** A clause for `provider:module:function:name`. */
function clause(probes, body, condition = null, n = 0) {
  const descriptions = [probes].flat().map((text) => text.split(':'));
  return { n, probes: descriptions, if: condition, do: body };
}

/** Clauses numbered from 0. */
function program(clauses, options = {}) {
  return { clauses: clauses.map((one, n) => ({ ...one, n })), options };
}

/** A program in a process, with its records. */
class Traced {
  static async start(t, app, given, more = {}) {
    const dealer = await Client.open(t, app.socket, 'DEALER');
    const sub = await Client.open(t, app.socket, 'SUB');
    const traced = new Traced(
      dealer,
      sub,
      await dealer.request('trace.start', { program: given, ...more }),
    );
    sub.subscribe(traced.topic);
    await dealer.settled(sub);
    return traced;
  }

  /** The same, running. */
  static async run(t, app, given, more) {
    const traced = await Traced.start(t, app, given, more);
    await traced.go();
    return traced;
  }

  constructor(dealer, sub, { watch, topic, probes }) {
    this.dealer = dealer;
    this.sub = sub;
    this.watch = watch;
    this.topic = topic;
    this.probes = probes;
    this.inbox = [];
    this.dropped = 0;
  }

  go() {
    return this.dealer.request('trace.go', { watch: this.watch });
  }

  read(globals) {
    return this.dealer.request('trace.read', { watch: this.watch, globals });
  }

  set(globals) {
    return this.dealer.request('trace.set', { watch: this.watch, globals });
  }

  stop(globals) {
    return this.dealer.request('trace.stop', { watch: this.watch, globals });
  }

  /** The next record. */
  async record() {
    while (this.inbox.length === 0) {
      const [topic, header, payload] = await this.sub.message();
      assert.equal(String(topic), this.topic);
      this.dropped += JSON.parse(header).dropped;
      const lines = String(payload).split('\n').filter(Boolean);
      this.inbox.push(...lines.map((line) => JSON.parse(line)));
    }
    return this.inbox.shift();
  }

  async records(count) {
    const records = [];
    while (records.length < count) records.push(await this.record());
    return records;
  }

  /** The values of the next data records, clause by clause. */
  async values(count) {
    const records = await this.records(count);
    return records.map(({ k, c, d, message }) => (k === 'data' ? [c, ...d] : [k, c, message]));
  }
}

/** An application with a probe shop:till:sold(int, char *, json) that does what it is told. */
const SHOP = `
  const p = nodeobs.createProvider('shop', 'till');
  const sold = p.addProbe('sold', 'int', 'char *', 'json');
  p.enable();
  let ran = 0;
  const sell = (price, name = 'book', more = {}) => sold.fire(() => (ran += 1, [price, name, more]));
  process.on('message', async (source) => {
    const said = await eval('(async () => { ' + source + ' })()');
    process.send({ said });
  });
  setInterval(() => {}, 1000);
`;

/** Runs something in an application made of SHOP. */
async function does(app, source) {
  app.child.send(source);
  return (await app.said()).said;
}

module.exports = {
  SHOP,
  Traced,
  agg,
  arg,
  args,
  assign,
  binary,
  builtin,
  call,
  clause,
  data,
  does,
  exit,
  global,
  int,
  local,
  member,
  program,
  self,
  step,
  str,
};
