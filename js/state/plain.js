'use strict';
// A bounded copy of any value as plain JSON data. It reads data properties only: no getter and no
// toJSON of the application runs, nothing is followed twice, and what is left out is marked.

const { isProxy } = require('node:util').types;

// An error's stack is an accessor from V8 12 on: the engine's own, so it may be read.
const STACK_GETTER = Object.getOwnPropertyDescriptor(new Error('x'), 'stack')?.get ?? null;

/** @typedef {{nodes: number, depth: number, string: number}} Limits */

/** Values, levels of nesting and characters of one string that are copied. */
const LIMITS = Object.freeze({ nodes: 20000, depth: 12, string: 16384 });

/** @param {string} text @param {number} max */
function cut(text, max) {
  return text.length <= max ? text : `${text.slice(0, max)}… (${text.length} characters)`;
}

class Copier {
  /** @param {Limits} limits */
  constructor(limits) {
    this.limits = limits;
    this.left = limits.nodes;
    /** @type {object[]} objects above the one being copied */
    this.path = [];
  }

  /** @param {any} value @returns {any} */
  copy(value) {
    this.left -= 1;
    switch (typeof value) {
      case 'string':
        return cut(value, this.limits.string);
      case 'number':
        return Number.isFinite(value) ? value : String(value);
      case 'boolean':
        return value;
      case 'undefined':
        return null;
      case 'bigint':
      case 'symbol':
        return String(value);
      case 'function':
        return `[Function ${nameOf(value)}]`;
      default:
        return value === null ? null : this.#object(value);
    }
  }

  /** @param {any} value */
  #object(value) {
    if (isProxy(value)) return '[Proxy]'; // every look at one may run code of the application
    if (this.path.includes(value)) return '[Circular]';
    if (this.path.length >= this.limits.depth) return '[Deeper]';
    this.path.push(value);
    try {
      return this.#contents(value);
    } finally {
      this.path.pop();
    }
  }

  /** @param {any} value */
  #contents(value) {
    if (Array.isArray(value)) return this.#list(value, value.length);
    if (value instanceof Date) {
      const time = Date.prototype.getTime.call(value);
      return Number.isNaN(time) ? 'Invalid Date' : new Date(time).toISOString();
    }
    if (value instanceof RegExp) return RegExp.prototype.toString.call(value);
    if (ArrayBuffer.isView(value)) return `[${kindOf(value)} ${value.byteLength} bytes]`;
    if (value instanceof Map) return this.#map(value);
    if (value instanceof Set) return this.#list(Set.prototype.values.call(value), value.size);
    if (value instanceof WeakRef || value instanceof Promise) return `[${kindOf(value)}]`;
    return this.#properties(value);
  }

  /** @param {Iterable<any>} values @param {number} length */
  #list(values, length) {
    const out = [];
    for (const value of values) {
      if (this.left <= 0) {
        out.push(`… ${length - out.length} more`);
        break;
      }
      out.push(this.copy(value));
    }
    return out;
  }

  /** @param {Map<any, any>} map */
  #map(map) {
    /** @type {Record<string, any>} */
    const out = {};
    let done = 0;
    for (const [key, value] of Map.prototype.entries.call(map)) {
      if (this.left <= 0) {
        out['…'] = `${map.size - done} more`;
        break;
      }
      done += 1;
      set(
        out,
        typeof key === 'object' ? `[${kindOf(key)} ${done}]` : String(key),
        this.copy(value),
      );
    }
    return out;
  }

  /** @param {any} value */
  #properties(value) {
    /** @type {Record<string, any>} */
    const out = {};
    const keys = Object.keys(value);
    // An error's own words are not enumerable.
    if (value instanceof Error) keys.unshift(...['name', 'message', 'stack', 'cause']);
    let done = 0;
    for (const key of new Set(keys)) {
      if (this.left <= 0) {
        out['…'] = `${keys.length - done} more`;
        break;
      }
      done += 1;
      const property = describe(value, key);
      if (property === undefined) continue;
      if ('value' in property) set(out, key, this.copy(property.value));
      else set(out, key, property.get === STACK_GETTER ? this.copy(value.stack) : '[Getter]');
    }
    return out;
  }
}

// A plain assignment of "__proto__" would set the prototype.
/** @param {object} target @param {string} key @param {any} value */
function set(target, key, value) {
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/**
 * The property of the object or of the prototypes above it that are not proxies.
 * @param {any} value @param {string} key
 */
function describe(value, key) {
  for (let at = value; at !== null && !isProxy(at); at = Object.getPrototypeOf(at)) {
    const property = Object.getOwnPropertyDescriptor(at, key);
    if (property) return property;
  }
  return undefined;
}

/** @param {any} value */
function nameOf(value) {
  const property = isProxy(value) ? undefined : describe(value, 'name');
  return typeof property?.value === 'string' && property.value ? property.value : '(anonymous)';
}

/** @param {any} value */
function kindOf(value) {
  if (value === null) return 'null';
  const kind = describe(value, 'constructor')?.value;
  return typeof kind === 'function' ? nameOf(kind) : 'Object';
}

/**
 * @param {any} value anything
 * @param {Limits} [limits]
 * @returns {any} JSON data of at most about `limits.nodes` values; undefined becomes null
 */
function toPlain(value, limits = LIMITS) {
  return new Copier(limits).copy(value);
}

module.exports = { LIMITS, toPlain };
