'use strict';
// A log record's line, put together from texts without making the record: what nearly every call
// gets. Everything out of the ordinary is left to record.js, which writes the same bytes.

const { isoNow } = require('../agent/clock');
const { isError, thrownText } = require('./errors');
const { quote, valueText } = require('./json');
const { messageText } = require('./message');
const { serialized } = require('./serializers');

/** @typedef {import('./logger').Logger} Logger */

// Keys with a place or meaning of their own in a record. Digits come first in any object.
const SPECIAL = /^(?:level|msg|time|src|v|__proto__|\d+)$/;
const KEYS_KEPT = 4096;

/** @type {Map<string, string>} key → `,"key":`, or '' for a special one */
const keyTexts = new Map();

/** @param {string} key */
function keyText(key) {
  const known = keyTexts.get(key);
  if (known !== undefined) return known;
  const text = SPECIAL.test(key) ? '' : `,${quote(key)}:`;
  if (keyTexts.size < KEYS_KEPT) keyTexts.set(key, text);
  return text;
}

const LEVEL_TEXTS = [10, 20, 30, 40, 50, 60].map((level) => `,"level":${level}`);

/**
 * The line of a call, or '' when it has to go the long way.
 * @param {Logger} logger
 * @param {number} band of the log method
 * @param {unknown[]} args
 * @param {boolean} quiet
 * @returns {string}
 */
function fastLine(logger, band, args, quiet) {
  if (logger.src) return '';
  const head = logger._head ?? headText(logger);
  if (head === '') return '';
  const first = args[0];
  let fields = '';
  let from = 0;
  if (typeof first === 'object') {
    if (first === null) {
      from = 1;
    } else {
      const proto = Object.getPrototypeOf(first);
      if (proto !== Object.prototype && proto !== null) {
        // A subclass's instance is as good a set of fields as any other object.
        if (isError(first) || Array.isArray(first) || ArrayBuffer.isView(first)) return '';
      }
      const keys = ordinaryKeys(logger, first);
      if (keys === null) return '';
      const named = /** @type {Record<string, unknown>} */ (first);
      if (args.length === 1 && isError(named.err)) return '';
      fields = fieldsText(logger, named, keys, quiet);
      from = 1;
    }
  }
  const msg = quote(messageText(args, from));
  const time = now();
  if (time === null) return '';
  return `${head}${LEVEL_TEXTS[band]}${fields},"msg":${msg},"time":"${time}","v":0}\n`;
}

/** @returns {string | null} null when a faked clock says that it is no time at all */
function now() {
  try {
    return isoNow();
  } catch {
    return null;
  }
}

/**
 * The keys of fields that all just go between the level and the message, else null.
 * @param {Logger} logger
 * @param {object} fields
 */
function ordinaryKeys(logger, fields) {
  const keys = Object.keys(fields);
  for (let i = 0; i < keys.length; i++) {
    if (keyText(keys[i]) === '' || Object.hasOwn(logger._fields, keys[i])) return null;
  }
  return keys;
}

/**
 * @param {Logger} logger
 * @param {Record<string, unknown>} fields
 * @param {string[]} keys
 * @param {boolean} quiet
 */
function fieldsText(logger, fields, keys, quiet) {
  const { serializers } = logger;
  let text = '';
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    let value = fieldOf(fields, key);
    if (serializers !== null && value !== undefined && Object.hasOwn(serializers, key)) {
      value = serialized(serializers, key, value, quiet);
    }
    const json = valueText(key, value);
    if (json !== undefined) text += keyText(key) + json;
  }
  return text;
}

/**
 * A field's value; of a getter that throws, the reason.
 * @param {Record<string, unknown>} fields
 * @param {string} key
 */
function fieldOf(fields, key) {
  try {
    return fields[key];
  } catch (error) {
    return thrownText(error);
  }
}

/**
 * A logger's own fields, as all its lines begin: kept, unless a value can change by itself.
 * @param {Logger} logger
 * @returns {string} '' when a field is special
 */
function headText(logger) {
  const keys = Object.keys(logger._fields);
  // Digits move to the front of an object, so the first key tells of them all.
  if (keys.length === 0 || keyText(keys[0]) === '') return '';
  let fixed = !logger._exposed;
  let text = fixed ? logger._base : ''; // the parent's, already made
  for (let i = text === '' ? 0 : logger._baseKeys; i < keys.length; i++) {
    const start = keyText(keys[i]);
    if (start === '') return '';
    const value = logger._fields[keys[i]];
    const json = valueText(keys[i], value);
    if (json !== undefined) text += text === '' ? `{${start.slice(1)}${json}` : start + json;
    if (typeof value === 'object' && value !== null) fixed = false;
  }
  if (fixed) logger._head = text;
  return text;
}

module.exports = { fastLine, fieldOf, now };
