'use strict';
// Topics, who wants them, and the batches between. Subscribing is enabling: a topic is live while
// some peer's subscription matches it, and what produces records asks nothing but `topic.live`.

const { performance } = require('node:perf_hooks');
const { setImmediate } = require('node:timers'); // before anybody fakes the global
const { textFrame } = require('./zmtp');

const BATCH_CHARS = 64 * 1024;
const PROTOCOL = 1;

/**
 * One topic of this thread. Producers keep it; the bus only knows it weakly.
 */
class Topic {
  /** @param {Bus} bus @param {string} name @param {(live: number) => void} [onlive] */
  constructor(bus, name, onlive) {
    this.bus = bus;
    this.name = name;
    this.onlive = onlive;
    /** How many peers want it: 0 is off. The one thing a hot path reads. */
    this.live = 0;
    /** @type {Interest[]} */
    this.interests = [];
    this.frame = textFrame(name, true);
    this.published = 0;
    this.sent = 0;
    this.dropped = 0;
    // The batch being filled.
    this.text = '';
    this.records = 0;
    /** @type {number[]} agent-wide numbers of the records: pairs first, count */
    this.runs = [];
    this.next = -1; // the agent-wide number that would go on with the last run
  }

  /**
   * Adds one record to the batch of this loop turn. To be called only while `live`.
   * @param {string} line one line of JSON with its "\n"
   */
  publish(line) {
    const { bus } = this;
    if (line.length >= BATCH_CHARS && this.records > 0) bus.flush(); // a giant travels alone
    if (this.records === 0) bus.pending.push(this);
    const at = bus.count++;
    if (at === this.next) this.runs[this.runs.length - 1] += 1;
    else this.runs.push(at, 1);
    this.next = at + 1;
    this.text += line;
    this.records += 1;
    bus.grew(line.length);
  }

  /** Takes the batch filled so far. @param {number} largest bytes that no queue would take */
  take(largest) {
    const { text, records, runs } = this;
    const order = runs.length === 2 ? `"at":${runs[0]}` : `"runs":[${runs}]`;
    this.text = '';
    this.records = 0;
    this.runs = [];
    this.next = -1;
    this.published += records;
    return new Batch(records, order, text.length > largest ? null : textFrame(text, false));
  }
}

/** The records of one topic and loop turn; one payload for all the peers that want it. */
class Batch {
  /** @param {number} records @param {string} order @param {Buffer | null} payload */
  constructor(records, order, payload) {
    this.records = records;
    this.order = order;
    this.payload = payload;
    this.holders = 0; // queues that hold it
  }

  get bytes() {
    return this.payload === null ? Number.POSITIVE_INFINITY : this.payload.length;
  }
}

/** One peer's wish for one topic. */
class Interest {
  /** @param {import('./peer').Peer} peer @param {Topic} topic */
  constructor(peer, topic) {
    this.peer = peer;
    this.topic = topic;
    this.position = 0; // records accounted for: queued, sent or dropped
    this.unreported = 0; // dropped and not yet told to the peer
  }

  /** @param {number} records @param {string} order */
  header(records, order) {
    const dropped = this.unreported;
    this.unreported = 0;
    const tail = order === '' ? '' : `,${order}`;
    return textFrame(
      `{"v":${PROTOCOL},"seq":${this.position},"n":${records},"dropped":${dropped}${tail}}`,
      true,
    );
  }

  /** @param {Batch} batch */
  offer(batch) {
    const { bus } = this.topic;
    const { outbox } = this.peer;
    if (!bus.fits(outbox, batch)) {
      this.position += batch.records;
      this.unreported += batch.records;
      this.#lost(batch.records);
      if (outbox.empty) this.report(); // nothing will drain, so nothing else would tell
      return;
    }
    const header = this.header(batch.records, batch.order);
    const payload = /** @type {Buffer} */ (batch.payload);
    this.position += batch.records;
    bus.hold(batch);
    outbox.push({
      buffers: [this.topic.frame, header, payload],
      bytes: this.topic.frame.length + header.length + payload.length,
      sent: () => {
        bus.release(batch);
        this.topic.sent += batch.records;
        this.peer.sent += batch.records;
        bus.costs.records.sent += batch.records;
      },
      lost: () => {
        bus.release(batch);
        this.#lost(batch.records);
      },
    });
  }

  /** Tells the peer of drops that no later batch has told. */
  report() {
    if (this.unreported === 0) return;
    const header = this.header(0, '');
    const payload = textFrame('', false);
    this.peer.outbox.push({
      buffers: [this.topic.frame, header, payload],
      bytes: this.topic.frame.length + header.length + payload.length,
      sent() {},
      lost() {},
    });
  }

  /** @param {number} records */
  #lost(records) {
    this.topic.dropped += records;
    this.peer.dropped += records;
    this.topic.bus.costs.records.dropped += records;
  }
}

