'use strict';
// However many ask: one answer is being built, and those who come meanwhile share the next one.

const { Answer } = require('./answer');

/**
 * @typedef {object} Build
 * @property {number} waiting who wants it
 * @property {Promise<Buffer[]>} body
 */

class SharedAnswer {
  /** @param {import('./service').Service} service @param {'snapshot' | 'schema'} what */
  constructor(service, what) {
    this.service = service;
    this.what = what;
    /** @type {Build | null} */
    this.current = null;
    /** @type {Build | null} */
    this.next = null;
  }

  /**
   * An answer whose building begins no earlier than now.
   * @returns {Build} its `waiting` is to be lowered by who leaves
   */
  want() {
    if (this.current === null) {
      this.current = this.#build(Promise.resolve());
      return this.current;
    }
    if (this.next === null) this.next = this.#build(this.current.body);
    else this.next.waiting += 1;
    return this.next;
  }

  /** @param {Promise<unknown>} before */
  #build(before) {
    /** @type {Build} */
    const build = { waiting: 1, body: Promise.resolve([]) };
    const run = () => new Answer(this.service, () => build.waiting <= 0)[this.what]();
    build.body = before
      .catch(() => {})
      .then(() => {
        if (this.next === build) {
          this.current = build;
          this.next = null;
        }
        return run();
      });
    build.body
      .catch(() => {})
      .then(() => {
        if (this.current === build && this.next === null) this.current = null;
      });
    return build;
  }
}

module.exports = { SharedAnswer };
