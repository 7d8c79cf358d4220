'use strict';
// `worker`: the worker threads that this thread has started. Each has an endpoint of its own, so
// what is in it is asked of itself.

const { workers } = require('./starts');
const { attempt } = require('./internals');

/** @returns {Map<string, import('node:worker_threads').Worker>} by thread id */
function liveWorkers() {
  const live = new Map();
  // The id of one that has ended is -1.
  for (const worker of workers) {
    if (worker.threadId > 0) live.set(String(worker.threadId), worker);
  }
  return live;
}

/** @param {any} worker */
function describe(worker) {
  const loop = attempt(() => worker.performance.eventLoopUtilization());
  return {
    // Before its event loop runs, it has no utilization.
    state: loop && loop.active + loop.idle > 0 ? 'running' : 'starting',
    threadId: worker.threadId,
    name: worker.threadName ?? null,
    utilization: loop ? Math.round(loop.utilization * 1000) / 1000 : null,
    resourceLimits: worker.resourceLimits,
  };
}

module.exports = { describe, liveWorkers };
