'use strict';

/** Numbers for objects that have no name: the same one at every look, and never another's. */
class Numbers {
  constructor() {
    /** @type {WeakMap<object, number>} */
    this.known = new WeakMap();
    this.last = 0;
  }

  /** @param {object} object */
  of(object) {
    let number = this.known.get(object);
    if (number === undefined) {
      this.last += 1;
      number = this.last;
      this.known.set(object, number);
    }
    return number;
  }

  /** @param {object} object @returns {number | undefined} the number that it has already */
  given(object) {
    return this.known.get(object);
  }
}

module.exports = { Numbers };
