'use strict';
// A log record as an object: for raw streams, and for the calls that line.js leaves alone.

const { Buffer } = require('node:buffer');
const { inspect } = require('node:util');
const { callSite } = require('./call-site');
const { isError, thrownText } = require('./errors');
const { quote, valueText } = require('./json');
const { fieldOf, now } = require('./line');
const { messageText } = require('./message');
const { applySerializers, errorField, errorMessage } = require('./serializers');

/** @typedef {import('./logger').Logger} Logger */
/** @typedef {Record<string, any>} Fields */

const LOG_VERSION = 0;

/**
 * @param {Logger} logger
 * @param {number} level of the log method
 * @param {unknown[]} args
 * @param {Function} method the log method called
 * @param {boolean} quiet
 * @param {boolean} raw whether the record itself goes somewhere: then `time` is a Date
 * @returns {Fields}
 */
function makeRecord(logger, level, args, method, quiet, raw) {
  const { fields, message } = split(logger, args, quiet);
  /** @type {Fields} */
  const record = {};
  copyFields(record, logger._fields);
  record.level = level;
  if (fields !== null) copyFields(record, fields);
  record.msg = messageText(message, 0);
  if (!record.time) record.time = raw ? new Date() : now();
  if (logger.src && !record.src) record.src = callSite(method);
  record.v = LOG_VERSION;
  return record;
}

/**
 * What of a call's arguments are fields, serialized, and what is the message.
 * @param {Logger} logger
 * @param {unknown[]} args
 * @param {boolean} quiet
 * @returns {{fields: Fields | null, message: unknown[]}}
 */
function split(logger, args, quiet) {
  const first = args[0];
  if (typeof first !== 'object' || Array.isArray(first)) return { fields: null, message: args };
  if (first === null) return { fields: null, message: args.slice(1) };
  // No proxy can trap isView, so it is asked first.
  if (ArrayBuffer.isView(first) && Buffer.isBuffer(first)) {
    return { fields: null, message: [inspect(first), ...args.slice(1)] };
  }
  const alone = args.length === 1;
  const { serializers } = logger;
  if (isError(first)) {
    const err = errorField(serializers, first, quiet);
    const fields = { err };
    logger._redaction?.fields(fields);
    return { fields, message: alone ? [errorMessage(err, first)] : args.slice(1) };
  }
  /** @type {Fields} */
  const fields = {};
  copyFields(fields, first);
  const message = alone && isError(fields.err) ? [fields.err.message] : args.slice(1);
  if (serializers !== null) applySerializers(serializers, fields, quiet);
  logger._redaction?.fields(fields);
  return { fields, message };
}

/**
 * Copies what JSON and bunyan would see of an object: its own enumerable properties.
 * @param {Fields} to
 * @param {object} from
 */
function copyFields(to, from) {
  try {
    for (const key of Object.keys(from)) {
      if (key !== '__proto__') to[key] = fieldOf(/** @type {Fields} */ (from), key);
    }
  } catch (error) {
    to.fields = thrownText(error); // a proxy that does not tell its keys
  }
}

/** @param {Fields} record @returns {string} */
function recordLine(record) {
  let text = '';
  for (const key of Object.keys(record)) {
    const json = valueText(key, record[key]);
    if (json !== undefined) text += `${text === '' ? '{' : ','}${quote(key)}:${json}`;
  }
  return `${text}}\n`;
}

module.exports = { LOG_VERSION, makeRecord, recordLine };
