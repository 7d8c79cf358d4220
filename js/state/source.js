'use strict';
// Where the objects of one type come from, and going through them a page at a time.

const { shortened } = require('./texts');

/**
 * @typedef {object} Steps
 * @property {Iterator<string>} ids
 * @property {number} total
 * @property {(id: string) => any} [get] as that of the source, quicker for the newest id
 */

/**
 * @typedef {object} Source
 * @property {readonly string[]} fields shown in a table; empty: the first object's
 * @property {() => number | null} count null where only the application could tell
 * @property {(limit: number) => {ids: string[], total: number}} ids
 * @property {(id: string) => any} get undefined where there is no such object
 * @property {() => Steps} [walk] as `ids`, without a list of them
 * @property {boolean} [callback] what `get` answers is the word of the application: read as JSON
 *   would, with its getters
 * @property {boolean} [alive] false: what it is of is gone, and so is the type
 * @property {object} [schema] kang's: `summaryFields` and whatever else the type has
 */

const LONG_ID = 4096;

/** An id as it is shown; one that is longer than any that can be asked for is cut. @param {string} id */
function idText(id) {
  return id.length > LONG_ID ? shortened(id, LONG_ID) : id;
}

/** The ids of a source in their order; what comes and goes meanwhile may be seen or not. */
class Walk {
  /** @param {Source} source */
  constructor(source) {
    this.source = source;
    /** @type {Steps} */
    const { ids, total, get } = source.walk?.() ?? listed(source);
    this.total = total;
    this.ids = ids;
    /** @type {(id: string) => any} undefined where it is gone */
    this.get = get ?? ((id) => source.get(id));
    /** @type {string | null} the last one that was taken */
    this.last = null;
    /** @type {IteratorResult<string> | null} looked at, and not taken */
    this.ahead = null;
  }

  /** Whether there is another one. */
  more() {
    this.ahead ??= this.ids.next();
    return this.ahead.done !== true;
  }

  /** @returns {string | null} null: that was all */
  take() {
    const { done, value } = this.ahead ?? this.ids.next();
    this.ahead = null;
    if (done === true) return null;
    this.last = String(value);
    return this.last;
  }

  /** What to go on after. */
  get place() {
    return this.last === null ? null : idText(this.last);
  }

  /** @param {string} id as it was shown @returns {boolean} false: there is none, and nothing is left */
  skipTo(id) {
    for (let at = this.take(); at !== null; at = this.take()) {
      if (idText(at) === id) return true;
    }
    return false;
  }
}

/** The id to go on after is not there. */
class LostPlace extends Error {}

/**
 * @param {Source} source @param {string | null} after null: from the first one on
 * @throws {LostPlace}
 */
function walkAfter(source, after) {
  const walk = new Walk(source);
  if (after === null || walk.skipTo(after)) return walk;
  throw new LostPlace(`there is no "${after.slice(0, 100)}" any more to go on after`);
}

/** @param {Source} source @returns {Steps} */
function listed(source) {
  const { ids, total } = source.ids(Number.MAX_SAFE_INTEGER);
  return { ids: ids[Symbol.iterator](), total };
}

module.exports = { LostPlace, Walk, idText, walkAfter };
