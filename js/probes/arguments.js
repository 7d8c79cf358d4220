'use strict';
// Argument types of probes: what a firing's values become for the kernel and on the wire.

const { toPlain } = require('../state/plain');

/** As many arguments as DTrace's USDT provider takes. */
const ARGUMENTS_MAX = 32;

const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;

/**
 * One argument's type. A value first becomes plain: a string, a number or a BigInt, which the
 * native part takes as it is (ArgType_t, and 0 for strings: native/addon/addon.c). The same plain
 * value then becomes JSON for the bus. `plain` may throw.
 * @typedef {object} ArgumentType
 * @property {number} kind
 * @property {'string' | 'number' | null} takes of which type values are plain already: all strings,
 *   or integers of 32 bits
 * @property {(value: any, failed: () => void) => string | number | bigint | undefined} plain
 *   `failed` is to be called where a substitute is given
 * @property {(plain: any) => string} json
 */

/** @param {any} value @returns {number | bigint} */
function integer(value) {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.trunc(value) : 0;
  if (typeof value === 'bigint') return value;
  if (value === undefined || value === null) return 0;
  return integer(Number(value)); // throws for symbols and objects that do not let themselves be converted
}

/** @param {number | bigint} value */
function integerJson(value) {
  if (typeof value === 'number') return value === 0 ? '0' : String(value); // 0: not -0
  const safe = value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER;
  return safe ? String(value) : `"${value}"`;
}

/**
 * An integer of 8, 16 or 32 bits: as in C, what does not fit is cut off.
 * @param {number} bits @param {boolean} signed @returns {ArgumentType}
 */
function narrow(bits, signed) {
  const cut = signed ? BigInt.asIntN : BigInt.asUintN;
  const unused = 32 - bits;
  return {
    kind: signed ? -bits / 8 : bits / 8,
    takes: signed && bits === 32 ? 'number' : null,
    plain(value) {
      const whole = integer(value);
      if (typeof whole === 'bigint') return Number(cut(bits, whole));
      return signed ? (whole << unused) >> unused : (whole << unused) >>> unused;
    },
    json: integerJson,
  };
}

/**
 * An integer of 64 bits. A BigInt that does not fit is cut, a number ends at the last that fits.
 * @param {boolean} signed @returns {ArgumentType}
 */
function wide(signed) {
  const cut = signed ? BigInt.asIntN : BigInt.asUintN;
  const [least, most] = signed ? [-INT64_MAX - 1n, INT64_MAX] : [0n, UINT64_MAX];
  return {
    kind: signed ? -8 : 8,
    takes: signed ? 'number' : null,
    plain(value) {
      const whole = integer(value);
      if (typeof whole === 'bigint') return cut(64, whole);
      if (whole < 0 && !signed) return cut(64, BigInt(whole));
      if (whole > -(2 ** 63) && whole < 2 ** 63) return whole;
      const big = BigInt(whole);
      return big < least ? least : big > most ? most : big;
    },
    json: integerJson,
  };
}

const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

const SHORT = 64;

/**
 * Whether it is short ASCII, as methods and paths are, that needs no escapes: to look at each letter
 * of such a text is faster than to ask V8.
 * @param {string} text
 */
function isPlain(text) {
  const { length } = text;
  if (length > SHORT) return false;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return false;
  }
  return true;
}

/** As JSON. Most texts need no escapes, and finding that out is the cheaper half. @param {string} text */
function quoted(text) {
  return isPlain(text) || PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** @type {ArgumentType} */
const string = {
  kind: 0,
  takes: 'string',
  plain: (value) => (typeof value === 'string' ? value : String(value)),
  json: quoted,
};

/** Tracers know no floating point, so they get its text. @type {ArgumentType} */
const double = {
  kind: 0,
  takes: null,
  plain: (value) => String(value === undefined ? 0 : Number(value)),
  json: (plain) => (Number.isFinite(Number(plain)) ? plain : JSON.stringify(plain)),
};

/** @type {ArgumentType} */
const json = {
  kind: 0,
  takes: null,
  plain(value, failed) {
    try {
      return JSON.stringify(value);
    } catch {
      failed(); // a cycle, a BigInt, a getter that throws
      return JSON.stringify(toPlain(value));
    }
  },
  json: (plain) => plain ?? 'null',
};

/** @type {Record<string, ArgumentType>} */
const NAMED = {
  double,
  int8: narrow(8, true),
  uint8: narrow(8, false),
  int16: narrow(16, true),
  uint16: narrow(16, false),
  int32: narrow(32, true),
  uint32: narrow(32, false),
  int64: wide(true),
  uint64: wide(false),
};

/**
 * A declared type. Besides ours there are dtrace-provider's, known by how they begin; what is none
 * of these is a string.
 * @param {string} type
 * @returns {ArgumentType}
 */
function argumentType(type) {
  if (Object.hasOwn(NAMED, type)) return NAMED[type];
  if (type.startsWith('json')) return json;
  if (type.startsWith('int')) return NAMED.int64;
  return string;
}

module.exports = { ARGUMENTS_MAX, argumentType, isPlain, quoted };
