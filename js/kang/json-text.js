'use strict';
// A value as JSON in slices: what JSON.stringify would write, but it stops when its time is over
// and goes on later, ends where it becomes too much, and throws at nothing. Marks are in brackets.

const { types } = require('node:util');
const { isError, serializeError, thrownText } = require('../log/errors');
const { quote } = require('../log/json');
const { bigintText, cut } = require('../log/walk');

/** Levels of nesting: what most readers of JSON take. */
const DEPTH_MAX = 200;
const STRING_MAX = 1 << 20;
/** Up to here a character is taken for a byte. */
const SHORT = 64;
/** Values written between two looks at the clock. */
const LOOK_EVERY = 64;

/**
 * @typedef {object} Frame an array or object that is being written
 * @property {any} owner
 * @property {string[] | null} keys null: of an array
 * @property {number} at the next of them
 * @property {boolean} bare nothing is written of it yet
 */

class JsonText {
  /** @type {Frame[]} */
  #frames = [];
  /** @type {Set<object>} */
  #path = new Set();
  #text = '';
  #room;
  #started = false;

  /**
   * @param {string} key for toJSON methods
   * @param {unknown} value
   * @param {number} room bytes, to within what a long text takes
   */
  constructor(key, value, room) {
    this.key = key;
    this.value = value;
    this.#room = room;
    /** Whether something was left out. */
    this.cut = false;
  }

  /**
   * Writes until it is done or the time has come.
   * @param {() => boolean} over whether to stop for now
   * @returns {boolean} whether it is done
   */
  run(over) {
    if (!this.#started) {
      this.#started = true;
      const text = this.#begin(this.key, this.value);
      if (text !== undefined) this.#text = text;
    }
    for (let n = 1; this.#frames.length > 0; n++) {
      this.#next(this.#frames[this.#frames.length - 1]);
      if (n % LOOK_EVERY === 0 && over()) return this.#frames.length === 0;
    }
    return true;
  }

  /** What was written since this was last called; '' in all where JSON leaves the value out. */
  take() {
    const text = this.#text;
    this.#text = '';
    return text;
  }

  /** @param {Frame} frame */
  #next(frame) {
    const { owner, keys, at } = frame;
    const left = (keys ?? owner).length - at;
    if (left <= 0) {
      this.#end(frame, keys ? '}' : ']');
    } else if (this.#room <= 0) {
      this.cut = true;
      const mark = keys ? `"[cut off]":"[${left} more]"}` : `"[${left} more]"]`;
      this.#end(frame, `${frame.bare ? '' : ','}${mark}`);
    } else {
      frame.at += 1;
      if (keys) this.#member(frame, keys[at]);
      else this.#element(frame, at);
    }
  }

  /** @param {Frame} frame @param {number} index */
  #element(frame, index) {
    const text = this.#read(frame.owner, String(index)) ?? 'null';
    this.#room -= text.length + 1;
    this.#text += frame.bare ? text : `,${text}`;
    frame.bare = false;
  }

  /** @param {Frame} frame @param {string} key */
  #member(frame, key) {
    const text = this.#read(frame.owner, key);
    this.#room -= key.length + 4 + (text?.length ?? 0);
    if (text === undefined) return;
    this.#text += `${frame.bare ? '' : ','}${quote(key)}:${text}`;
    frame.bare = false;
  }

  /** @param {any} owner @param {string} key */
  #read(owner, key) {
    let value;
    try {
      value = owner[key];
    } catch (error) {
      return JSON.stringify(thrownText(error));
    }
    return this.#begin(key, value);
  }

  /**
   * All of a value, or the beginning of one with contents.
   * @param {string} key @param {unknown} given
   * @returns {string | undefined} undefined: JSON leaves it out
   */
  #begin(key, given) {
    if (typeof given === 'string') return this.#string(given);
    if (typeof given === 'number') return Number.isFinite(given) ? `${given}` : 'null';
    try {
      const value = plain(key, given);
      if (typeof value === 'string') return this.#string(value);
      if (typeof value === 'bigint') return bigintText(value);
      if (typeof value !== 'object' || value === null) return JSON.stringify(value);
      if (this.#path.has(value)) return '"[Circular]"';
      if (this.#frames.length === DEPTH_MAX) {
        this.cut = true;
        return '"[Too deep]"';
      }
      const keys = Array.isArray(value) ? null : Object.keys(value);
      this.#frames.push({ owner: value, keys, at: 0, bare: true });
      this.#path.add(value);
      return keys ? '{' : '[';
    } catch (error) {
      return JSON.stringify(thrownText(error));
    }
  }

  /** @param {Frame} frame @param {string} text */
  #end(frame, text) {
    this.#text += text;
    this.#frames.pop();
    this.#path.delete(frame.owner);
  }

  /** @param {string} value */
  #string(value) {
    const text = cut(value, Math.max(0, Math.min(STRING_MAX, this.#room)));
    if (text !== value) this.cut = true;
    if (text.length > SHORT) this.#room -= Buffer.byteLength(text) - text.length;
    return quote(text);
  }
}

/** What JSON.stringify writes in a value's place. @param {string} key @param {any} value */
function plain(key, value) {
  if (value === null || value === undefined) return value;
  if (typeof value === 'object' || typeof value === 'bigint' || typeof value === 'function') {
    const { toJSON } = value;
    if (typeof toJSON === 'function') return toJSON.call(value, key);
    if (isError(value)) return serializeError(value);
  }
  return types.isBoxedPrimitive(value) ? value.valueOf() : value;
}

module.exports = { JsonText };
