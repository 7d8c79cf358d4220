'use strict';
// A log record's line, put together from texts without making the record: what nearly every call
// gets. Everything out of the ordinary is left to record.js, which writes the same bytes.

const { isoNow } = require('../agent/clock');
const { isError, thrownText } = require('./errors');
const { quote, valueText } = require('./json');
const { messageText } = require('./message');
const { errorField, errorMessage, serialized } = require('./serializers');

/** @typedef {import('./logger').Logger} Logger */

// Keys with a place or meaning of their own in a record. Digits come first in any object.
const SPECIAL = /^(?:level|msg|time|src|v|__proto__|\d+)$/;
const KEYS_KEPT = 4096;

/** @type {Map<string, string>} key → `,"key":`, or '' for a special one */
const keyTexts = new Map();

/**
 * The same text in one piece. V8 keeps a concatenation as a tree, and would walk it again for every
 * line that it becomes a part of; looking for a number in it makes it flat.
 * @param {string} text
 */
function flat(text) {
  Number(text);
  return text;
}

/** @param {string} key */
function keyText(key) {
  const known = keyTexts.get(key);
  if (known !== undefined) return known;
  const text = SPECIAL.test(key) ? '' : flat(`,${quote(key)}:`);
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
  const start = startOf(logger, band);
  if (start === '') return '';
  const first = args[0];
  if (typeof first !== 'object') return ended(start, messageText(args, 0));
  if (first === null) return ended(start, messageText(args, 1));
  const proto = Object.getPrototypeOf(first);
  if (proto !== Object.prototype && proto !== null) {
    if (isError(first)) return errorLine(logger, start, first, args, quiet);
    // A subclass's instance is as good a set of fields as any other object.
    if (Array.isArray(first) || ArrayBuffer.isView(first)) return '';
  }
  const named = /** @type {Record<string, unknown>} */ (first);
  const fields =
    logger.serializers === null && logger._redaction === null
      ? plainFields(logger, named)
      : madeFields(logger, named, quiet);
  if (fields === null || (args.length === 1 && isError(named.err))) return '';
  return ended(start + fields, messageText(args, 1));
}

/**
 * @param {Logger} logger
 * @param {string} start
 * @param {Error} error
 * @param {unknown[]} args
 * @param {boolean} quiet
 */
function errorLine(logger, start, error, args, quiet) {
  if (Object.hasOwn(logger._fields, 'err')) return '';
  const err = errorField(logger.serializers, error, quiet);
  const field = logger._redaction === null ? err : logger._redaction.field('err', err);
  const json = valueText('err', field);
  const text = json === undefined ? start : `${start},"err":${json}`;
  const message = args.length === 1 ? messageText([errorMessage(err, error)], 0) : null;
  return ended(text, message ?? messageText(args, 1));
}

/**
 * A line from its beginning and its message, at the present time.
 * @param {string} text
 * @param {string} message
 */
function ended(text, message) {
  const end = endText();
  return end === '' ? '' : `${text},"msg":${quote(message)}${end}`;
}

let lastTime = '';
let lastEnd = '';

/** From the time on, which many lines have in common; '' when a faked clock has no time. */
function endText() {
  const time = now();
  if (time === null) return '';
  if (time !== lastTime) {
    lastTime = time;
    lastEnd = flat(`,"time":"${time}","v":0}\n`);
  }
  return lastEnd;
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
 * Fields as they are; null when a key is special, or the logger's own, or a getter throws.
 * @param {Logger} logger
 * @param {Record<string, unknown>} fields
 */
function plainFields(logger, fields) {
  const own = logger._fields;
  const keys = Object.keys(fields);
  let text = '';
  try {
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      const keyed = keyText(key);
      if (keyed === '' || Object.hasOwn(own, key)) return null;
      const json = valueText(key, fields[key]);
      if (json !== undefined) text += keyed + json;
    }
  } catch {
    return null;
  }
  return text;
}

/**
 * The same through serializers and redaction, which run once: so the keys are judged before.
 * @param {Logger} logger
 * @param {Record<string, unknown>} fields
 * @param {boolean} quiet
 */
function madeFields(logger, fields, quiet) {
  const { serializers, _redaction: redaction } = logger;
  const keys = Object.keys(fields);
  for (let i = 0; i < keys.length; i++) {
    if (keyText(keys[i]) === '' || Object.hasOwn(logger._fields, keys[i])) return null;
  }
  let text = '';
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    let value = fieldOf(fields, key);
    if (value !== undefined && serializers !== null && Object.hasOwn(serializers, key)) {
      value = serialized(serializers, key, value, quiet);
    }
    if (redaction?.concerns(key)) value = redaction.field(key, value);
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
 * How all lines of a level begin.
 * @param {Logger} logger
 * @param {number} band
 * @returns {string} '' when a field is special
 */
function startOf(logger, band) {
  return logger._starts?.[band] ?? startText(logger, band);
}

/**
 * The same, kept for the next.
 * @param {Logger} logger
 * @param {number} band
 * @returns {string} '' when a field is special
 */
function startText(logger, band) {
  const head = logger._head ?? headText(logger);
  if (head === '') return '';
  const start = head + LEVEL_TEXTS[band];
  if (logger._head !== undefined) {
    logger._starts ??= [];
    logger._starts[band] = flat(start);
  }
  return start;
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

/**
 * Whether a field of a call is written as it is, in its place.
 * @param {Logger} logger
 * @param {string} key
 */
function isPlain(logger, key) {
  if (keyText(key) === '' || Object.hasOwn(logger._fields, key)) return false;
  const { serializers, _redaction: redaction } = logger;
  return !(serializers !== null && Object.hasOwn(serializers, key)) && !redaction?.concerns(key);
}

/**
 * A line of what fastLine would have made it of.
 * @param {string} start see {@link startOf}
 * @param {string[]} keys all of them plain
 * @param {unknown[]} values
 * @param {string} message
 * @param {string} time ISO
 */
function lineOf(start, keys, values, message, time) {
  let text = start;
  for (let i = 0; i < keys.length; i++) {
    const json = valueText(keys[i], values[i]);
    if (json !== undefined) text += keyText(keys[i]) + json;
  }
  return `${text},"msg":${quote(message)},"time":"${time}","v":0}\n`;
}

module.exports = { fastLine, fieldOf, isPlain, lineOf, now, startOf };
