'use strict';
// The options of createLogger and child.

const { contextFrom } = require('./context');
const { recorderOptions } = require('./recorder');
const { applySerializers } = require('./serializers');

/** @typedef {import('./logger').Logger} Logger */

// What of a logger's options is not a field.
const CONFIG = new Set(['stream', 'streams', 'level', 'serializers', 'src']);
// These, too, where they are what only we know; else they are fields, as in bunyan.
const OURS = new Set(['redact', 'context', 'recorder']);

/** @param {any} options @param {boolean} child */
function checkOptions(options, child) {
  if (!options) throw new TypeError('options (object) is required');
  if (child && options.name) {
    throw new TypeError('invalid options.name: child cannot set logger name');
  }
  if (!child && !options.name) throw new TypeError('options.name (string) is required');
  if (options.stream && options.streams) {
    throw new TypeError('cannot mix "streams" and "stream" options');
  }
  if (options.streams && !Array.isArray(options.streams)) {
    throw new TypeError('invalid options.streams: must be an array');
  }
  const { serializers } = options;
  if (serializers && (typeof serializers !== 'object' || Array.isArray(serializers))) {
    throw new TypeError('invalid options.serializers: must be an object');
  }
}

/**
 * Takes what of the options is common to roots and children; the rest are fields, serialized.
 * @param {Logger} logger
 * @param {any} options
 */
function configuredFields(logger, options) {
  if (options.serializers) logger.addSerializers(options.serializers);
  if (options.src) logger.src = true;
  /** @type {Record<string, any>} */
  const fields = {};
  for (const key of Object.keys(options)) {
    if (CONFIG.has(key) || (OURS.has(key) && configureOurs(logger, key, options[key]))) continue;
    fields[key] = options[key];
  }
  if (logger.serializers !== null) applySerializers(logger.serializers, fields, false);
  logger._redaction?.fields(fields);
  return fields;
}

/**
 * Takes an option that bunyan does not have.
 * @param {Logger} logger @param {string} key @param {any} value
 * @returns {boolean} false: it is a field
 * @throws {TypeError} what is wrong with it
 */
function configureOurs(logger, key, value) {
  if (key === 'redact') {
    if (typeof value !== 'object' || value === null) return false;
    const { Redaction } = require('./redaction'); // only here: few need it
    logger._redaction = new Redaction(value, logger._redaction);
  } else if (key === 'context') {
    const context = contextFrom(value);
    if (context === null) return false;
    logger._context = context;
  } else {
    const options = recorderOptions(value);
    if (options === null) return false;
    logger._sink.channel.record(options);
  }
  return true;
}

module.exports = { checkOptions, configuredFields };
