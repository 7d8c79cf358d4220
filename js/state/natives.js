'use strict';
// What V8's own kinds of objects hold, whatever an application has put into their place.

const { types } = require('node:util');
const { inherits, kindOf } = require('./looking');

/** @param {object} prototype @param {string} key @returns {(this: any) => any} */
function getter(prototype, key) {
  return /** @type {any} */ (Object.getOwnPropertyDescriptor(prototype, key)).get;
}

// Subclasses of the application may have their own.
const mapSize = getter(Map.prototype, 'size');
const setSize = getter(Set.prototype, 'size');
const arrayBytes = getter(Object.getPrototypeOf(Uint8Array.prototype), 'byteLength');
const viewBytes = getter(DataView.prototype, 'byteLength');
const bufferBytes = getter(ArrayBuffer.prototype, 'byteLength');
const sharedBytes = getter(SharedArrayBuffer.prototype, 'byteLength');

const regExpSource = getter(RegExp.prototype, 'source');
const regExpFlags = Object.entries({
  hasIndices: 'd',
  global: 'g',
  ignoreCase: 'i',
  multiline: 'm',
  dotAll: 's',
  unicode: 'u',
  unicodeSets: 'v',
  sticky: 'y',
}).map(([key, flag]) => ({ flag, has: getter(RegExp.prototype, key) }));

/** @param {RegExp} value */
function regExpText(value) {
  const flags = regExpFlags.filter(({ has }) => has.call(value)).map(({ flag }) => flag);
  return `/${regExpSource.call(value)}/${flags.join('')}`;
}

const LONG_BIGINT = 2n ** 4096n;

// Writing one with a million digits takes seconds.
/** @param {bigint} value */
function bigIntText(value) {
  const long = value > LONG_BIGINT || value < -LONG_BIGINT;
  return long ? '[BigInt of over 4,096 bits]' : String(value);
}

/** @param {any} value an object around a text, a number, … */
function unboxed(value) {
  if (types.isStringObject(value)) return String.prototype.valueOf.call(value);
  if (types.isNumberObject(value)) return Number.prototype.valueOf.call(value);
  if (types.isBooleanObject(value)) return Boolean.prototype.valueOf.call(value);
  if (types.isBigIntObject(value)) return BigInt.prototype.valueOf.call(value);
  return Symbol.prototype.valueOf.call(value);
}

/**
 * The text for an object that is shown as one.
 * @param {any} value no proxy
 * @returns {string | undefined}
 */
function textOf(value) {
  if (types.isDate(value)) {
    const time = Date.prototype.getTime.call(value);
    return Number.isNaN(time) ? 'Invalid Date' : new Date(time).toISOString();
  }
  if (types.isRegExp(value)) return regExpText(value);
  if (ArrayBuffer.isView(value)) {
    const bytes = types.isTypedArray(value) ? arrayBytes.call(value) : viewBytes.call(value);
    return `[${kindOf(value)} ${bytes} bytes]`;
  }
  if (types.isAnyArrayBuffer(value)) {
    const size = types.isSharedArrayBuffer(value) ? sharedBytes : bufferBytes;
    return `[${kindOf(value)} ${size.call(value)} bytes]`;
  }
  if (types.isPromise(value) || inherits(value, WeakRef.prototype)) {
    return `[${kindOf(value)}]`;
  }
  return undefined;
}

module.exports = { bigIntText, mapSize, setSize, textOf, unboxed };
