'use strict';
// Something of ours on an object of Node's, found as fast as a property and invisible to the
// application. A WeakMap of thousands of requests a second keeps the garbage collector busy.

/** Gives the object it is called with back, so that a subclass's private field lands on that. */
class Host {
  /** @param {object} object */
  constructor(object) {
    // biome-ignore lint/correctness/noConstructorReturn: see above
    return object;
  }
}

/**
 * A kind of stamp: `set(object, value)` and `get(object)`, undefined where there is none.
 * @template T
 */
function createStamp() {
  return class Stamp extends Host {
    /** @type {T} */
    #value;

    /** @param {object} object @param {T} value */
    constructor(object, value) {
      super(object);
      this.#value = value;
    }

    /** @param {object} object @param {T} value */
    static set(object, value) {
      if (#value in object) /** @type {any} */ (object).#value = value;
      else new Stamp(object, value);
    }

    /** @param {any} object @returns {T | undefined} */
    static get(object) {
      const stamped = object !== null && typeof object === 'object' && #value in object;
      return stamped ? object.#value : undefined;
    }
  };
}

module.exports = { createStamp };
