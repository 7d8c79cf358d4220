'use strict';
// A topic: what producers publish to, and the batch being filled. Subscribing is enabling: it is
// live while some peer's subscription matches it, and producers ask nothing but `live`.

const { BATCH_CHARS, Batch } = require('./batch');
const { textFrame } = require('./zmtp');

/**
 * Somebody in this thread who sees a probe's firings where they happen: a running program.
 * @typedef {object} Watcher
 * @property {number} wanted bits of the arguments that it may ask for
 * @property {(firing: import('../probes/firing').FiringView) => void} fire never throws
 */

/**
 * One topic of this thread. Producers keep it; the bus only knows it weakly.
 */
class Topic {
  /**
   * @param {import('./bus').Bus} bus @param {string} name @param {(live: number) => void} [onlive]
   * @param {number} [floor] characters that a subscription must have at least
   */
  constructor(bus, name, onlive, floor = 0) {
    this.bus = bus;
    this.name = name;
    this.onlive = onlive;
    this.floor = floor;
    /** How many peers and watchers want it: 0 is off. The one thing a hot path reads. */
    this.live = 0;
    /** Bits of a firing's arguments that one of them may ask for. */
    this.wanted = 0;
    /** @type {import('./interest').Interest[]} */
    this.interests = [];
    /** @type {Watcher[]} replaced, never changed: one may leave while they are gone through */
    this.watchers = [];
    /** Milliseconds between its batches, at least: a busy loop turns thousands of times a second, and
     * every write wakes an observer up, which costs more than the writing. */
    this.wait = 1;
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

  /** @param {string} prefix whether a subscription to it makes the topic live */
  matches(prefix) {
    return prefix.length >= this.floor && this.name.startsWith(prefix);
  }

  /** @param {import('./interest').Interest} interest of one more peer */
  add(interest) {
    this.interests.push(interest);
    this.#count();
  }

  /** @param {import('./interest').Interest} interest */
  remove(interest) {
    this.interests = this.interests.filter((other) => other !== interest);
    this.#count();
  }

  /** @param {Watcher} watcher added once, however often it asks */
  watch(watcher) {
    if (this.watchers.includes(watcher)) return;
    this.watchers = [...this.watchers, watcher];
    this.#count();
  }

  /** @param {Watcher} watcher */
  unwatch(watcher) {
    if (!this.watchers.includes(watcher)) return;
    this.watchers = this.watchers.filter((other) => other !== watcher);
    this.#count();
  }

  #count() {
    const before = this.live;
    this.live = this.interests.length + this.watchers.length;
    this.wanted = this.interests.length > 0 ? -1 : 0;
    for (const { wanted } of this.watchers) this.wanted |= wanted;
    if (before === 0 || this.live === 0) this.onlive?.(this.live);
  }

  /**
   * Adds one record to the batch of this loop turn. To be called only while a peer wants it.
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
    bus.grew(line.length, this.wait);
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

module.exports = { Topic };
