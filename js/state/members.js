'use strict';

const { atOnce } = require('./faults');

/** @typedef {{fields?: readonly string[], inspect?: (object: any) => any}} TypeOptions */

/**
 * Objects that the application has added, by id. Objects and functions are held weakly: one that
 * is collected is gone from the list.
 * @implements {Source}
 */
class Members {
  /** @param {TypeOptions} options */
  constructor(options) {
    this.fields = options.fields ?? [];
    /** @type {TypeOptions['inspect']} */
    this.inspect = options.inspect;
    /** @type {Map<string, {value?: any, ref?: WeakRef<any>}>} */
    this.objects = new Map();
    this.nextId = 1;
    this.collected = new FinalizationRegistry((/** @type {string} */ id) => {
      const held = this.objects.get(id);
      if (held?.ref && held.ref.deref() === undefined) this.objects.delete(id);
    });
  }

  get callback() {
    return this.inspect !== undefined;
  }

  /** @param {any} object @param {string} id */
  add(object, id) {
    this.remove(id);
    const weak = (typeof object === 'object' && object !== null) || typeof object === 'function';
    if (!weak) {
      this.objects.set(id, { value: object });
      return;
    }
    const ref = new WeakRef(object);
    this.objects.set(id, { ref });
    this.collected.register(object, id, ref);
  }

  /** @param {string} id */
  remove(id) {
    const held = this.objects.get(id);
    if (held?.ref) this.collected.unregister(held.ref);
    return this.objects.delete(id);
  }

  newId() {
    while (this.objects.has(String(this.nextId))) this.nextId += 1;
    return String(this.nextId++);
  }

  count() {
    return this.objects.size;
  }

  /** @param {number} limit */
  ids(limit) {
    const ids = [];
    for (const id of this.objects.keys()) {
      if (ids.length >= limit) break;
      ids.push(id);
    }
    return { ids, total: this.objects.size };
  }

  walk() {
    return { ids: this.objects.keys(), total: this.objects.size };
  }

  /** @param {string} id */
  get(id) {
    const held = this.objects.get(id);
    if (!held) return undefined;
    const object = held.ref ? held.ref.deref() : held.value;
    if (object === undefined || !this.inspect) return object;
    return atOnce(this.inspect(object));
  }
}

/** @typedef {import('./source').Source} Source */

module.exports = { Members };
