'use strict';
// The slow way to JSON, for what JSON.stringify throws at: cycles, BigInts, getters and toJSON
// methods that throw; and for what would be too much of a line. Every mark is in brackets.

const { types } = require('node:util');
const { errText, thrownText } = require('./errors');

const FIELD_CHARS = 1 << 20; // a field is cut off beyond about this
const DEPTH = 500; // the stack bears far more, but a log call may happen deep in it already
const VALUES = 20_000; // written in full before shared objects are no longer repeated
const VALUES_AT_ALL = 50_000; // then it is cut off: what is made while we look has no end

/** @param {string} key @param {unknown} value */
function safeText(key, value) {
  try {
    return new Walk(VALUES, false).text(key, value);
  } catch {
    // Too much, or too deep: among thousands of shared objects every path to them is one too many.
  }
  try {
    return new Walk(VALUES_AT_ALL, true).text(key, value);
  } catch (error) {
    return JSON.stringify(`[Unserializable: ${errText(error)}]`);
  }
}

class Exhausted extends Error {}

class Walk {
  /** @type {Set<object>} the objects we are in, or with `once`: all objects met */
  #met = new Set();
  #depth = 0;
  #room = FIELD_CHARS;

  /** @param {number} budget values @param {boolean} once whether to write shared objects once */
  constructor(budget, once) {
    this.budget = budget;
    this.once = once;
  }

  /**
   * @param {string} key
   * @param {unknown} given
   * @returns {string | undefined}
   */
  text(key, given) {
    if (this.budget-- <= 0) {
      if (!this.once) throw new Exhausted();
      this.#room = 0;
    }
    try {
      const value = plain(key, given);
      if (typeof value === 'bigint') return bigintText(value);
      if (typeof value === 'string') return this.#string(value);
      if (typeof value !== 'object' || value === null) return JSON.stringify(value);
      if (this.#met.has(value)) return '"[Circular]"';
      if (this.#depth === DEPTH) return '"[Too deep]"';
      this.#met.add(value);
      this.#depth++;
      try {
        return Array.isArray(value) ? this.#array(value) : this.#object(value);
      } finally {
        this.#depth--;
        if (!this.once) this.#met.delete(value);
      }
    } catch (error) {
      if (error instanceof Exhausted || error instanceof RangeError) throw error;
      return JSON.stringify(thrownText(error));
    }
  }

  /** @param {string} value */
  #string(value) {
    const text = cut(value, Math.max(0, this.#room));
    this.#room -= text.length;
    return JSON.stringify(text);
  }

  /** @param {unknown[]} list */
  #array(list) {
    let text = '[';
    for (let i = 0; i < list.length; i++) {
      if (i > 0) text += ',';
      if (this.#room <= 0) return `${text}"[${list.length - i} more]"]`;
      this.#room -= 1;
      text += this.#member(list, String(i)) ?? 'null';
    }
    return `${text}]`;
  }

  /** @param {object} object */
  #object(object) {
    let text = '';
    const keys = Object.keys(object);
    for (const [i, key] of keys.entries()) {
      if (this.#room <= 0) {
        return `{${text}${text === '' ? '' : ','}"[cut off]":"[${keys.length - i} more]"}`;
      }
      this.#room -= key.length + 3;
      const member = this.#member(object, key);
      if (member !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${member}`;
    }
    return `{${text}}`;
  }

  /** @param {object} owner @param {string} key */
  #member(owner, key) {
    let value;
    try {
      value = /** @type {any} */ (owner)[key];
    } catch (error) {
      return JSON.stringify(thrownText(error));
    }
    return this.text(key, value);
  }
}

/** What JSON.stringify would write instead of a value. @param {string} key @param {any} value */
function plain(key, value) {
  if (value === null || value === undefined) return value;
  if (typeof value === 'object' || typeof value === 'bigint' || typeof value === 'function') {
    const { toJSON } = value;
    if (typeof toJSON === 'function') return toJSON.call(value, key);
  }
  return types.isBoxedPrimitive(value) ? value.valueOf() : value;
}

/** @param {string} text @param {number} length */
function cut(text, length) {
  if (text.length <= length) return text;
  return `${text.slice(0, length)}[${text.length - length} more characters]`;
}

/** As in docs/protocol.md: digits in quotes where a JSON number would lose some. @param {bigint} n */
function bigintText(n) {
  const exact = n >= Number.MIN_SAFE_INTEGER && n <= Number.MAX_SAFE_INTEGER;
  return exact ? `${n}` : `"${n}"`;
}

module.exports = { FIELD_CHARS, bigintText, cut, safeText };
