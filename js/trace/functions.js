'use strict';
// The functions of D: what each takes and gives. Semantics are those of the Dynamic Tracing Guide,
// chapter "Actions and Subroutines"; where an address is meant there, a string of the process is
// meant here. py/nodeobs/d/runtime/functions.py has the same ones.

const path = require('node:path');
const { illegal } = require('./fault');
const { CASTS, digits, negate, number, wrapped } = require('./integers');
const { parse, steps, valueAt } = require('./json-path');
const { string } = require('./strings');
const { nextToken } = require('./tokens');

const { normalize } = path.posix;
const { random } = Math;

const AF_INET = 2;
/** Linux, illumos, macOS. */
const AF_INET6 = [10, 26, 30];
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** @typedef {import('./frame').Frame} Frame */

/**
 * @typedef {object} DFunction
 * @property {number} least arguments @property {number} most
 * @property {(frame: Frame, ...values: any[]) => any} call
 */

/** A string that a function goes through, paid for. @param {Frame} frame @param {any} value */
function text(frame, value) {
  const known = string(value);
  frame.spend(known.length);
  return known;
}

/**
 * Where a string has another in it. V8 may compare all of one at each place of the other.
 * @param {Frame} frame @param {any} value @param {any} wanted
 */
function pair(frame, value, wanted) {
  const known = text(frame, value);
  const needle = text(frame, wanted);
  frame.spend((known.length * needle.length) >> 6);
  return { known, needle };
}

/** @param {any} value a code, or a string of one character */
function character(value) {
  if (typeof value === 'string' && value.length === 1) return value;
  return String.fromCharCode(number(value) & 0xffff);
}

/** @param {any} base */
function radix(base) {
  const value = number(base);
  if (value >= 2 && value <= 36) return Math.trunc(value);
  throw illegal(`base ${value}`);
}

/**
 * Perl's rules: a negative start counts from the end, a negative count leaves some off it.
 * @param {string} s @param {number} start @param {number | undefined} count
 */
function part(s, start, count) {
  const at = Math.trunc(start) + (start < 0 ? s.length : 0);
  if (count === undefined) return s.slice(Math.max(at, 0));
  const left = Math.trunc(count);
  if (left >= 0) return s.slice(Math.max(at, 0), Math.max(at + left, 0));
  // DTrace gives nothing if the start is off the text as well.
  return at >= 0 ? s.slice(at, Math.max(s.length + left, 0)) : '';
}

/** @param {string} s @param {number} base */
function leadingInteger(s, base) {
  let rest = s.replace(/^[ \t]+/, '');
  const negative = rest[0] === '-';
  if (negative || rest[0] === '+') rest = rest.slice(1);
  if (base === 16 && /^0x[0-9a-f]/i.test(rest)) rest = rest.slice(2);
  let end = 0;
  let small = 0;
  while (end < rest.length) {
    const digit = digitValue(rest.charCodeAt(end));
    if (digit >= base) break;
    small = small * base + digit;
    end += 1;
  }
  if (small < Number.MAX_SAFE_INTEGER) return negative ? -small : small;
  let big = 0n;
  for (let i = 0; i < end; i++) {
    big = BigInt.asUintN(64, big * BigInt(base) + BigInt(digitValue(rest.charCodeAt(i))));
  }
  return wrapped(negative ? -big : big);
}

/** @param {number} code of an ASCII digit or letter @returns {number} 99: it is neither */
function digitValue(code) {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 122) return code - 87;
  if (code >= 65 && code <= 90) return code - 55;
  return 99;
}

/** @param {string} s */
function baseName(s) {
  if (s === '') return '.';
  let end = s.length;
  while (end > 0 && s[end - 1] === '/') end -= 1;
  return end === 0 ? '/' : s.slice(s.lastIndexOf('/', end - 1) + 1, end);
}

/** @param {string} s */
function dirName(s) {
  let end = s.length;
  while (end > 0 && s[end - 1] === '/') end -= 1;
  end = end === 0 ? -1 : s.lastIndexOf('/', end - 1);
  if (end < 0) return s[0] === '/' ? '/' : '.';
  while (end > 0 && s[end - 1] === '/') end -= 1;
  return end === 0 ? '/' : s.slice(0, end);
}

/** @param {any} address a text, or a number in network order */
function ipv4(address) {
  if (typeof address === 'string') return address.replace(MAPPED, '$1');
  const bits = number(address);
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join('.');
}

/** @param {any} address */
function ipv6(address) {
  return ipv4(string(address));
}

/** @param {number} value @param {number} bytes */
function swapped(value, bytes) {
  let result = 0n;
  let rest = BigInt.asUintN(8 * bytes, BigInt(Math.trunc(number(value))));
  for (let i = 0; i < bytes; i++) {
    result = (result << 8n) | (rest & 0xffn);
    rest >>= 8n;
  }
  return wrapped(result);
}

