'use strict';
// Topics, who wants them, and the batches between. Subscribing is enabling: a topic is live while
// some peer's subscription matches it, and what produces records asks nothing but `topic.live`.

const { performance } = require('node:perf_hooks');
const { setImmediate, setTimeout } = require('node:timers'); // before anybody fakes the globals
const { Entry, OVERHEAD } = require('./outbox');
const { LONG, longHeader, textFrame } = require('./zmtp');

const BATCH_CHARS = 64 * 1024;
// A busy loop turns thousands of times a second. Batches do not leave more often than this: every
// write wakes an observer up, which costs more than the writing.
const TURN_MS = 1;
const PROTOCOL = 1;

// Batches are written from one buffer, which holds a message as it goes over the wire: the topic
// and the header, which differ from peer to peer, are put right before the payload. Only what the
// kernel does not take at once is copied. Its size: a batch with one giant still fits, in UTF-8.
const HEAD_BYTES = 2048;
const HEADER_BYTES = 96; // of a header frame, its order left aside, with the longest numbers
const SCRATCH_BYTES = HEAD_BYTES + 9 + 3 * 2 * BATCH_CHARS;

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

  /** Takes the batch filled so far. */
  take() {
    const { text, records, runs } = this;
    this.text = '';
    this.records = 0;
    this.runs = [];
    this.next = -1;
    this.published += records;
    const order = runs.length === 2 ? `,"at":${runs[0]}` : `,"runs":[${runs}]`;
    return new Batch(this.bus, text, records, order);
  }
}

/** The records of one topic and loop turn; one payload for all the peers that want it. */
class Batch {
  /** @param {Bus} bus @param {string} text @param {number} records @param {string} order */
  constructor(bus, text, records, order) {
    this.records = records;
    this.order = order;
    this.holders = 0; // queues that hold it
    /** @type {Buffer | null} in which it lies, from HEAD_BYTES on; null: larger than any queue */
    this.room = null;
    this.bytes = Number.POSITIVE_INFINITY; // with the frame's header
    /** @type {Buffer | null} */
    this.copy = null;
    if (text.length <= bus.limits.peer) this.#encode(bus, text);
  }

