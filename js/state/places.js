'use strict';
// Where those who look a page at a time go on.

// Taken now: an application may replace the clock.
const { setTimeout } = require('node:timers');
const { walkAfter } = require('./source');

const KEPT_MS = 10_000;

/**
 * @typedef {import('./source').Source} Source
 * @typedef {import('./source').Walk} Walk
 */

/**
 * A place in the list of each type, for each who looks. It holds the collection that it is in, so
 * it is not kept for long; after that it is looked for by the id.
 */
class Places {
  /** @param {number} [ms] for which a place is kept */
  constructor(ms = KEPT_MS) {
    this.ms = ms;
    /** @type {NodeJS.Timeout | null} */
    this.timer = null;
  }

  /** @type {WeakMap<object, WeakMap<Source, Walk>>} */
  #kept = new WeakMap();

  /**
   * @param {Source} source
   * @param {string | null} after null: from the first one on
   * @param {object | null} holder for whom the place is kept
   * @throws {import('./source').LostPlace}
   */
  walk(source, after, holder) {
    const kept = holder === null ? undefined : this.#kept.get(holder)?.get(source);
    return after !== null && kept?.place === after ? kept : walkAfter(source, after);
  }

  /** @param {object | null} holder @param {Walk} walk @param {boolean} goesOn */
  keep(holder, walk, goesOn) {
    if (holder === null) return;
    let kept = this.#kept.get(holder);
    if (kept === undefined) {
      kept = new WeakMap();
      this.#kept.set(holder, kept);
    }
    if (goesOn) {
      kept.set(walk.source, walk);
      this.timer = this.timer?.refresh() ?? setTimeout(() => this.#forget(), this.ms).unref();
    } else kept.delete(walk.source);
  }

  #forget() {
    this.#kept = new WeakMap();
    this.timer = null;
  }
}

module.exports = { Places };
