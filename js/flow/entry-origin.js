'use strict';
// Which flow or request has pushed a task.

/** @typedef {import('./context').Origin} Origin */

/** Puts a private field on an object that it did not make: an entry shows nothing of it. */
class Given {
  /** @param {object} object */
  constructor(object) {
    // biome-ignore lint/correctness/noConstructorReturn: that is the trick
    return object;
  }
}

class EntryOrigin extends Given {
  /** @type {Origin} */
  #origin;

  /** @param {object} entry @param {Origin} of */
  constructor(entry, of) {
    super(entry);
    this.#origin = of;
  }

  /** @param {any} entry @returns {Origin | null} the flow or request that pushed it */
  static of(entry) {
    return #origin in entry ? entry.#origin : null;
  }
}

module.exports = { EntryOrigin };
