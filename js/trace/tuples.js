'use strict';
// A map whose keys are tuples of numbers and strings: maps in maps, one level for each part, which
// is faster than making one text of the parts, and cannot take two tuples for one.

/** @typedef {number | string} Part */

/** @template T */
class Tuples {
  /** @param {number} arity parts of a key, at least 1 */
  constructor(arity) {
    this.arity = arity;
    this.size = 0;
    /** @type {Map<Part, any>} */
    this.root = new Map();
  }

  /** @param {Part[]} keys @returns {T | undefined} */
  get(keys) {
    /** @type {any} */
    let at = this.root;
    for (let i = 0; i < keys.length; i++) {
      at = at.get(keys[i]);
      if (at === undefined) return undefined;
    }
    return at;
  }

  /** @param {Part[]} keys @param {T} value */
  set(keys, value) {
    let at = this.root;
    const last = keys.length - 1;
    for (let i = 0; i < last; i++) {
      let next = at.get(keys[i]);
      if (next === undefined) {
        next = new Map();
        at.set(keys[i], next);
      }
      at = next;
    }
    if (!at.has(keys[last])) this.size += 1;
    at.set(keys[last], value);
  }

  /** @param {Part[]} keys */
  delete(keys) {
    const path = [this.root];
    for (let i = 0; i < keys.length - 1; i++) {
      const next = path[i].get(keys[i]);
      if (next === undefined) return;
      path.push(next);
    }
    if (path[keys.length - 1].delete(keys[keys.length - 1])) this.size -= 1;
    for (let i = keys.length - 1; i > 0 && path[i].size === 0; i--) path[i - 1].delete(keys[i - 1]);
  }

  clear() {
    this.root = new Map();
    this.size = 0;
  }

  /** @returns {Generator<[Part[], T]>} */
  entries() {
    return walk(this.root, [], this.arity);
  }
}

/**
 * @param {Map<Part, any>} map @param {Part[]} above @param {number} levels
 * @returns {Generator<[Part[], any]>}
 */
function* walk(map, above, levels) {
  for (const [part, value] of map) {
    const keys = [...above, part];
    if (levels === 1) yield [keys, value];
    else yield* walk(value, keys, levels - 1);
  }
}

module.exports = { Tuples };
