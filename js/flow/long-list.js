'use strict';
// The waiting entries of a queue that has very many. Taking the first out of a long array moves all
// the others, so while the list is long its entries are only counted off, and `queued` is an accessor
// that cuts them off when somebody looks. From then on, the array may be in somebody's hands, and is
// what it says, as in vasync.

const LONG = 4096;

/** @typedef {import('./objects').Entry} Entry */

class LongList {
  /**
   * @param {any} queue @param {() => void} ended `queued` is an ordinary property again
   * @param {() => void} exposed somebody has the array
   */
  constructor(queue, ended, exposed) {
    this.queue = queue;
    this.ended = ended;
    /** @type {Entry[]} */
    this.list = queue.queued;
    /** Index of the first that waits. */
    this.head = 0;
    Object.defineProperty(queue, 'queued', {
      get: () => {
        exposed();
        return this.restore();
      },
      set: (value) => {
        this.restore();
        queue.queued = value;
      },
      enumerable: true,
      configurable: true,
    });
  }

  get length() {
    return this.list.length - this.head;
  }

  /** @returns {Entry} the first */
  take() {
    const entry = this.list[this.head];
    this.list[this.head++] = /** @type {any} */ (undefined);
    if (this.head === this.list.length) this.restore();
    else if (this.head >= LONG && this.head * 2 >= this.list.length) this.#cut();
    return entry;
  }

  /** @param {number} count @returns {Entry[]} the first ones, which stay */
  first(count) {
    return this.list.slice(this.head, this.head + count);
  }

  #cut() {
    this.list.splice(0, this.head);
    this.head = 0;
  }

  /** `queued` is an ordinary property, with the same array. */
  restore() {
    this.#cut();
    const { list } = this;
    const property = { value: list, enumerable: true, configurable: true, writable: true };
    Object.defineProperty(this.queue, 'queued', property);
    this.ended();
    return list;
  }
}

module.exports = { LONG, LongList };
