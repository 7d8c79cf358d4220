'use strict';
// One log call that somebody wants: its record goes to the streams, and to those who snoop.

const { context, inContext } = require('./context');
const { errText } = require('./errors');
const { fireProbe, isTraced } = require('./kernel');
const { keepCall } = require('./kept-call');
const { levelBits } = require('./levels');
const { fastLine } = require('./line');
const { makeRecord, recordLine } = require('./record');
const { writeTo } = require('./streams');

/** @typedef {import('./channel').LogChannel} LogChannel */
/** @typedef {import('./logger').Logger} Logger */

/**
 * Makes the record and hands it out. Never throws. (The arguments come one by one, because V8 then
 * needs no array of them in a log method that does not get here.)
 * @param {Logger} caller
 * @param {number} band of the log method: 0 trace to 5 fatal
 * @param {Function} method the log method, to find its caller
 * @param {unknown[]} args
 */
function emit(caller, band, method, ...args) {
  const { channel } = caller._sink;
  const own = isOwn(caller, band);
  try {
    const logger = context.scopes === null && caller._context === null ? caller : inContext(caller);
    if (own) {
      deliver(logger, band, method, args, true);
    } else if (isObserved(channel, band)) {
      observe(logger, band, method, args);
    } else {
      record(logger, band, method, args);
    }
  } catch (error) {
    // The stack is used up, or the line is longer than a string can be.
    try {
      deliver(caller, band, method, [`(Record lost: ${errText(error)})`], own);
    } catch {
      // The application must not notice.
    }
  }
}

/** Whether it goes to the logger's streams. @param {Logger} logger @param {number} band */
function isOwn(logger, band) {
  const { channel, mask, entries } = logger._sink;
  const { override } = channel;
  if (override === null) return (mask & (1 << band)) !== 0;
  const { level, stream } = override;
  const there = stream === undefined || entries.some(({ name }) => name === stream);
  const kept = stream === undefined ? 0 : mask;
  return ((kept | (there ? levelBits(level) : 0)) & (1 << band)) !== 0;
}

/** Whether somebody looks. @param {LogChannel} channel @param {number} band */
function isObserved(channel, band) {
  return ((channel.snoop | channel.traced) & (1 << band)) !== 0 || isTraced(band);
}

/**
 * The answer of a log method without arguments: the flight recorder alone is not worth an
 * expensive record.
 * @param {Logger} logger @param {number} band
 */
function isWanted(logger, band) {
  return isOwn(logger, band) || isObserved(logger._sink.channel, band);
}

/**
 * What only an observer wants is timed, and is not to be noticed in any other way.
 * @param {Logger} logger
 * @param {number} band
 * @param {Function} method
 * @param {unknown[]} args
 */
function observe(logger, band, method, args) {
  const { channel } = logger._sink;
  const mark = channel.costs.sample();
  const line = fastLine(logger, band, args, true);
  if (line === '') {
    deliver(logger, band, method, args, false);
  } else {
    share(channel, band, (band + 1) * 10, line);
  }
  if (mark !== 0) channel.costs.done(mark);
}

/**
 * For the flight recorder alone.
 * @param {Logger} logger
 * @param {number} band
 * @param {Function} method
 * @param {unknown[]} args
 */
function record(logger, band, method, args) {
  const { channel } = logger._sink;
  const level = (band + 1) * 10;
  const kept =
    keepCall(logger, band, args) ??
    (fastLine(logger, band, args, true) ||
      recordLine(makeRecord(logger, level, args, method, true, false)));
  channel.recorder?.keep(kept, level, channel.name, -1);
}

/**
 * @param {Logger} logger
 * @param {number} band
 * @param {Function} method
 * @param {unknown[]} args
 * @param {boolean} own whether it goes to the logger's streams
 */
function deliver(logger, band, method, args, own) {
  const { channel, entries, raw, lines } = logger._sink;
  let level = (band + 1) * 10;
  let record = null;
  let line = own && !raw ? fastLine(logger, band, args, false) : '';
  if (line === '') {
    record = makeRecord(logger, level, args, method, !own, own && raw);
    const observed = channel.snoop !== 0 || channel.traced !== 0 || isTraced(band);
    if (!own || lines || observed) line = recordLine(record);
    level = levelOf(record.level);
  }
  fireProbes(channel, band, line);
  let used = false;
  if (own) {
    const { override } = channel;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i];
      if ((override === null ? entry.level : levelUnder(override, entry)) <= level) {
        writeTo(entry, entry.raw ? record : line);
        used = true;
      }
    }
  }
  const seen = channel.snoop !== 0 && published(channel, level, line);
  if (used || seen) channel.records += 1;
  if (!channel.recorder?.on || !(own || (channel.recorded & (1 << band)) !== 0)) return;
  const kept = line || (keepCall(logger, band, args) ?? recordLine(/** @type {any} */ (record)));
  channel.recorder.keep(kept, level, channel.name, seen ? channel.number : -1);
}

/**
 * The level of a stream while there is a temporary one.
 * @param {{level: number, stream?: string}} override
 * @param {import('./streams').StreamEntry} entry
 */
function levelUnder({ level, stream }, entry) {
  return stream === undefined || stream === entry.name ? level : entry.level;
}

/**
 * Hands a line that goes to no stream of ours to those who look.
 * @param {LogChannel} channel
 * @param {number} band
 * @param {number} level
 * @param {string} line
 */
function share(channel, band, level, line) {
  fireProbes(channel, band, line);
  const seen = published(channel, level, line);
  if (seen) channel.records += 1;
  if ((channel.recorded & (1 << band)) === 0) return; // it is not logged, only looked at
  channel.recorder?.keep(line, level, channel.name, seen ? channel.number : -1);
}

/**
 * For kernel tracers and for D programs.
 * @param {LogChannel} channel
 * @param {number} band
 * @param {string} line
 */
function fireProbes(channel, band, line) {
  if (isTraced(band)) fireProbe(band, line);
  if ((channel.traced & (1 << band)) !== 0) channel.probes?.fire(band, line);
}

/**
 * @param {LogChannel} channel
 * @param {number} level
 * @param {string} line
 */
function published(channel, level, line) {
  try {
    return channel.publish(level, line);
  } catch {
    return false; // the streams, or the batch, may have the record: not to be tried again
  }
}

/**
 * A record's level as a number: a call may set it to anything.
 * @param {unknown} level
 */
function levelOf(level) {
  if (typeof level === 'number') return level;
  try {
    return Number(level);
  } catch {
    return Number.NaN;
  }
}

module.exports = { emit, isWanted, share };
