'use strict';
// The public names of the logger.

const { levelFromName, nameFromLevel, resolveLevel } = require('./levels');
const { Logger } = require('./logger');
const { LOG_VERSION } = require('./record');
const { RingBuffer } = require('./ring-buffer');
const { stdSerializers } = require('./serializers');

/**
 * A root logger. Options besides `level`, `stream` or `streams`, `serializers` and `src` become
 * fields of every record.
 * @param {any} options see index.d.ts
 * @returns {Logger}
 * @throws {TypeError} what is wrong with the options
 */
function createLogger(options) {
  return new Logger(options);
}

/**
 * Shows the records of another logger to observers.
 * @param {any} target @param {any} [options] see index.d.ts
 * @returns {() => void} undoes it
 * @throws {TypeError} it is none that we know
 */
function adopt(target, options) {
  return require('./adopt').adopt(target, options); // only here: few need it
}

module.exports = {
  adopt,
  createLogger,
  Logger,
  stdSerializers,
  RingBuffer,
  resolveLevel,
  levelFromName,
  nameFromLevel,
  TRACE: levelFromName.trace,
  DEBUG: levelFromName.debug,
  INFO: levelFromName.info,
  WARN: levelFromName.warn,
  ERROR: levelFromName.error,
  FATAL: levelFromName.fatal,
  LOG_VERSION,
};
