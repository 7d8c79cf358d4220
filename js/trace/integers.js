'use strict';
// Integers of D: signed 64 bits as a double holds them. Results are exact up to 2^53; beyond, they
// are what 64 bits would hold, rounded to the next double. tests/fixtures/d-expressions.json has
// this half and py/nodeobs/d/runtime/values.py prove that they agree.

const { Fault, illegal } = require('./fault');

const EXACT = 2 ** 53;
const LEAST = -(2 ** 63);
/** The largest double that is an int64. */
const LARGEST = 2 ** 63 - 1024;

/** @param {bigint} value */
function wrapped(value) {
  const number = Number(BigInt.asIntN(64, value));
  return number > LARGEST ? LARGEST : number;
}

/** @param {number} value a `double` argument may have a fraction */
const big = (value) => BigInt(Math.trunc(value));

/** @param {number} result of doubles */
const isExact = (result) => result < EXACT && result > -EXACT;

/**
 * A value where D needs an integer.
 * @param {any} value
 * @returns {number}
 */
function number(value) {
  if (typeof value === 'number') return value;
  const kind = typeof value === 'string' ? 'a string' : 'a structure';
  throw illegal(`${kind} where an integer is needed`);
}

/**
 * A number of the application's as an integer of D. A fraction stays: see `arg` in arguments.js.
 * @param {number | bigint} value
 */
function integer(value) {
  if (typeof value === 'bigint') return wrapped(value);
  if (isExact(value)) return value;
  return Number.isFinite(value) ? wrapped(BigInt(value)) : 0;
}

/** @param {number} a @param {number} b */
function add(a, b) {
  const result = a + b;
  return isExact(result) ? result : wrapped(big(a) + big(b));
}

/** @param {number} a @param {number} b */
function subtract(a, b) {
  const result = a - b;
  return isExact(result) ? result : wrapped(big(a) - big(b));
}

/** @param {number} a @param {number} b */
function multiply(a, b) {
  const result = a * b;
  return isExact(result) ? result : wrapped(big(a) * big(b));
}

/** @param {number} a @param {number} b */
function divide(a, b) {
  if (b === 0) throw new Fault('divide-by-zero');
  // Below 2^53 the rounded quotient never reaches the next integer.
  if (isExact(a) && isExact(b)) return Math.trunc(a / b);
  const divisor = big(b);
  if (divisor === 0n) throw new Fault('divide-by-zero');
  return wrapped(big(a) / divisor);
}

/** @param {number} a @param {number} b */
function remainder(a, b) {
  if (b === 0) throw new Fault('divide-by-zero');
  return Math.trunc(a % b); // exact for doubles, with the sign of the dividend as in C
}

/** Shift counts are taken modulo 64. @param {number} count */
function shift(count) {
  const bits = Math.trunc(count) % 64;
  return bits < 0 ? bits + 64 : bits;
}

/** @param {number} a @param {number} b */
function shiftLeft(a, b) {
  const bits = shift(b);
  const result = Math.trunc(a) * 2 ** bits;
  return isExact(result) ? result : wrapped(big(a) << BigInt(bits));
}

/** @param {number} a @param {number} b */
function shiftRight(a, b) {
  return Math.floor(Math.trunc(a) / 2 ** shift(b)); // exact: a power of two divides
}

/** @param {number} a @param {number} b */
const isNarrow = (a, b) => (a | 0) === a && (b | 0) === b;

/** @param {number} a @param {number} b */
function and(a, b) {
  return isNarrow(a, b) ? a & b : wrapped(BigInt.asIntN(64, big(a)) & BigInt.asIntN(64, big(b)));
}

/** @param {number} a @param {number} b */
function or(a, b) {
  return isNarrow(a, b) ? a | b : wrapped(BigInt.asIntN(64, big(a)) | BigInt.asIntN(64, big(b)));
}

/** @param {number} a @param {number} b */
function xor(a, b) {
  return isNarrow(a, b) ? a ^ b : wrapped(BigInt.asIntN(64, big(a)) ^ BigInt.asIntN(64, big(b)));
}

/** @param {number} a */
function negate(a) {
  return a === LEAST ? LEAST : -a;
}

/** @param {number} a */
function complement(a) {
  return isExact(a) ? -Math.trunc(a) - 1 : wrapped(~big(a));
}

/** What an integer cast keeps; 64 bits are what there is. @type {Record<string, (a: number) => number>} */
const CASTS = {
  int8: (a) => (a << 24) >> 24,
  int16: (a) => (a << 16) >> 16,
  int32: (a) => a | 0,
  int64: Math.trunc,
  uint8: (a) => a & 0xff,
  uint16: (a) => a & 0xffff,
  uint32: (a) => a >>> 0,
  uint64: Math.trunc,
};

/** An int64 as unsigned digits or signed. @param {number} a @param {number} radix */
function digits(a, radix) {
  if (radix === 10) return isExact(a) ? String(Math.trunc(a)) : String(big(a));
  return isExact(a) && a >= 0
    ? Math.trunc(a).toString(radix)
    : BigInt.asUintN(64, big(a)).toString(radix);
}

module.exports = {
  CASTS,
  add,
  and,
  complement,
  digits,
  divide,
  integer,
  multiply,
  negate,
  number,
  or,
  remainder,
  shiftLeft,
  shiftRight,
  subtract,
  wrapped,
  xor,
};
