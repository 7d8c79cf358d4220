'use strict';
// event-loop-stall and timer-lag: a timer that looks how late it is. It runs only while somebody
// observes one of the two, and never keeps the process alive.

const { performance } = require('node:perf_hooks');
const { clearTimeout, setTimeout } = require('node:timers'); // before anybody fakes the globals

const PERIOD_MS = 10;
/** Below this it is the timer's own granularity, or the machine's. */
const STALL_MS = 20;

/** @type {readonly import('./firing').Maker<{ms: number}>[]} */
const LATE = [({ ms }) => Math.round(ms * 1e6)];

/** @type {import('./source').Install} */
function install(hooks, probes) {
  const stall = probes['event-loop-stall'];
  const lag = probes['timer-lag'];
  let due = performance.now() + PERIOD_MS;
  const late = { ms: 0 };
  const tick = hooks.guarded(() => {
    const now = performance.now();
    late.ms = Math.max(0, now - due);
    due = now + PERIOD_MS;
    timer.refresh();
    lag.tell(LATE, late);
    if (late.ms >= STALL_MS) stall.tell(LATE, late);
  });
  const timer = setTimeout(tick, PERIOD_MS).unref();
  hooks.atEnd(() => clearTimeout(timer));
}

module.exports = install;
