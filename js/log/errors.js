'use strict';
// Errors as log records have them.

const { inspect, types } = require('node:util');

const CAUSES = 16; // how far a chain of causes is followed
const ERRORS = 32; // how many errors of an AggregateError are written
const TOLD = new Set(['cause', 'jse_cause', '__proto__']); // VError's is in the stack too
const TEXT = 300; // characters of an error's message in a placeholder

/**
 * @typedef {object} SerializedError
 * @property {unknown} message
 * @property {unknown} name
 * @property {unknown} stack with those of the causes
 * @property {unknown} [code]
 * @property {unknown} [signal]
 * @property {unknown[]} [errors] of an AggregateError
 */

/**
 * Whether this is an Error, also one of another realm (a vm context, a test runner's sandbox).
 * @param {unknown} value
 * @returns {value is Error}
 */
function isError(value) {
  try {
    return value instanceof Error || types.isNativeError(value);
  } catch {
    return false; // a proxy that does not tell
  }
}

/**
 * The standard `err` serializer: bunyan's, and it follows `cause` values and AggregateError too, and
 * has the error's own properties.
 * @param {any} err
 * @returns {SerializedError | any} what has no stack is returned as it is
 */
function serializeError(err) {
  return serialize(err, 0);
}

/** @param {any} err @param {number} depth @returns {SerializedError | any} */
function serialize(err, depth) {
  if (!err?.stack) return err;
  /** @type {SerializedError & Record<string, unknown>} */
  const serialized = {
    message: err.message,
    name: err.name,
    stack: stackWithCauses(err, CAUSES),
    code: err.code,
    signal: err.signal,
  };
  if (err instanceof AggregateError && Array.isArray(err.errors) && depth < CAUSES) {
    serialized.errors = err.errors.slice(0, ERRORS).map((error) => serialize(error, depth + 1));
  }
  for (const key of Object.keys(err)) {
    if (Object.hasOwn(serialized, key) || TOLD.has(key)) continue;
    const value = ownValue(err, key, depth);
    if (value !== undefined) serialized[key] = value;
  }
  return serialized;
}

/**
 * What else an error tells of itself. Of an object that is neither data nor an error, such as the
 * request of an HTTP client's error, only the class is told: it would be the whole process's state.
 * @param {any} err @param {string} key @param {number} depth
 */
function ownValue(err, key, depth) {
  let value;
  try {
    value = err[key];
    if (typeof value !== 'object' || value === null || isData(value)) return value;
    if (isError(value)) return depth < CAUSES ? serialize(value, depth + 1) : errText(value);
    return `[${value.constructor?.name || 'object'}]`;
  } catch (error) {
    return thrownText(error);
  }
}

/** @param {object} value */
function isData(value) {
  const proto = Object.getPrototypeOf(value);
  if (proto === null || proto === Object.prototype || Array.isArray(value)) return true;
  return typeof (/** @type {any} */ (value).toJSON) === 'function';
}

/** @param {any} err @param {number} left @returns {string} */
function stackWithCauses(err, left) {
  const stack = String(err.stack || err);
  if (left === 0) return stack;
  try {
    // VError and restify's errors have a method, ES2022 errors a value.
    const cause = typeof err.cause === 'function' ? err.cause() : err.cause;
    if (cause === undefined || cause === null) return stack;
    const text = cause.stack ? stackWithCauses(cause, left - 1) : shortText(cause);
    return `${stack}\nCaused by: ${text}`;
  } catch {
    return stack;
  }
}

/** @param {unknown} value */
function shortText(value) {
  return typeof value === 'string' ? value : inspect(value, { depth: 1, breakLength: Infinity });
}

/**
 * A thrown value in a few words; never throws.
 * @param {unknown} error
 * @returns {string}
 */
function errText(error) {
  try {
    const message = isError(error) ? error.message : error;
    return String(message).slice(0, TEXT);
  } catch {
    return 'an error without a message';
  }
}

/** What stands for a value that could not be had. @param {unknown} error */
function thrownText(error) {
  return `[Throws: ${errText(error)}]`;
}

module.exports = { isError, serializeError, errText, thrownText };
