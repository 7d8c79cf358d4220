'use strict';
// gc-start and gc-done. Node hands collections out when they are over, a turn of the event loop
// later; both probes fire then, with the times at which it happened.

const { PerformanceObserver, constants } = require('node:perf_hooks');

/** @type {Map<number, string>} V8's GCType */
const KINDS = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'scavenge'],
  [2, 'minor-mark-sweep'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'mark-sweep-compact'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental-marking'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak-callbacks'],
]);

/** @typedef {import('./firing').Maker<{kind: number, flags: number, duration: number}>} Maker */

/** @type {readonly Maker[]} */
const START = [
  ({ kind }) => kind,
  ({ flags }) => flags,
  () => 0, // node.d has an isolate's address here
  ({ kind }) => KINDS.get(kind) ?? String(kind),
];
/** @type {readonly Maker[]} */
const DONE = [...START, ({ duration }) => Math.round(duration * 1e6)];

/** @type {import('./source').Install} */
function install(hooks, probes) {
  const start = probes['gc-start'];
  const done = probes['gc-done'];
  const observed = hooks.guarded(
    (/** @type {import('node:perf_hooks').PerformanceObserverEntryList} */ list) => {
      for (const entry of list.getEntries()) {
        const { startTime, duration } = entry;
        const { kind = 0, flags = 0 } = /** @type {any} */ (entry).detail ?? {};
        const pause = { kind, flags, duration };
        start.tell(START, pause, startTime);
        done.tell(DONE, pause, startTime + duration);
      }
    },
  );
  const observer = new PerformanceObserver(observed);
  observer.observe({ entryTypes: ['gc'] });
  hooks.atEnd(() => observer.disconnect());
}

module.exports = install;
