'use strict';
// Any value as JSON, whatever it is: a log call must not throw, and a log file must stay NDJSON.
// JSON.stringify does the work; walk.js only takes over where it throws, or writes too much.

const { types } = require('node:util');
const { isError, serializeError } = require('./errors');
const { FIELD_CHARS, bigintText, cut, safeText } = require('./walk');

// As JSON.stringify escapes them, lone surrogates included (any surrogate: it will know).
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON must escape them
const ESCAPED = /[\u0000-\u001f"\\\ud800-\udfff]/;

// Up to here a look at each character is faster than starting a regular expression.
const SHORT = 24;

/** @param {string} text */
function quote(text) {
  if (text.length > SHORT) {
    if (text.length > FIELD_CHARS) return JSON.stringify(cut(text, FIELD_CHARS));
    return ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`;
  }
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
    const plain = typeof toJSON !== 'function' || types.isDate(value);
    const text = plain ? JSON.stringify(value) : textOfField(key, value);
    return text === undefined || text.length <= FIELD_CHARS ? text : safeText(key, value);
  } catch {
    return safeText(key, value);
  }
}

/** So that toJSON is given the key. @param {string} key @param {object | bigint} value */
function textOfField(key, value) {
  const text = JSON.stringify({ [key]: value });
  return text === '{}' ? undefined : text.slice(JSON.stringify(key).length + 2, -1);
}

module.exports = { quote, valueText };
