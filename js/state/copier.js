'use strict';
// A bounded copy of any value as plain JSON data: nothing is followed twice, what is left out is
// marked in it and counted. Of objects that were only added, data properties are read and nothing
// of the application runs; what a callback of the application gave is read as JSON would.

const { performance } = require('node:perf_hooks');
const { types } = require('node:util');
const { describe, inherits, kindOf, nameOf } = require('./looking');
const { bigIntText, mapSize, setSize, textOf, unboxed } = require('./natives');
const { asRow, isBag, pick, set } = require('./rows');
const { errorText, jsonSize, shortened } = require('./texts');

const now = performance.now.bind(performance);

// An error's stack is an accessor from V8 12 on: the engine's own, so it may be read.
const STACK_GETTER = Object.getOwnPropertyDescriptor(new Error('x'), 'stack')?.get ?? null;

/**
 * @typedef {object} Limits of one copy
 * @property {number} nodes values
 * @property {number} depth levels of nesting
 * @property {number} string characters of one text
 * @property {number} [size] bytes of JSON; absent: whatever those make
 */

/**
 * How many values were cut, by reason: `size`, `nodes`, `depth`, `string` and `time`; `threw`
 * counts getters and toJSON of the application.
 * @typedef {Partial<Record<'size' | 'nodes' | 'depth' | 'string' | 'time' | 'threw', number>>} Cuts
 */

/** @typedef {{run?: boolean, deadline?: number}} CopyOptions `run`: getters, toJSON, proxies */

const CLOCK_EVERY = 64; // values
const LONG_KEY = 1024;

class Copier {
  /** @param {Limits} limits @param {CopyOptions} [options] */
  constructor(limits, { run = false, deadline = Number.POSITIVE_INFINITY } = {}) {
    this.limits = limits;
    this.run = run;
    this.deadline = deadline;
    this.left = limits.nodes;
    this.sized = limits.size !== undefined;
    this.room = limits.size ?? Number.POSITIVE_INFINITY;
    this.late = false;
    // A getter takes what it takes.
    this.clockEvery = run ? 1 : CLOCK_EVERY;
    /** @type {Cuts} */
    this.cuts = {};
    /** @type {object[]} objects above the one being copied */
    this.path = [];
  }

  /** @param {keyof Cuts} reason @param {number} [count] */
  cut(reason, count = 1) {
    this.cuts[reason] = (this.cuts[reason] ?? 0) + count;
  }

