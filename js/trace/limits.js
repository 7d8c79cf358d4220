'use strict';
// What bounds a program: how large it may be, how long a firing may take, what it may keep.

/** Clauses, nodes of the syntax tree, and their nesting. */
const PROGRAM = Object.freeze({ clauses: 1000, nodes: 20_000, depth: 256, name: 64, keys: 32 });

/** Characters that the functions of one firing may go through: a few milliseconds. */
const FUEL = 1 << 18;

/** Bytes that the variables and aggregations of all programs of a thread take at most, estimated. */
const MEMORY = 32 << 20;

/** Programs of one thread, and probes that one program may match. */
const WATCHES = 64;
const PROBES = 10_000;

/**
 * A program whose firings take more than this long on average, in ms, may have so much of the
 * thread's time; then it pauses until a window is over.
 */
const SLOW_MS = 0.005;
const SHARE = 0.5;
const WINDOW_MS = 100;
const PAUSE_MAX_MS = 1000;

/** Characters of what one `trace.read` hands out, at most about. */
const ANSWER = 2 << 20;

/** Between two batches of records, at least: nobody reads them faster than this. */
const BATCH_MS = 10;

/** Options of a program: least, most, default. */
const OPTIONS = Object.freeze({
  /** UTF-16 code units of a string that is kept or sent */
  strsize: [1, 16_384, 256],
  /** keys of all aggregations between two readings */
  aggkeys: [1, 1_000_000, 10_000],
  /** elements of associative arrays, and as many variables of `self->` */
  dynvars: [1, 1_000_000, 10_000],
  /** records a second */
  rate: [1, 1_000_000, 10_000],
});

/** @typedef {{strsize: number, aggkeys: number, dynvars: number, rate: number}} Options */

/** Estimated bytes of all that programs of one thread keep. */
class Memory {
  /** @param {number} [most] */
  constructor(most = MEMORY) {
    this.most = most;
    this.used = 0;
  }

  /** @param {number} bytes @returns {boolean} whether there was room for them */
  take(bytes) {
    if (this.used + bytes > this.most) return false;
    this.used += bytes;
    return true;
  }

  /** @param {number} bytes */
  give(bytes) {
    this.used -= bytes;
  }
}

module.exports = {
  ANSWER,
  BATCH_MS,
  FUEL,
  Memory,
  OPTIONS,
  PAUSE_MAX_MS,
  PROBES,
  PROGRAM,
  SHARE,
  SLOW_MS,
  WATCHES,
  WINDOW_MS,
};
