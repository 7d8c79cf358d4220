'use strict';
// Stream specs: what a logger writes to, from what the application asked for.

const fs = require('node:fs');
const { inspect } = require('node:util');
const { assertion } = require('./assertion');
const { errText } = require('./errors');
const { levelFromName, resolveLevel } = require('./levels');
const { standardStream } = require('./standard-stream');
const { warn, warnOnce } = require('./warnings');

// What an entry does with an error of its stream; hidden from the application.
const FAILED = Symbol('failed');
// A shorter way to the stream than its `write`; hidden too.
const SHORT = Symbol('short');

const STANDARD = new Map([
  [1, 'stdout'],
  [2, 'stderr'],
]);

/**
 * @typedef {object} Spec a stream spec, completed. Spec keys we do not know are kept.
 * @property {string} type
 * @property {number} level
 * @property {any} stream
 * @property {boolean} raw whether it gets the record object instead of its line
 * @property {boolean} closeOnExit
 * @property {boolean} [reemitErrorEvents]
 * @property {string} [name]
 * @property {string} [path]
 */

/**
 * @typedef {Spec & {
 *   [FAILED]?: (error: unknown) => boolean,
 *   [SHORT]?: {stream: unknown, write(line: string): boolean},
 * }} StreamEntry
 */

/**
 * Opens the stream of a spec.
 * @param {any} spec
 * @param {string | number | null | undefined} defaultLevel
 * @returns {StreamEntry}
 * @throws {TypeError | Error} unknown type, bad level, not writable
 */
function openStream(spec, defaultLevel) {
  const entry = { ...spec };
  entry.type ||= entry.stream ? 'stream' : entry.path ? 'file' : undefined;
  entry.raw = entry.type === 'raw';
  if (entry.level === undefined) entry.level = defaultLevel ?? levelFromName.info;
  entry.level = resolveLevel(entry.level);
  entry.closeOnExit = Boolean(entry.closeOnExit);
  switch (entry.type) {
    case 'stream':
      if (typeof entry.stream?.write !== 'function') {
        throw assertion(`"stream" stream is not writable: ${inspect(entry.stream)}`);
      }
      entry[SHORT] = standardStream(entry.stream);
      break;
    case 'file':
      entry.reemitErrorEvents ??= true;
      if (!entry.stream) {
        entry.stream = openFile(entry.path, entry.sync);
        entry.closeOnExit = true;
      }
      break;
    case 'raw':
      break;
    case 'rotating-file':
      if (entry.stream) throw assertion('"rotating-file" stream should not give a "stream"');
      if (!entry.path) throw assertion('"rotating-file" stream needs a "path"');
      entry.reemitErrorEvents ??= true;
      entry.stream = openRotatingFile(entry);
      entry.closeOnExit = true;
      break;
    default:
      throw new TypeError(`unknown stream type "${entry.type}"`);
  }
  return entry;
}

// Loaded where they are needed: requiring nodeobs must cost little.

/** @param {string} path @param {boolean} [sync] */
function openFile(path, sync) {
  // Opening a named pipe waits for its reader, and writing to it too: not on this thread.
  if (isPipe(path)) return fs.createWriteStream(path, { flags: 'a', encoding: 'utf8' });
  const { FileStream } = require('./file-stream');
  return new FileStream(path, { sync });
}

/** @param {string} path */
function isPipe(path) {
  try {
    // In bigints: up to Node 22, what is found out about a pipe otherwise makes the next
    // fs.realpathSync stop halfway, and a linked package is loaded twice.
    return fs.statSync(path, { bigint: true }).isFIFO();
  } catch {
    return false;
  }
}

/** @param {any} options */
function openRotatingFile(options) {
  const { RotatingFileStream } = require('./rotating-file-stream');
  return new RotatingFileStream(options);
}

/** Streams with a listener of ours: many loggers write to one stdout. @type {WeakSet<object>} */
const watched = new WeakSet();

/**
 * Looks after the errors of a stream, so that none goes unhandled and ends the process.
 * @param {StreamEntry} entry
 * @param {(error: unknown) => boolean} emit passes one to the logger's listeners, if it has any
 */
function watchErrors(entry, emit) {
  const { stream } = entry;
  entry[FAILED] = emit;
  if (typeof stream?.on !== 'function') return;
  if (entry.reemitErrorEvents) {
    stream.on('error', (/** @type {unknown} */ error) => emit(error) || warnBroken(entry, error));
    watched.add(stream);
  } else if (!watched.has(stream)) {
    const { type, name, path } = entry; // and not the entry, which knows its logger
    stream.on('error', (/** @type {unknown} */ error) => {
      if (stream.listenerCount('error') === 1) warnBroken({ type, name, path, stream }, error);
    });
    watched.add(stream);
  }
}

/**
 * Writes a line, or to a raw stream the record. Never throws: a stream that does is treated like
 * one that emits an error.
 * @param {StreamEntry} entry
 * @param {any} chunk
 */
function writeTo(entry, chunk) {
  const { stream } = entry;
  const short = entry[SHORT];
  try {
    if (short !== undefined && short.stream === stream) short.write(chunk);
    else stream.write(chunk);
  } catch (error) {
    if (failing) return; // a listener that logs to the same stream
    failing = true;
    try {
      if (!entry[FAILED]?.(error)) warnBroken(entry, error);
    } catch (thrown) {
      warnBroken(entry, thrown);
    } finally {
      failing = false;
    }
  }
}

let failing = false;

/**
 * Says once that a stream is broken.
 * @param {Pick<StreamEntry, 'type' | 'name' | 'path' | 'stream'>} entry
 * @param {unknown} error
 */
function warnBroken(entry, error) {
  warnOnce(entry.stream ?? entry, () => {
    const standard = STANDARD.get(entry.stream?.fd);
    const which = entry.name ?? entry.path ?? standard ?? entry.type;
    warn(`records are lost: the log stream "${which}" failed: ${errText(error)}`);
  });
}

/**
 * Opens the file of a `file` stream anew.
 * @param {StreamEntry} entry
 */
function reopen(entry) {
  if (entry.stream instanceof require('./file-stream').FileStream) {
    entry.stream.reopen(); // for all the loggers that write to it
    return;
  }
  entry.stream?.end?.();
  entry.stream = openFile(/** @type {string} */ (entry.path));
  watchErrors({ ...entry, reemitErrorEvents: true }, entry[FAILED] ?? (() => false));
}

module.exports = { openStream, watchErrors, writeTo, reopen };
