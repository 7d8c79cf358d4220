'use strict';
// All topics of a thread, who subscribed to what, and when batches leave.

const { performance } = require('node:perf_hooks');
const { setTimeout } = require('node:timers'); // before anybody fakes the globals
const { BATCH_CHARS, SCRATCH_BYTES } = require('./batch');
const { Interest } = require('./interest');
const { OVERHEAD } = require('./outbox');
const { Topic } = require('./topic');

/** @typedef {import('./batch').Batch} Batch */

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
    /** What `wait` the flush to come is scheduled for; infinity: there is none. */
    this.scheduled = Number.POSITIVE_INFINITY;
    this.flushScheduled = () => {
      this.scheduled = Number.POSITIVE_INFINITY;
      costs.guard(() => this.flush());
    };
    /** @type {((prefix: string) => void) | null} told of every subscription before it counts */
    this.onasked = null;
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
   * @param {number} [floor] characters that a subscription must have at least to make it live
   * @returns {Topic}
   */
  topic(name, onlive, floor) {
    const known = this.topics.get(name)?.deref();
    if (known) return known;
    const topic = new Topic(this, name, onlive, floor);
    this.topics.set(name, new WeakRef(topic));
    this.forget.register(topic, name);
    for (const peer of this.subscribers) {
      if (peer.wants(topic)) this.#connect(peer, topic);
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
    if (on) this.onasked?.(prefix);
    for (const topic of this.all()) {
      if (!topic.matches(prefix)) continue;
      if (on) this.#connect(peer, topic);
      else if (!peer.wants(topic)) this.#disconnect(peer, topic);
    }
  }

  /** @param {import('./peer').Peer} peer */
  gone(peer) {
    try {
      this.flush(); // what it still wanted is counted as lost with its queue
    } finally {
      this.subscribers.delete(peer);
      for (const topic of [...peer.interests.keys()]) this.#disconnect(peer, topic);
      if (this.subscribers.size === 0) this.scratchBuffer = null;
    }
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
    topic.add(interest);
  }

  /** @param {import('./peer').Peer} peer @param {Topic} topic */
  #disconnect(peer, topic) {
    const interest = peer.interests.get(topic);
    if (!interest) return;
    peer.interests.delete(topic);
    topic.remove(interest);
  }

  /** @param {number} chars just added to a batch @param {number} wait of its topic */
  grew(chars, wait) {
    this.pendingChars += chars;
    if (this.pendingChars >= BATCH_CHARS) {
      this.flush();
    } else if (wait < this.scheduled) {
      this.scheduled = wait;
      const left = wait - (performance.now() - this.flushed);
      // unref'd: a record logged in 'beforeExit' must not start another turn of the loop. Not an
      // immediate: one that is unref'd and made by a timer waits until something else wakes the loop.
      setTimeout(this.flushScheduled, left).unref();
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

module.exports = { Bus };
