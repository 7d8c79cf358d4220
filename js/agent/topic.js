'use strict';
// A topic: what producers publish to, and the batch being filled. Subscribing is enabling: it is
// live while some peer's subscription matches it, and producers ask nothing but `live`.

const { BATCH_CHARS, Batch } = require('./batch');
const { textFrame } = require('./zmtp');

/**
 * One topic of this thread. Producers keep it; the bus only knows it weakly.
 */
class Topic {
  /** @param {import('./bus').Bus} bus @param {string} name @param {(live: number) => void} [onlive] */
  constructor(bus, name, onlive) {
    this.bus = bus;
    this.name = name;
    this.onlive = onlive;
    /** How many peers want it: 0 is off. The one thing a hot path reads. */
    this.live = 0;
    /** @type {import('./interest').Interest[]} */
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

module.exports = { Topic };
