'use strict';
// The times of D: `timestamp` is CLOCK_MONOTONIC in ns, the same in all processes of a machine
// and what Python calls time.monotonic_ns(), so that a program can subtract across them.

const { performance } = require('node:perf_hooks');

// Taken before anybody fakes them.
const { hrtime } = process;
const sinceStart = performance.now.bind(performance);
const dateNow = Date.now;

const STEPPED_MS = 5;

/** CLOCK_MONOTONIC in ns. */
function now() {
  const time = hrtime();
  return time[0] * 1e9 + time[1];
}

/** CLOCK_MONOTONIC, in ns, where performance.now() is 0: the tightest of a few readings. */
function readStart() {
  let start = 0;
  let tightest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 8; i++) {
    const before = now();
    const at = sinceStart();
    const after = now();
    if (after - before >= tightest) continue;
    tightest = after - before;
    start = (before + after) / 2 - at * 1e6;
  }
  return start;
}

const start = readStart();

/** `timestamp` of what happened at a time of performance.now(). @param {number} ms */
function timestampOf(ms) {
  return Math.round(start + ms * 1e6);
}

/**
 * What makes a `walltimestamp` of a `timestamp`, in ns. performance.timeOrigin has microseconds,
 * Date only milliseconds; but the wall clock may have been set since the process started.
 */
function wallOffset() {
  const byDate = dateNow() * 1e6 - now();
  const byOrigin = performance.timeOrigin * 1e6 - start;
  return Math.abs(byDate - byOrigin) < STEPPED_MS * 1e6 ? byOrigin : byDate;
}

module.exports = { now, timestampOf, wallOffset };
