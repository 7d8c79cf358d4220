'use strict';
// What the agent costs the process it is in: the figures behind the `stats` request.

const { performance } = require('node:perf_hooks');

// Each of the first calls is timed, for a short look has no others; later one of many stands for
// all of them.
const TIMED_AT_FIRST = 256;
const SAMPLE_EVERY = 64;

class Costs {
  constructor() {
    this.since = new Date();
    /** Milliseconds the process's thread spent on our behalf. */
    this.spent = { flush: 0, requests: 0, records: 0 };
    this.bytes = { sent: 0, received: 0 };
    this.records = { published: 0, sent: 0, dropped: 0 };
    this.batches = 0;
    /** @type {Map<string, number>} */
    this.refused = new Map();
    /** @type {{time: string, reason: string}[]} the latest refusals, newest last */
    this.recentRefusals = [];
    this.calls = 0;
    this.weight = 1; // calls that the one being timed stands for
  }

  /**
   * Starts timing one record built only for an observer.
   * @returns {number} a mark for {@link done}; 0 when this call is not timed
   */
  sample() {
    this.calls += 1;
    if (this.calls > TIMED_AT_FIRST) {
      if (this.calls % SAMPLE_EVERY !== 0) return 0;
      this.weight = SAMPLE_EVERY;
    }
    return performance.now();
  }

  /** @param {number} mark from {@link sample} */
  done(mark) {
    if (mark !== 0) this.spent.records += (performance.now() - mark) * this.weight;
  }

  /**
   * Runs what the event loop calls by itself: a mistake of ours there would end the application.
   * @param {() => void} action
   */
  guard(action) {
    try {
      action();
    } catch {
      this.refuse('internal');
    }
  }

  /** @param {string} reason one of the refusals in docs/protocol.md */
  refuse(reason) {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
    this.recentRefusals.push({ time: new Date().toISOString(), reason });
    if (this.recentRefusals.length > 16) this.recentRefusals.shift();
  }
}

module.exports = { Costs };
