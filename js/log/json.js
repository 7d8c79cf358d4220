'use strict';
// Any value as JSON, whatever it is: a log call must not throw, and a log file must stay NDJSON.
// JSON.stringify does the work; the walk below only takes over where it throws.

const { types } = require('node:util');
const { errText, isError, serializeError, thrownText } = require('./errors');

// As JSON.stringify escapes them, lone surrogates included (any surrogate: it will know).
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON must escape them
const ESCAPED = /[\u0000-\u001f"\\\ud800-\udfff]/;

const DEPTH = 500; // the stack bears far more, but a log call may happen deep in it already
const VALUES = 20_000; // written in full before shared objects are no longer repeated
const VALUES_AT_ALL = 50_000; // objects that are made while we look may have no end

// Up to here a look at each character is faster than starting a regular expression.
const SHORT = 24;

/** @param {string} text */
function quote(text) {
  if (text.length > SHORT) return ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit === 0x22 || unit === 0x5c || (unit >= 0xd800 && unit < 0xe000)) {
      return JSON.stringify(text);
    }
  }
  return `"${text}"`;
}

/**
 * A field's value as JSON, or undefined where JSON leaves the field out. Never throws.
 * @param {string} key given to toJSON methods
 * @param {unknown} value
 * @returns {string | undefined}
 */
function valueText(key, value) {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
      return Number.isFinite(value) ? `${value}` : 'null';
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      return value === null ? 'null' : objectText(key, value);
    case 'bigint':
      return 'toJSON' in BigInt.prototype ? objectText(key, value) : bigintText(value);
    case 'function':
      return 'toJSON' in value ? objectText(key, value) : undefined;
    default:
      return undefined;
  }
}

/** @param {string} key @param {object | bigint} value */
function objectText(key, value) {
  try {
    const proto = Object.getPrototypeOf(value);
    const { toJSON } = /** @type {any} */ (value);
    if (proto !== Object.prototype && proto !== Array.prototype && typeof toJSON !== 'function') {
      if (isError(value)) return safeText(key, serializeError(value));
    }
    if (typeof toJSON !== 'function' || types.isDate(value)) return JSON.stringify(value);
    const text = JSON.stringify({ [key]: value }); // so that toJSON is given the key
    return text === '{}' ? undefined : text.slice(JSON.stringify(key).length + 2, -1);
  } catch {
    return safeText(key, value);
  }
}

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
    return quote(`[Unserializable: ${errText(error)}]`);
  }
}

class Exhausted extends Error {}

class Walk {
  /** @type {Set<object>} the objects we are in, or with `once`: all objects met */
  #met = new Set();
  #depth = 0;

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
    if (this.budget-- === 0) throw new Exhausted('it has no end');
    try {
      const value = plain(key, given);
      if (typeof value === 'bigint') return bigintText(value);
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
      return quote(thrownText(error));
    }
  }

  /** @param {unknown[]} list */
  #array(list) {
    let text = '[';
    for (let i = 0; i < list.length; i++) {
      if (i > 0) text += ',';
      text += this.#member(list, String(i)) ?? 'null';
    }
    return `${text}]`;
  }

  /** @param {object} object */
  #object(object) {
    let text = '';
    for (const key of Object.keys(object)) {
      const member = this.#member(object, key);
      if (member !== undefined) text += `${text === '' ? '' : ','}${quote(key)}:${member}`;
    }
    return `{${text}}`;
  }

  /** @param {object} owner @param {string} key */
  #member(owner, key) {
    let value;
    try {
      value = /** @type {any} */ (owner)[key];
    } catch (error) {
      return quote(thrownText(error));
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

/** As in docs/protocol.md: digits in quotes where a JSON number would lose some. @param {bigint} n */
function bigintText(n) {
  const exact = n >= Number.MIN_SAFE_INTEGER && n <= Number.MAX_SAFE_INTEGER;
  return exact ? `${n}` : `"${n}"`;
}

module.exports = { quote, valueText };
