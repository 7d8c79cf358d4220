'use strict';
// `require('nodeobs/bunyan')` in the place of `require('bunyan')`: the logger with bunyan's exports,
// one by one, so that `import { createLogger }` finds them too.

const log = require('./index');
const { RotatingFileStream } = require('./rotating-file-stream');

const { Logger } = log;

/** The version of bunyan whose API this is. */
const VERSION = '2.0.5';

/**
 * A replacer for JSON.stringify that writes '[Circular]' for every object it has met before.
 * @returns {(key: string, value: unknown) => unknown}
 */
function safeCycles() {
  const met = new Set();
  return (_key, value) => {
    if (typeof value !== 'object' || value === null) return value;
    if (met.has(value)) return '[Circular]';
    met.add(value);
    return value;
  };
}

module.exports = Logger;
module.exports.TRACE = log.TRACE;
module.exports.DEBUG = log.DEBUG;
module.exports.INFO = log.INFO;
module.exports.WARN = log.WARN;
module.exports.ERROR = log.ERROR;
module.exports.FATAL = log.FATAL;
module.exports.resolveLevel = log.resolveLevel;
module.exports.levelFromName = log.levelFromName;
module.exports.nameFromLevel = log.nameFromLevel;
module.exports.stdSerializers = log.stdSerializers;
module.exports.VERSION = VERSION;
module.exports.LOG_VERSION = log.LOG_VERSION;
module.exports.createLogger = log.createLogger;
module.exports.RingBuffer = log.RingBuffer;
module.exports.RotatingFileStream = RotatingFileStream;
module.exports.safeCycles = safeCycles;
