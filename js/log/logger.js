'use strict';
// The logger. Its API, its records and the order of their keys are bunyan's: see docs/compat.md.

const { EventEmitter } = require('node:events');
const os = require('node:os');
const agent = require('../agent');
const { assertion } = require('./assertion');
const { withFields } = require('./context');
const { openProbes } = require('./kernel');
const { resolveLevel } = require('./levels');
const methods = require('./methods');
const { checkOptions, configuredFields } = require('./options');
const { applySerializers } = require('./serializers');
const { Sink } = require('./sink');
const { openStream, reopen, watchErrors } = require('./streams');

/** @typedef {import('./serializers').Serializers} Serializers */
/** @typedef {import('./streams').StreamEntry} StreamEntry */
/** @typedef {string | number} LevelLike */

/**
 * A logger; createLogger makes one, `child` makes another with more fields. A function and not a
 * class, so that it can be called without `new` and inherited from with util.inherits.
 * @constructor
 * @param {any} options for a child: its parent
 * @param {any} [childOptions]
 * @param {boolean} [simple] see {@link Logger#child}
 * @throws {TypeError} what is wrong with the options
 */
function Logger(options, childOptions, simple) {
  if (!(this instanceof Logger)) return new Logger(options, childOptions, simple);
  const parent = childOptions === undefined ? null : options;
  if (parent !== null && !(parent instanceof Logger)) {
    throw new TypeError('invalid Logger creation: do not pass a second arg');
  }
  const own = parent === null ? options : childOptions;
  checkOptions(own, parent !== null);
  EventEmitter.call(/** @type {any} */ (this));

  /** @type {Sink} */
  this._sink = parent === null ? rootSink(own) : simple ? parent._sink : parent._sink.fork();
  /** @type {Serializers | null} */
  this.serializers = parent === null ? null : parent.serializers;
  /** Whether records tell where they were logged. */
  this.src = parent === null ? false : Boolean(parent.src);
  /** @type {import('./redaction').Redaction | null} */
  this._redaction = parent === null ? null : parent._redaction;
  /** What gives fields of the application's own context. @type {(() => unknown) | null} */
  this._context = parent === null ? null : parent._context;
  /** @type {Record<string, any>} */
  this._fields = {};
  /** Whether the application has got hold of our fields and may change them. */
  this._exposed = false;
  /** How all our lines begin, see line.js; undefined: not made. @type {string | undefined} */
  this._head = undefined;
  /** The same with the level, by band. @type {string[] | undefined} */
  this._starts = undefined;
  /** The parent's, which ours goes on from. @type {string} */
  this._base = '';
  /** The number of its fields. @type {number} */
  this._baseKeys = 0;

  if (parent !== null) inheritFields(this, parent);
  if (simple) addFields(this, redacted(this, own));
  else if (parent !== null) configureChild(this, own);
  else configureRoot(this, own);
}

Object.setPrototypeOf(Logger.prototype, EventEmitter.prototype);
Object.setPrototypeOf(Logger, EventEmitter);
Object.assign(Logger.prototype, methods);

/**
 * A logger with more fields. It starts with our streams, levels and serializers; what it changes
 * in them concerns only itself.
 * @param {any} [options] fields, and as for createLogger: level, streams (to be added),
 *   serializers, src
 * @param {boolean} [simple] the options are only fields, which no serializer has to see; streams
 *   and levels are the parent's, and stay so
 * @returns {Logger}
 * @throws {TypeError} what is wrong with the options
 */
Logger.prototype.child = function child(options, simple) {
  const Class = /** @type {typeof Logger} */ (this.constructor); // a subclass makes its own kind
  return new Class(this, options || {}, simple);
};

/**
 * Calls a function. What it logs, and whatever it starts, with whichever logger, has the fields.
 * @template R
 * @param {Record<string, unknown>} fields
 * @param {(...args: any[]) => R} run
 * @param {any[]} args
 * @returns {R}
 */
Logger.prototype.with = function withContext(fields, run, ...args) {
  return withFields(fields, run, args);
};

/**
 * A child for records of a context: with its fields, through our serializers.
 * @param {Record<string, unknown>} fields
 * @returns {Logger}
 */
Logger.prototype._within = function within(fields) {
  const { name: _, ...own } = fields; // the logger's
  if (this.serializers !== null) applySerializers(this.serializers, own, true);
  const child = new Logger(this, own, true);
  child._context = null;
  return child;
};

/**
 * @param {any} spec see docs/logging.md
 * @param {LevelLike | null} [defaultLevel] where the spec has none; info
 * @throws {Error} what is wrong with the spec
 */
Logger.prototype.addStream = function addStream(spec, defaultLevel) {
  const entry = openStream(spec, defaultLevel);
  watchErrors(entry, (error) => emitError(this, error, entry));
  this._sink.add(entry);
};

/**
 * @param {Serializers} serializers later ones replace earlier ones of the same field
 * @throws {TypeError} one is not a function
 */
Logger.prototype.addSerializers = function addSerializers(serializers) {
  for (const [field, serializer] of Object.entries(serializers)) {
    if (typeof serializer !== 'function') {
      throw new TypeError(`invalid serializer for "${field}" field: must be a function`);
    }
  }
  this.serializers ??= {};
  Object.assign(this.serializers, serializers);
};

