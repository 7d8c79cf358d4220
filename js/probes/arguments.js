'use strict';
// Argument types of probes and what a firing's values become on the wire.

const { toPlain } = require('../state/plain');

/** As many arguments as DTrace's USDT provider takes. */
const ARGUMENTS_MAX = 32;

/** @typedef {(value: any) => string} Encoder the JSON text of one value */

/** @type {Encoder} */
function int(value) {
  if (typeof value === 'number') {
    const whole = Math.trunc(value);
    return Number.isFinite(whole) ? String(whole === 0 ? 0 : whole) : '0';
  }
  if (typeof value === 'bigint') {
    const safe = value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER;
    return safe ? String(value) : `"${value}"`;
  }
  if (value === undefined || value === null) return '0';
  return int(Number(value)); // may throw: counted by the caller
}

/** @type {Encoder} */
function string(value) {
  return JSON.stringify(typeof value === 'string' ? value : String(value));
}

/** @type {Encoder} */
function json(value) {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    return JSON.stringify(toPlain(value)); // a cycle, a BigInt, a getter that throws
  }
}

/**
 * The encoder of a declared type. As in dtrace-provider the type is known by how it begins, and
 * one that is not known is a string.
 * @param {string} type
 */
function encoderOf(type) {
  if (type.startsWith('json')) return json;
  if (type.startsWith('int')) return int;
  return string;
}

module.exports = { ARGUMENTS_MAX, encoderOf };