/** @param {number} bytes @returns {DFunction} */
function swap(bytes) {
  return { least: 1, most: 1, call: (_frame, value) => swapped(value, bytes) };
}

/** @type {Record<string, DFunction>} */
const FUNCTIONS = {
  abs: { least: 1, most: 1, call: (_frame, value) => (number(value) < 0 ? negate(value) : value) },
  basename: { least: 1, most: 1, call: (frame, s) => baseName(text(frame, s)) },
  cleanpath: { least: 1, most: 1, call: (frame, s) => normalize(text(frame, s)) },
  copyinstr: {
    least: 1,
    most: 2,
    call(_frame, s, most = -1) {
      const known = string(s);
      return number(most) < 0 ? known : known.slice(0, most);
    },
  },
  dirname: { least: 1, most: 1, call: (frame, s) => dirName(text(frame, s)) },
  htonl: swap(4),
  htonll: swap(8),
  htons: swap(2),
  index: {
    least: 2,
    most: 3,
    call(frame, s, wanted, start = 0) {
      const { known, needle } = pair(frame, s, wanted);
      return known.indexOf(needle, Math.max(number(start), 0));
    },
  },
  inet_ntoa: { least: 1, most: 1, call: (_frame, address) => ipv4(address) },
  inet_ntoa6: { least: 1, most: 1, call: (_frame, address) => ipv6(address) },
  inet_ntop: {
    least: 2,
    most: 2,
    call(_frame, family, address) {
      const kind = number(family);
      if (kind === AF_INET) return ipv4(address);
      if (AF_INET6.includes(kind)) return ipv6(address);
      throw illegal(`address family ${kind}`);
    },
  },
  json: {
    least: 2,
    most: 2,
    call(frame, s, where) {
      const wanted = steps(string(where));
      const known = string(s);
      return wanted === null ? 0 : valueAt(frame.document(known, parse), wanted);
    },
  },
  lltostr: {
    least: 1,
    most: 2,
    call(_frame, value, base = 10) {
      const wanted = radix(base);
      const prefix = wanted === 16 ? '0x' : wanted === 8 ? '0' : '';
      return prefix + digits(number(value), wanted);
    },
  },
  ntohl: swap(4),
  ntohll: swap(8),
  ntohs: swap(2),
  rand: { least: 0, most: 0, call: () => Math.floor(random() * 2 ** 31) },
  rindex: {
    least: 2,
    most: 3,
    call(frame, s, wanted, start) {
      const { known, needle } = pair(frame, s, wanted);
      const at = start === undefined ? known.length : number(start);
      return at < 0 ? (needle === '' ? 0 : -1) : known.lastIndexOf(needle, at);
    },
  },
  stringof: { least: 1, most: 1, call: (_frame, s) => string(s) },
  strchr: {
    least: 2,
    most: 2,
    call(frame, s, wanted) {
      const known = text(frame, s);
      const at = known.indexOf(character(wanted));
      return at < 0 ? 0 : known.slice(at);
    },
  },
  strjoin: { least: 2, most: 2, call: (frame, a, b) => text(frame, a) + text(frame, b) },
  strlen: { least: 1, most: 1, call: (_frame, s) => string(s).length },
  strrchr: {
    least: 2,
    most: 2,
    call(frame, s, wanted) {
      const known = text(frame, s);
      const at = known.lastIndexOf(character(wanted));
      return at < 0 ? 0 : known.slice(at);
    },
  },
  strstr: {
    least: 2,
    most: 2,
    call(frame, s, wanted) {
      const { known, needle } = pair(frame, s, wanted);
      const at = known.indexOf(needle);
      return at < 0 ? 0 : known.slice(at);
    },
  },
  strtok: {
    least: 2,
    most: 2,
    call(frame, s, delimiters) {
      const ends = text(frame, delimiters);
      const { token, rest } = nextToken(text(frame, s === 0 ? frame.tokens : s), ends);
      frame.tokens = rest;
      return token === '' ? 0 : token;
    },
  },
  strtoll: {
    least: 1,
    most: 2,
    call: (frame, s, base = 10) => leadingInteger(text(frame, s), radix(base)),
  },
  substr: {
    least: 2,
    most: 3,
    call(frame, s, start, count) {
      const known = text(frame, s);
      return part(known, number(start), count === undefined ? undefined : number(count));
    },
  },
  tolower: {
    least: 1,
    most: 1,
    call: (frame, s) => text(frame, s).replace(/[A-Z]+/g, (upper) => upper.toLowerCase()),
  },
  toupper: {
    least: 1,
    most: 1,
    call: (frame, s) => text(frame, s).replace(/[a-z]+/g, (lower) => lower.toUpperCase()),
  },
};

module.exports = { CASTS, FUNCTIONS };
