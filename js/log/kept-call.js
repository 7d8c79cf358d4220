'use strict';
// A log call that may become a record later. Only values that cannot change are kept as they are;
// what an application could change until then has to become text now, or the record would tell of
// another time.

const { isoText } = require('../agent/clock');
const { isPlain, lineOf, startOf } = require('./line');
const { messageText } = require('./message');

const OVERHEAD = 64; // characters that stand for the objects

class KeptCall {
  /**
   * @param {string} start of the line, see line.js
   * @param {string[]} keys @param {unknown[]} values of the fields
   * @param {unknown[]} args @param {number} from index of the message in them
   * @param {number} size in characters, about
   */
  constructor(start, keys, values, args, from, size) {
    this.time = Date.now();
    this.start = start;
    this.keys = keys;
    this.values = values;
    this.args = args;
    this.from = from;
    this.size = size;
  }

  /** The record as JSON with its "\n". */
  line() {
    const message = messageText(this.args, this.from);
    return lineOf(this.start, this.keys, this.values, message, isoText(this.time));
  }
}

/** @type {string[]} */
const NONE = [];

/**
 * @param {import('./logger').Logger} logger
 * @param {number} band of the log method
 * @param {unknown[]} args
 * @returns {KeptCall | null} null when something about it can change, or is out of the ordinary
 */
function keepCall(logger, band, args) {
  try {
    return kept(logger, band, args);
  } catch {
    return null; // a getter that throws
  }
}

/**
 * @param {import('./logger').Logger} logger
 * @param {number} band
 * @param {unknown[]} args
 */
function kept(logger, band, args) {
  const start = logger.src ? '' : startOf(logger, band);
  if (start === '') return null;
  let size = OVERHEAD + start.length;
  let keys = NONE;
  /** @type {unknown[]} */
  let values = NONE;
  let from = 0;
  const first = args[0];
  if (typeof first === 'object') {
    from = 1;
    if (first !== null) {
      const proto = Object.getPrototypeOf(first);
      if (proto !== Object.prototype && proto !== null) return null;
      keys = Object.keys(first);
      values = [];
      for (let i = 0; i < keys.length; i++) {
        const key = keys[i];
        const value = /** @type {Record<string, unknown>} */ (first)[key];
        if (!isFixed(value) || !isPlain(logger, key)) return null;
        size += key.length + sizeOf(value);
        values.push(value);
      }
    }
  }
  for (let i = from; i < args.length; i++) {
    if (!isFixed(args[i])) return null;
    size += sizeOf(args[i]);
  }
  return new KeptCall(start, keys, values, args, from, size);
}

/** @param {unknown} value */
function isFixed(value) {
  return (typeof value !== 'object' || value === null) && typeof value !== 'function';
}

/** @param {unknown} value */
function sizeOf(value) {
  return typeof value === 'string' ? value.length : 8;
}

module.exports = { KeptCall, keepCall };
