'use strict';
// Types whose objects the application lists itself, asked only while somebody looks.

const { atOnce } = require('./faults');

const IDS_MAX = 10_000_000;

/**
 * @typedef {object} KangCallbacks kang's way of offering state
 * @property {() => string[]} list_types
 * @property {(type: string) => string[]} list_objects
 * @property {(type: string, id: string) => any} get
 * @property {(type: string) => {summaryFields?: string[]}} [schema]
 * @property {() => object} [stats]
 */

/**
 * @typedef {object} TypeCallbacks one type
 * @property {() => Iterable<string | number>} list the ids
 * @property {(id: string) => any} get undefined where there is no such object
 * @property {{summaryFields?: readonly string[]} | (() => {summaryFields?: readonly string[]})} [schema]
 */

/** @implements {Source} */
class ListedType {
  /** @param {TypeCallbacks} callbacks */
  constructor(callbacks) {
    this.callbacks = callbacks;
    this.callback = true;
  }

  /** @returns {any} */
  get schema() {
    const { schema } = this.callbacks;
    return typeof schema === 'function' ? atOnce(schema.call(this.callbacks)) : schema;
  }

  /** @returns {readonly string[]} */
  get fields() {
    const fields = this.schema?.summaryFields;
    return Array.isArray(fields) ? fields.map(String) : [];
  }

  count() {
    return null;
  }

  /** @returns {any[]} */
  #list() {
    const ids = atOnce(this.callbacks.list());
    if (Array.isArray(ids)) return ids;
    if (typeof ids !== 'string' && typeof ids?.[Symbol.iterator] === 'function') return allOf(ids);
    throw new TypeError('the list of ids is no list');
  }

  /** @param {number} limit */
  ids(limit) {
    const ids = this.#list();
    return { ids: ids.slice(0, limit).map(String), total: ids.length };
  }

  walk() {
    const ids = this.#list();
    return { ids: ids.values(), total: ids.length };
  }

  /** @param {string} id */
  get(id) {
    return atOnce(this.callbacks.get(id));
  }
}

// One that has no end would take all of the memory.
/** @param {Iterable<any>} ids */
function allOf(ids) {
  const all = [];
  for (const id of ids) {
    if (all.length === IDS_MAX) throw new TypeError('the list of ids has no end');
    all.push(id);
  }
  return all;
}

/**
 * One type of a kang-style set of callbacks.
 * @param {KangCallbacks} callbacks @param {string} type
 */
function kangType(callbacks, type) {
  return new ListedType({
    list: () => callbacks.list_objects(type),
    get: (id) => callbacks.get(type, id),
    schema: () => callbacks.schema?.(type) ?? {},
  });
}

/** @typedef {import('./source').Source} Source */

module.exports = { ListedType, kangType };
