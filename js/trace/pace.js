'use strict';
// What a program takes: records a second, and its share of the thread's time.

const { performance } = require('node:perf_hooks');
const { PAUSE_MAX_MS, SHARE, SLOW_MS, WINDOW_MS } = require('./limits');

const clock = performance.now.bind(performance);
const { cpuUsage } = process;

// Each of the first firings is timed, later one of many stands for all of them; one that took much
// longer than the others stands for itself, for the kernel may have had the CPU elsewhere.
const TIMED_AT_FIRST = 256;
const SAMPLE_EVERY = 64;
const OUTLIER = 16;

/** CPU time of the process in ms. */
function cpuTime() {
  const { user, system } = cpuUsage();
  return (user + system) / 1000;
}

/** Lets so many records a second through, and as many at once. */
class Rate {
  /** @param {number} most a second */
  constructor(most) {
    this.most = most;
    this.left = most;
    this.last = 0;
    this.drops = 0;
  }

  /** @param {number} time in ns @returns {boolean} */
  allows(time) {
    if (time > this.last) {
      if (this.last > 0) {
        this.left = Math.min(this.most, this.left + ((time - this.last) * this.most) / 1e9);
      }
      this.last = time;
    }
    if (this.left >= 1) {
      this.left -= 1;
      return true;
    }
    this.drops += 1;
    return false;
  }
}

/**
 * How long firings take. A program that seems to take too much of the thread is looked at closely
 * for a while: each firing counts with its CPU time, in which nothing counts that others did to
 * the process. If it was so, the program pauses.
 */
class Pace {
  constructor() {
    this.spent = 0; // ms
    this.skipped = 0; // firings
    this.calls = 0;
    this.weight = 1; // firings that the one being timed stands for
    this.usual = 0; // ms of a firing
    this.close = false; // whether each firing is timed
    this.cpu = 0; // at the beginning of the firing
    this.windowStart = clock();
    this.windowSpent = 0;
    this.windowCalls = 0;
    this.pausedUntil = 0;
  }

  /** @returns {number} a mark for {@link done}; 0: not timed; -1: the firing is to be skipped */
  begin() {
    if (this.pausedUntil > 0) {
      if (clock() < this.pausedUntil) {
        this.skipped += 1;
        return -1;
      }
      this.pausedUntil = 0;
      this.#open(clock(), true);
    }
    this.calls += 1;
    if (this.close) {
      this.weight = 1;
      this.cpu = cpuTime();
    } else if (this.calls > TIMED_AT_FIRST) {
      if (this.calls % SAMPLE_EVERY !== 0) return 0;
      this.weight = SAMPLE_EVERY;
    }
    return clock();
  }

  /** @param {number} mark from {@link begin}, above 0 */
  done(mark) {
    const now = clock();
    const took = now - mark;
    this.spent += this.#standingFor(took);
    this.windowSpent += this.close ? Math.min(took, cpuTime() - this.cpu) : took * this.weight;
    this.windowCalls += this.weight;
    if (now - this.windowStart >= WINDOW_MS) this.#judge(now);
  }

  /** What the firings take that one stands for, in ms. @param {number} took */
  #standingFor(took) {
    const { usual, weight } = this;
    if (usual > 0 && took > OUTLIER * usual) {
      this.usual += usual / 16; // slowly: perhaps they all take longer now
      return took + (weight - 1) * usual;
    }
    this.usual += (took - usual) / (usual > 0 ? 16 : 1);
    return took * weight;
  }

  /** A window is over. @param {number} now */
  #judge(now) {
    const window = now - this.windowStart;
    const slow = this.windowSpent > this.windowCalls * SLOW_MS;
    const much = slow && this.windowSpent > window * SHARE;
    if (much && this.close) {
      this.pausedUntil = now + Math.min(this.windowSpent / SHARE - window, PAUSE_MAX_MS);
    }
    this.#open(now, much);
  }

  /** @param {number} now @param {boolean} close whether the next window is looked at closely */
  #open(now, close) {
    this.close = close;
    this.windowStart = now;
    this.windowSpent = 0;
    this.windowCalls = 0;
  }
}

module.exports = { Pace, Rate };
