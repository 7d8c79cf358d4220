'use strict';
// The process itself as an object to look at, and its event loop while somebody does.

const { monitorEventLoopDelay, performance } = require('node:perf_hooks');
const { threadId } = require('node:worker_threads');

const RESOLUTION_MS = 10;
const WINDOW_MIN_MS = 1000;

/**
 * Event-loop lag and utilisation, measured only while somebody looks: the measuring timer wakes
 * the loop a hundred times a second.
 */
class LoopWatch {
  constructor() {
    this.watchers = 0;
    /** @type {import('node:perf_hooks').IntervalHistogram | null} */
    this.histogram = null;
    this.start = 0;
    this.mark = performance.eventLoopUtilization();
  }

  /** @returns {() => void} to be called when this watcher leaves */
  watch() {
    this.watchers += 1;
    if (this.histogram === null) {
      this.histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      this.histogram.enable();
      this.#restart();
    }
    return () => {
      this.watchers -= 1;
      if (this.watchers > 0) return;
      this.histogram?.disable();
      this.histogram = null;
    };
  }

  #restart() {
    this.start = performance.now();
    this.mark = performance.eventLoopUtilization();
    this.histogram?.reset();
  }

  /** Figures of the time since the last reading that was at least a second ago. Milliseconds. */
  read() {
    if (this.histogram === null) return { window_ms: 0, lag_ms: null, utilization: null };
    const window = performance.now() - this.start;
    const { histogram } = this;
    const lag = (/** @type {number} */ nanoseconds) =>
      Math.max(0, Math.round((nanoseconds / 1e6 - RESOLUTION_MS) * 100) / 100);
    const reading = {
      window_ms: Math.round(window),
      lag_ms:
        histogram.count > 0
          ? {
              mean: lag(histogram.mean),
              p50: lag(histogram.percentile(50)),
              p99: lag(histogram.percentile(99)),
              max: lag(histogram.max),
            }
          : null,
      utilization:
        Math.round(performance.eventLoopUtilization(this.mark).utilization * 1000) / 1000,
    };
    if (window >= WINDOW_MIN_MS) this.#restart();
    return reading;
  }
}

/** @param {string[]} names */
function countEach(names) {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const name of names.sort()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** @param {LoopWatch} loop */
function inspectProcess(loop) {
  const { user, system } = process.cpuUsage();
  return {
    pid: process.pid,
    ppid: process.ppid,
    tid: threadId,
    title: process.title,
    node: process.version,
    versions: { ...process.versions },
    arch: process.arch,
    argv: [...process.argv],
    execArgv: [...process.execArgv],
    execPath: process.execPath,
    uptime_s: Math.round(process.uptime()),
    cpu_ms: { user: Math.round(user / 1000), system: Math.round(system / 1000) },
    memory: process.memoryUsage(),
    loop: loop.read(),
    handles: countEach(process.getActiveResourcesInfo()),
  };
}

module.exports = { LoopWatch, inspectProcess };
