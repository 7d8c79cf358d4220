'use strict';
// One log call that somebody wants: its record goes to the streams, and to those who snoop.

const { errText } = require('./errors');
const { fireProbe, isTraced } = require('./kernel');
const { levelBits } = require('./levels');
const { fastLine } = require('./line');
const { makeRecord, recordLine } = require('./record');
const { writeTo } = require('./streams');

/** @typedef {import('./logger').Logger} Logger */

/**
 * Makes the record and hands it out. Never throws. (The arguments come one by one, because V8 then
 * needs no array of them in a log method that does not get here.)
 * @param {Logger} logger
 * @param {number} band of the log method: 0 trace to 5 fatal
 * @param {Function} method the log method, to find its caller
 * @param {unknown[]} args
 */
function emit(logger, band, method, ...args) {
  const { channel, mask } = logger._sink;
  const { override } = channel;
  const reach = override === null ? mask : levelBits(override.level);
  // What only an observer wants is timed, and is not to be noticed in any other way.
  const own = (reach & (1 << band)) !== 0;
  const mark = own ? 0 : channel.costs.sample();
  try {
    const line = own ? '' : fastLine(logger, band, args, true);
    if (line === '') {
      deliver(logger, band, method, args, own);
    } else {
      fireProbes(channel, band, line);
      if (published(channel, (band + 1) * 10, line)) channel.records += 1;
    }
  } catch (error) {
    // The stack is used up, or the line is longer than a string can be.
    try {
      deliver(logger, band, method, [`(Record lost: ${errText(error)})`], own);
    } catch {
      // The application must not notice.
    }
  }
  if (mark !== 0) channel.costs.done(mark);
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
    const passes = override === null || level >= override.level;
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i];
      if (override === null ? entry.level <= level : passes) {
        writeTo(entry, entry.raw ? record : line);
        used = true;
      }
    }
  }
  if (channel.snoop !== 0 && published(channel, level, line)) used = true;
  if (used) channel.records += 1;
}

/**
 * For kernel tracers and for D programs.
 * @param {import('./channel').LogChannel} channel
 * @param {number} band
 * @param {string} line
 */
function fireProbes(channel, band, line) {
  if (isTraced(band)) fireProbe(band, line);
  if ((channel.traced & (1 << band)) !== 0) channel.probes?.fire(band, line);
}

/**
 * @param {import('./channel').LogChannel} channel
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

module.exports = { emit };
