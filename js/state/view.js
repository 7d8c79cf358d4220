'use strict';
// A live view of a collection of the application's: what is in it when somebody looks. The
// collection is held weakly.

const { atOnce } = require('./faults');
const { Numbers } = require('./numbers');
const { kindOf } = require('./looking');

/** @typedef {Map<any, any> | Set<any> | any[]} Collection */

// Subclasses of the application may have their own.
const arrayKeys = Array.prototype.keys;
const mapKeys = Map.prototype.keys;
const mapGet = Map.prototype.get;
const mapHas = Map.prototype.has;
const setHas = Set.prototype.has;
const setValues = Set.prototype.values;

/** @param {any} value */
function isHeld(value) {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** Indices, keys, values. @param {Collection} collection @returns {Iterable<any>} */
function keysOf(collection) {
  if (Array.isArray(collection)) return arrayKeys.call(collection);
  return collection instanceof Map ? mapKeys.call(collection) : setValues.call(collection);
}

/** The keys that are found without a search. @param {string} id */
function plainKeys(id) {
  return String(Number(id)) === id ? [id, Number(id)] : [id];
}

/** @implements {Source} */
class View {
  /** @param {Collection} collection @param {import('./members').TypeOptions} [options] */
  constructor(collection, options = {}) {
    this.ref = new WeakRef(collection);
    this.fields = options.fields ?? [];
    this.inspect = options.inspect;
    this.numbers = new Numbers();
  }

  get callback() {
    return this.inspect !== undefined;
  }

  /** Whether there is still something to look at. */
  get alive() {
    return this.ref.deref() !== undefined;
  }

  count() {
    const collection = this.ref.deref();
    if (collection === undefined) return 0;
    return Array.isArray(collection) ? collection.length : collection.size;
  }

  /** @param {number} limit */
  ids(limit) {
    const ids = [];
    for (const id of this.#ids()) {
      if (ids.length >= limit) break;
      ids.push(id);
    }
    return { ids, total: this.count() };
  }

  walk() {
    /** @type {{id: string, key: any} | null} the newest one, for finding it by its id is a search */
    let newest = null;
    const ids = this.#ids((id, key) => {
      newest = { id, key };
    });
    return {
      ids,
      total: this.count(),
      get: (/** @type {string} */ id) =>
        newest?.id === id ? this.#shown(this.#at(newest.key)) : this.get(id),
    };
  }

  /** @param {string} id */
  get(id) {
    return this.#shown(this.#find(id));
  }

  /** @param {any} value */
  #shown(value) {
    return value === undefined || !this.inspect ? value : atOnce(this.inspect(value));
  }

  /** @param {(id: string, key: any) => void} [note] @returns {Generator<string>} */
  *#ids(note) {
    const collection = this.ref.deref();
    if (collection === undefined) return;
    for (const key of keysOf(collection)) {
      const id = this.#name(key);
      note?.(id, key);
      yield id;
    }
  }

  /** @param {any} key @returns {any} undefined where it is gone */
  #at(key) {
    const collection = this.ref.deref();
    if (Array.isArray(collection)) return collection[key];
    if (collection instanceof Map) return mapGet.call(collection, key);
    return collection !== undefined && setHas.call(collection, key) ? key : undefined;
  }

  /** @param {any} key */
  #name(key) {
    return isHeld(key) ? `${kindOf(key)}#${this.numbers.of(key)}` : String(key);
  }

  /** @param {string} id @returns {any} */
  #find(id) {
    const collection = this.ref.deref();
    if (collection === undefined) return undefined;
    if (Array.isArray(collection)) return /^\d+$/.test(id) ? collection[Number(id)] : undefined;
    const has = collection instanceof Map ? mapHas : setHas;
    for (const key of plainKeys(id)) if (has.call(collection, key)) return this.#at(key);
    const number = Number(/#(\d+)$/.exec(id)?.[1]);
    for (const key of keysOf(collection)) {
      const same = isHeld(key)
        ? this.numbers.given(key) === number && this.#name(key) === id
        : String(key) === id;
      if (same) return this.#at(key);
    }
    return undefined;
  }
}

/** @typedef {import('./source').Source} Source */

module.exports = { View };