  /** @param {Bus} bus @param {string} text */
  #encode(bus, text) {
    const start = HEAD_BYTES + 9;
    const shared = text.length <= 2 * BATCH_CHARS;
    this.room = shared ? bus.scratch() : Buffer.allocUnsafe(start + Buffer.byteLength(text));
    const length = this.room.write(text, start, 'utf8');
    longHeader(this.room, HEAD_BYTES, LONG, length);
    this.bytes = 9 + length;
  }

  /** The payload's frame, to be kept. */
  payload() {
    const room = /** @type {Buffer} */ (this.room);
    this.copy ??= Buffer.from(room.subarray(HEAD_BYTES, HEAD_BYTES + this.bytes));
    return this.copy;
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

  /** @param {number} records @param {string} order with its leading comma */
  #header(records, order) {
    const { position, unreported } = this;
    this.position += records;
    this.unreported = 0;
    return textFrame(
      `{"v":${PROTOCOL},"seq":${position},"n":${records},"dropped":${unreported}${order}}`,
      true,
    );
  }

  /** @param {Batch} batch */
  offer(batch) {
    const { bus, frame } = this.topic;
    const { outbox } = this.peer;
    const { records } = batch;
    if (!bus.fits(outbox, batch, frame.length + HEADER_BYTES + batch.order.length)) {
      this.position += records;
      this.unreported += records;
      this.#count('dropped', records);
      if (outbox.empty) this.report(); // nothing will drain, so nothing else would tell
      return;
    }
    const header = this.#header(records, batch.order);
    if (outbox.empty) {
      this.#writeNow(batch, header);
    } else {
      bus.hold(batch);
      outbox.push(new Entry([frame, header, batch.payload()], this, records, batch));
    }
  }

  /** @param {Batch} batch @param {Buffer} header */
  #writeNow(batch, header) {
    const { frame } = this.topic;
    const { outbox } = this.peer;
    const head = frame.length + header.length;
    if (head > HEAD_BYTES) {
      outbox.push(new Entry([frame, header, batch.payload()], this, batch.records, null));
      return;
    }
    const room = /** @type {Buffer} */ (batch.room);
    const start = HEAD_BYTES - head;
    room.set(frame, start);
    room.set(header, start + frame.length);
    const end = HEAD_BYTES + batch.bytes;
    const written = outbox.writeNow(room, start, end);
    if (written === end - start) {
      this.#count('sent', batch.records);
    } else {
      const rest = Buffer.from(room.subarray(start + written, end));
      outbox.push(new Entry([rest], this, batch.records, null));
    }
  }

  /** Tells the peer of drops that no later batch has told. */
  report() {
    if (this.unreported === 0) return;
    const buffers = [this.topic.frame, this.#header(0, ''), textFrame('', false)];
    this.peer.outbox.push(new Entry(buffers, null, 0, null));
  }

  /** The kernel has taken a queued message. @param {Entry} entry */
  sent(entry) {
    if (entry.batch !== null) this.topic.bus.release(entry.batch);
    this.#count('sent', entry.records);
  }

  /** The peer went before it had a queued message. @param {Entry} entry */
  lost(entry) {
    if (entry.batch !== null) this.topic.bus.release(entry.batch);
    this.#count('dropped', entry.records);
  }

  /** @param {'sent' | 'dropped'} what @param {number} records */
  #count(what, records) {
    this.topic[what] += records;
    this.peer[what] += records;
    this.topic.bus.costs.records[what] += records;
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
    this.flushScheduled = () => {
      this.scheduled = false;
      this.flush();
    };
    this.flushed = 0; // when, in the time of performance.now()
    this.flushing = false;
    this.count = 0; // records of this agent, over all topics
    this.held = 0; // bytes of memory for what is in queues, shared payloads counted once
    this.heldPeak = 0;
    /** @type {Buffer | null} */
    this.scratchBuffer = null;
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
    this.flush(); // what it still wanted is counted as lost with its queue
    this.subscribers.delete(peer);
    for (const topic of [...peer.interests.keys()]) this.#disconnect(peer, topic);
    if (this.subscribers.size === 0) this.scratchBuffer = null;
  }

  /** What batches are written from, one after the other. */
  scratch() {
    this.scratchBuffer ??= Buffer.allocUnsafeSlow(SCRATCH_BYTES);
    return this.scratchBuffer;
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
      if (performance.now() - this.flushed >= TURN_MS) setImmediate(this.flushScheduled).unref();
      else setTimeout(this.flushScheduled, TURN_MS).unref();
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
        const batch = topic.take();
        this.costs.records.published += batch.records;
        this.costs.batches += 1;
        for (const interest of topic.interests) interest.offer(batch);
      }
    } finally {
      this.flushing = false;
      this.flushed = performance.now();
      this.costs.spent.flush += this.flushed - start;
    }
  }

  /**
   * @param {import('./outbox').Outbox} outbox @param {Batch} batch
   * @param {number} head bytes of the frames before the payload, at most
   */
  fits(outbox, batch, head) {
    // A peer that keeps up is not made to pay for those that fill the common room.
    if (outbox.empty) return batch.bytes <= this.limits.peer;
    const more = OVERHEAD + (batch.holders > 0 ? 0 : batch.bytes);
    return (
      this.held + more <= this.limits.all &&
      outbox.bytes + head + batch.bytes + OVERHEAD <= this.limits.peer
    );
  }

  /** One more queue holds it. @param {Batch} batch */
  hold(batch) {
    this.held += OVERHEAD + (batch.holders === 0 ? batch.bytes : 0);
    this.heldPeak = Math.max(this.heldPeak, this.held);
    batch.holders += 1;
  }

  /** @param {Batch} batch */
  release(batch) {
    batch.holders -= 1;
    this.held -= OVERHEAD + (batch.holders === 0 ? batch.bytes : 0);
  }
}

module.exports = { Batch, Bus, PROTOCOL, Topic };
