'use strict';
// One firing of a probe of Node's: what each argument is made with, and of what. Most observers ask
// for a few arguments only, and what nobody asks for is never made.

/**
 * What makes one argument of a probe.
 * @template T
 * @typedef {(subject: T) => any} Maker
 */

/** @typedef {import('../firing').FiringView} FiringView */

/** @implements {FiringView} */
class NodeFiring {
  /**
   * @param {import('./source').NodeProbe} probe @param {readonly Maker<any>[]} makers
   * @param {object} subject @param {number | undefined} at
   */
  constructor(probe, makers, subject, at) {
    this.probe = probe;
    this.makers = makers;
    this.subject = subject;
    this.at = at;
  }

  /** @param {number} i @returns {string | number | bigint | undefined} */
  argument(i) {
    return this.probe._plain(this.value(i), i);
  }

  /** @param {number} i @returns {any} */
  value(i) {
    if (i >= this.makers.length) return undefined;
    try {
      return this.makers[i](this.subject);
    } catch {
      this.probe.errors += 1;
      return undefined;
    }
  }

  /** All arguments as their types have them. */
  all() {
    return this.makers.map((_, i) => this.argument(i));
  }
}

module.exports = { NodeFiring };