  /** @returns {'nodes' | 'size' | 'time' | null} why nothing more is copied */
  #full() {
    if (this.left > 0 && this.room > 0 && !this.late) return null;
    if (this.left <= 0) return 'nodes';
    return this.room <= 0 ? 'size' : 'time';
  }

  /** @param {any} value @returns {any} */
  copy(value) {
    this.left -= 1;
    if (this.left % this.clockEvery === 0 && now() > this.deadline) this.late = true;
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        if (!Number.isFinite(value)) return this.#text(String(value));
        if (this.sized) this.room -= String(value).length;
        return value;
      case 'boolean':
        this.room -= 5;
        return value;
      case 'undefined':
        this.room -= 4;
        return null;
      case 'bigint':
        return this.#text(bigIntText(value));
      case 'symbol':
        return this.#text(String(value));
      case 'function':
        return this.#text(`[Function ${nameOf(value)}]`);
      default:
        if (value !== null) return this.#object(value);
        this.room -= 4;
        return null;
    }
  }

  /**
   * Some properties of an object, in their order; of what is no object, itself as `value`.
   * @param {any} value @param {readonly string[]} fields
   */
  row(value, fields) {
    const object = this.run ? this.#json(value) : value;
    if (typeof object !== 'object' || object === null || !isBag(object)) {
      return pick(asRow(this.copy(object)), fields);
    }
    /** @type {Record<string, any>} */
    const out = {};
    this.path.push(object);
    for (const key of fields) set(out, key, this.#property(object, key) ?? null);
    this.path.pop();
    return out;
  }

  /** @param {string} text */
  #text(text) {
    let shown = text;
    if (text.length > this.limits.string) {
      this.cut('string');
      shown = shortened(text, this.limits.string);
    }
    if (!this.sized) return shown;
    let size = jsonSize(shown);
    if (size > this.room) {
      this.cut('size');
      let length = Math.min(text.length, Math.max(0, this.room - 40));
      do {
        shown = shortened(text, length);
        size = jsonSize(shown);
        length >>= 1;
      } while (size > this.room && length > 0);
    }
    this.room -= size;
    return shown;
  }

  /** @param {string} key */
  #key(key) {
    const shown = key.length <= LONG_KEY ? key : shortened(key, LONG_KEY);
    if (this.sized) this.room -= jsonSize(shown) + 2;
    return shown;
  }

  /** @param {any} value */
  #object(value) {
    this.room -= 2;
    // Every look at a proxy may run code of the application.
    if (!this.run && types.isProxy(value)) return this.#text('[Proxy]');
    if (this.path.includes(value)) return this.#text('[Circular]');
    if (this.path.length >= this.limits.depth) {
      this.cut('depth');
      return this.#text('[Deeper]');
    }
    this.path.push(value);
    try {
      const object = this.run ? this.#json(value) : value;
      return object === value ? this.#contents(value) : this.copy(object);
    } catch (error) {
      return this.#threw(error);
    } finally {
      this.path.pop();
    }
  }

  /** @param {unknown} error */
  #threw(error) {
    this.cut('threw');
    return this.#text(`[Threw: ${errorText(error)}]`);
  }

  /** What JSON would take in a value's place. @param {any} value */
  #json(value) {
    if (typeof value !== 'object' || value === null) return value;
    if (types.isDate(value) || ArrayBuffer.isView(value)) return value;
    const { toJSON } = value;
    return typeof toJSON === 'function' ? toJSON.call(value, '') : value;
  }

  /** @param {any} value */
  #contents(value) {
    if (Array.isArray(value)) return this.#array(value);
    // Most are this, and asking for all the other kinds takes its time.
    if (Object.getPrototypeOf(value) === Object.prototype) return this.#properties(value);
    if (types.isMap(value)) return this.#map(value);
    if (types.isSet(value)) return this.#set(value);
    // The properties of a text in an object are all of its characters.
    if (types.isBoxedPrimitive(value)) return this.copy(unboxed(value));
    const text = textOf(value);
    return text === undefined ? this.#properties(value) : this.#text(text);
  }

  /** @param {any[]} list */
  #array(list) {
    const out = [];
    for (let i = 0; i < list.length; i++) {
      if (this.#stops(out, list.length - i)) break;
      this.room -= 1;
      out.push(this.run ? (this.#property(list, i) ?? null) : this.#element(list, i));
    }
    return out;
  }

  /** An element may be a getter too. @param {any[]} list @param {number} i */
  #element(list, i) {
    const element = Object.getOwnPropertyDescriptor(list, i);
    if (element === undefined) return this.copy(undefined);
    return 'value' in element ? this.copy(element.value) : this.#text('[Getter]');
  }

  /** @param {Set<any>} values */
  #set(values) {
    /** @type {any[]} */
    const out = [];
    for (const value of Set.prototype.values.call(values)) {
      if (this.#stops(out, setSize.call(values) - out.length)) break;
      this.room -= 1;
      out.push(this.copy(value));
    }
    return out;
  }

  /** @param {any[]} out @param {number} rest */
  #stops(out, rest) {
    const reason = this.#full();
    if (reason === null) return false;
    this.cut(reason, rest);
    out.push(`… ${rest} more`);
    return true;
  }

  /** @param {Map<any, any>} map */
  #map(map) {
    /** @type {Record<string, any>} */
    const out = {};
    let done = 0;
    for (const [key, value] of Map.prototype.entries.call(map)) {
      if (this.#ends(out, mapSize.call(map) - done)) break;
      done += 1;
      const held = (typeof key === 'object' && key !== null) || typeof key === 'function';
      const text = held ? `[${kindOf(key)} ${done}]` : String(key);
      set(out, this.#key(text), this.copy(value));
    }
    return out;
  }

  /** @param {any} value */
  #properties(value) {
    /** @type {Record<string, any>} */
    const out = {};
    let keys = Object.keys(value);
    // An error's own words are not enumerable.
    if (types.isNativeError(value) || inherits(value, Error.prototype)) {
      keys = [...new Set(['name', 'message', 'stack', 'cause', ...keys])];
    }
    let done = 0;
    for (const key of keys) {
      if (this.#ends(out, keys.length - done)) break;
      done += 1;
      const copied = this.#property(value, key);
      if (copied !== undefined) set(out, this.#key(key), copied);
    }
    return out;
  }

  /** @param {Record<string, any>} out @param {number} rest */
  #ends(out, rest) {
    const reason = this.#full();
    if (reason === null) return false;
    this.cut(reason, rest);
    out['…'] = `${rest} more`;
    return true;
  }

  /**
   * The copy of a property; undefined where there is none.
   * @param {any} object @param {string | number} key
   */
  #property(object, key) {
    if (this.run) {
      let value;
      try {
        if (!(key in object)) return undefined;
        value = object[key];
      } catch (error) {
        return this.#threw(error);
      }
      return this.copy(value);
    }
    try {
      // No proxy, as #object has found out.
      const own = Object.getOwnPropertyDescriptor(object, key);
      const property = own ?? describe(Object.getPrototypeOf(object), key);
      if (property === undefined) return undefined;
      if ('value' in property) return this.copy(property.value);
      return property.get === STACK_GETTER ? this.copy(object.stack) : this.#text('[Getter]');
    } catch (error) {
      // An export of a module that has not run yet, or what formats the application's stacks.
      return this.#threw(error);
    }
  }
}

module.exports = { Copier };