class Bus {
  /**
   * @param {import('./costs').Costs} costs
   * @param {{peer: number, all: number}} limits bytes queued for one peer, and for all
   */
  constructor(costs, limits) {
    this.costs = costs;
    this.limits = limits;
    /** @type {Map<string, WeakRef<Topic>>} */
    this.topics = new Map();
    this.forget = new FinalizationRegistry((/** @type {string} */ name) => {
      if (this.topics.get(name)?.deref() === undefined) this.topics.delete(name);
    });
    /** @type {Set<import('./peer').Peer>} the subscribers */
    this.subscribers = new Set();
    /** @type {Topic[]} topics with a batch being filled */
    this.pending = [];
    this.pendingChars = 0;
    this.scheduled = false;
    this.flushing = false;
    this.count = 0; // records of this agent, over all topics
    this.held = 0; // bytes of payloads in queues, each counted once
    this.heldPeak = 0;
  }

  /**
   * The topic of this name; the same one for everybody who asks.
   * @param {string} name @param {(live: number) => void} [onlive] told when `live` leaves or
   *   reaches 0; for a topic with a single owner
   * @returns {Topic}
   */
  topic(name, onlive) {
    const known = this.topics.get(name)?.deref();
    if (known) return known;
    const topic = new Topic(this, name, onlive);
    this.topics.set(name, new WeakRef(topic));
    this.forget.register(topic, name);
    for (const peer of this.subscribers) {
      if (peer.wants(name)) this.#connect(peer, topic);
    }
    return topic;
  }

  /** @returns {Generator<Topic>} */
  *all() {
    for (const ref of this.topics.values()) {
      const topic = ref.deref();
      if (topic) yield topic;
    }
  }

  /**
   * A peer's subscriptions changed.
   * @param {import('./peer').Peer} peer @param {string} prefix @param {boolean} on
   */
  subscribed(peer, prefix, on) {
    this.flush(); // what was fired before belongs to those who wanted it then
    this.subscribers.add(peer);
    for (const topic of this.all()) {
      if (!topic.name.startsWith(prefix)) continue;
      if (on) this.#connect(peer, topic);
      else if (!peer.wants(topic.name)) this.#disconnect(peer, topic);
    }
  }

  /** @param {import('./peer').Peer} peer */
  gone(peer) {
    this.subscribers.delete(peer);
    for (const topic of [...peer.interests.keys()]) this.#disconnect(peer, topic);
  }

  /** @param {import('./peer').Peer} peer @param {Topic} topic */
  #connect(peer, topic) {
    if (peer.interests.has(topic)) return;
    const interest = new Interest(peer, topic);
    peer.interests.set(topic, interest);
    topic.interests.push(interest);
    topic.live = topic.interests.length;
    if (topic.live === 1) topic.onlive?.(1);
  }

  /** @param {import('./peer').Peer} peer @param {Topic} topic */
  #disconnect(peer, topic) {
    const interest = peer.interests.get(topic);
    if (!interest) return;
    peer.interests.delete(topic);
    topic.interests = topic.interests.filter((other) => other !== interest);
    topic.live = topic.interests.length;
    if (topic.live === 0) topic.onlive?.(0);
  }

  /** @param {number} chars just added to a batch */
  grew(chars) {
    this.pendingChars += chars;
    if (this.pendingChars >= BATCH_CHARS) {
      this.flush();
    } else if (!this.scheduled) {
      this.scheduled = true;
      // unref'd: a record logged in 'beforeExit' must not start another turn of the loop.
      setImmediate(() => {
        this.scheduled = false;
        this.flush();
      }).unref();
    }
  }

  /** Hands every batch being filled to the queues of those who want it. */
  flush() {
    if (this.pending.length === 0 || this.flushing) return;
    const start = performance.now();
    this.flushing = true;
    const { pending } = this;
    this.pending = [];
    this.pendingChars = 0;
    try {
      for (const topic of pending) {
        const batch = topic.take(this.limits.peer);
        this.costs.records.published += batch.records;
        this.costs.batches += 1;
        for (const interest of topic.interests) interest.offer(batch);
      }
    } finally {
      this.flushing = false;
      this.costs.spent.flush += performance.now() - start;
    }
  }

  /** @param {import('./outbox').Outbox} outbox @param {Batch} batch */
  fits(outbox, batch) {
    // A peer that keeps up is not made to pay for those that fill the common room.
    if (outbox.empty) return batch.bytes <= this.limits.peer;
    const room = batch.holders > 0 || this.held + batch.bytes <= this.limits.all;
    return room && outbox.bytes + batch.bytes <= this.limits.peer;
  }

  /** @param {Batch} batch */
  hold(batch) {
    batch.holders += 1;
    if (batch.holders > 1) return;
    this.held += batch.bytes;
    this.heldPeak = Math.max(this.heldPeak, this.held);
  }

  /** @param {Batch} batch */
  release(batch) {
    batch.holders -= 1;
    if (batch.holders === 0) this.held -= batch.bytes;
  }
}

module.exports = { Bus, Topic, PROTOCOL };
