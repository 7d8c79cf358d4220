'use strict';
// The queues and barriers that can be looked at, by what operators know them by.

/**
 * Objects by a name that is made unique: `orders`, `orders-2`. They are held weakly.
 * @template {object} T
 */
class Named {
  constructor() {
    /** @type {Map<string, WeakRef<T>>} */
    this.objects = new Map();
    /** @type {Map<string, number>} names that are taken, by what they begin with: the next number */
    this.numbers = new Map();
    this.collected = new FinalizationRegistry((/** @type {string} */ id) => {
      if (this.objects.get(id)?.deref() === undefined) this.objects.delete(id);
    });
  }

  /** @param {T} object @param {string} name @returns {string} its id */
  add(object, name) {
    const id = this.#unique(name);
    this.objects.set(id, new WeakRef(object));
    this.collected.register(object, id);
    return id;
  }

  /** @param {string} name */
  #unique(name) {
    if (!this.#isTaken(name)) {
      this.numbers.delete(name);
      return name;
    }
    let number = this.numbers.get(name) ?? 2;
    while (this.#isTaken(`${name}-${number}`)) number += 1;
    this.numbers.set(name, number + 1);
    return `${name}-${number}`;
  }

  /** @param {string} id */
  #isTaken(id) {
    return this.objects.get(id)?.deref() !== undefined;
  }

  /** @returns {Generator<[string, T]>} */
  *entries() {
    for (const [id, ref] of this.objects) {
      const object = ref.deref();
      if (object !== undefined) yield [id, object];
    }
  }

  /** How many; those whose memory has just been collected may be among them. */
  get size() {
    return this.objects.size;
  }

  /** @param {string} id @returns {T | undefined} */
  get(id) {
    return this.objects.get(id)?.deref();
  }
}

/** @type {Named<import('./work-queue').WorkQueue>} */
const queues = new Named();
/** @type {Named<import('./barrier').Barrier>} */
const barriers = new Named();

module.exports = { barriers, queues };