/** Goes on in new files, for log rotation that moves the old ones away. No record is lost. */
Logger.prototype.reopenFileStreams = function reopenFileStreams() {
  for (const entry of this._sink.entries) {
    if (entry.type === 'file') reopen(entry);
  }
};

/**
 * The level: without a value the lowest of all streams, with one that of all streams is set.
 * @param {LevelLike} [value]
 * @returns {number | undefined}
 * @throws {Error} no such level
 */
Logger.prototype.level = function level(value) {
  if (value === undefined) return this._sink.level;
  this._sink.setLevel(resolveLevel(value));
  return undefined;
};

/**
 * The levels of the streams: of all without arguments, else of one, which a value sets.
 * @param {number | string} [nameOrIndex] of a stream
 * @param {LevelLike} [value]
 * @returns {number[] | number | undefined}
 * @throws {Error} no such stream, no such level
 */
Logger.prototype.levels = function levels(nameOrIndex, value) {
  const { entries } = this._sink;
  if (nameOrIndex === undefined) {
    if (value !== undefined) throw assertion('levels(undefined, level): name a stream');
    return entries.map((entry) => entry.level);
  }
  let index = nameOrIndex;
  if (typeof index === 'number') {
    if (!entries[index]) throw new Error(`invalid stream index: ${index}`);
  } else {
    index = entries.findIndex(({ name }) => name === nameOrIndex);
    if (index < 0) throw new Error(`no stream with name "${nameOrIndex}"`);
  }
  if (value === undefined) return entries[index].level;
  this._sink.setStreamLevel(index, resolveLevel(value));
  return undefined;
};

Object.defineProperties(Logger.prototype, {
  fields: {
    configurable: true,
    /** @this {Logger} */
    get() {
      expose(this);
      return this._fields;
    },
    /** @this {Logger} @param {Record<string, any>} fields */
    set(fields) {
      expose(this);
      this._fields = fields;
    },
  },
  streams: {
    configurable: true,
    /** @this {Logger} */
    get() {
      return this._sink.expose();
    },
    /** @this {Logger} @param {StreamEntry[]} entries */
    set(entries) {
      this._sink.replace(entries);
    },
  },
});

/** The application may change the fields from now on. @param {Logger} logger */
function expose(logger) {
  logger._exposed = true;
  logger._head = undefined;
  logger._starts = undefined;
}

/** @param {any} options */
function rootSink(options) {
  openProbes();
  const channel = agent.channel(String(options.name));
  const sink = new Sink(channel, [], Number.POSITIVE_INFINITY);
  channel.add(sink);
  return sink;
}

/** @param {Logger} logger @param {any} options */
function configureRoot(logger, options) {
  const { stream, streams, level } = options;
  if (streams) for (const spec of streams) logger.addStream(spec, level);
  else logger.addStream({ type: 'stream', stream: stream || process.stdout, level });
  const fields = configuredFields(logger, options);
  if (!fields.hostname) fields.hostname = os.hostname();
  if (!fields.pid) fields.pid = process.pid;
  addFields(logger, fields);
}

/** @param {Logger} logger @param {any} options */
function configureChild(logger, options) {
  const { stream, streams, level } = options;
  if (level) logger.level(level);
  if (stream) logger.addStream({ type: 'stream', stream, level });
  else if (streams) for (const spec of streams) logger.addStream(spec, level);
  if (logger.serializers !== null) logger.serializers = { ...logger.serializers };
  const fields = configuredFields(logger, options);
  if (!fields.hostname && !logger._fields.hostname) fields.hostname = os.hostname();
  addFields(logger, fields);
}

/** @param {Logger} logger @param {Record<string, unknown>} fields */
function redacted(logger, fields) {
  if (logger._redaction === null) return fields;
  const copy = { ...fields };
  logger._redaction.fields(copy);
  return copy;
}

/** @param {Logger} logger @param {Logger} parent */
function inheritFields(logger, parent) {
  const from = parent._fields;
  const keys = Object.keys(from);
  for (let i = 0; i < keys.length; i++) logger._fields[keys[i]] = from[keys[i]];
  if (!parent._exposed) logger._base = parent._head ?? '';
  logger._baseKeys = keys.length;
}

/** @param {Logger} logger @param {Record<string, any>} fields */
function addFields(logger, fields) {
  const to = logger._fields;
  const keys = Object.keys(fields);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (key === '__proto__') continue; // would not be a field but a prototype
    if (Object.hasOwn(to, key)) logger._base = ''; // takes the place of the parent's
    to[key] = fields[key];
  }
}

/**
 * @param {Logger} logger
 * @param {unknown} error
 * @param {StreamEntry} entry
 * @returns {boolean} whether somebody listens; an 'error' nobody listens for would be thrown
 */
function emitError(logger, error, entry) {
  const emitter = /** @type {EventEmitter} */ (/** @type {unknown} */ (logger));
  return emitter.listenerCount('error') > 0 && emitter.emit('error', error, entry);
}

module.exports = { Logger };
