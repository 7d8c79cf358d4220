'use strict';
// One firing of a probe: what its callback gave, and what becomes of that where it is asked for.
// Making a value plain may cost more than all the rest, as the JSON of a request's headers does.

/**
 * What those who see a firing know of it.
 * @typedef {object} FiringView
 * @property {any} probe
 * @property {any} subject what it is about, for `self->` of D; undefined where nothing is known
 * @property {number | undefined} at when it happened, on performance.now()'s clock; else: now
 * @property {(i: number) => string | number | bigint | undefined} argument as its declared type has
 *   it; undefined: there is none. Never throws
 * @property {(i: number) => any} value the same before it was made plain
 * @property {() => (string | number | bigint | undefined)[]} all one for each declared type
 */

/** @implements {FiringView} */
class Firing {
  #made = 0; // bits of the arguments that are made

  /** @param {import('./provider').Probe} probe @param {any[]} values as the callback gave them */
  constructor(probe, values) {
    this.probe = probe;
    this.values = values;
    this.subject = undefined;
    /** @type {number | undefined} */
    this.at = undefined;
    /** @type {(string | number | bigint | undefined)[]} */
    this.plain = [];
  }

  /**
   * An argument, made when it is first asked for.
   * @param {number} i 0 to 31
   * @returns {string | number | bigint | undefined}
   */
  argument(i) {
    const bit = 1 << i;
    if ((this.#made & bit) === 0) {
      this.#made |= bit;
      this.plain[i] = this.probe._plain(this.values[i], i);
    }
    return this.plain[i];
  }

  /** @param {number} i @returns {any} */
  value(i) {
    return this.values[i];
  }

  /** All of them: one for each declared type. */
  all() {
    const { length } = this.probe.types;
    for (let i = 0; i < length; i++) this.argument(i);
    return this.plain;
  }
}

module.exports = { Firing };
