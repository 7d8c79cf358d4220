'use strict';
// What is shown of flows, queues and barriers, as JSON data. Nothing of it is made before somebody
// looks.

const { performance } = require('node:perf_hooks');
const { own, text } = require('../probes/node/reading');
const { book } = require('./book');
const { STATES } = require('./flow');
const { siteText } = require('./sites');

/** @typedef {import('./flow').Flow} Flow */
/** @typedef {import('./work-queue').WorkQueue} WorkQueue */
/** @typedef {import('./barrier').Barrier} Barrier */

const OPERATIONS_MAX = 200;
const PREVIEW_MAX = 200;
const KEYS_MAX = 8;
const NAMES_MAX = 10;

/** @param {number} at performance.now(): ms */
function iso(at) {
  return new Date(performance.timeOrigin + at).toISOString();
}

/** @param {number} ms */
function rounded(ms) {
  return Math.round(Math.max(0, ms) * 100) / 100;
}

/** A value in a few words: no getter of the application runs. @param {any} value @returns {string} */
function preview(value) {
  return inWords(value, 2).slice(0, PREVIEW_MAX);
}

/** @param {any} value @param {number} depth @returns {string} */
function inWords(value, depth) {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, PREVIEW_MAX));
  if (typeof value === 'function') return '[Function]';
  if (typeof value !== 'object' || value === null) return String(value);
  const list = isArray(value);
  if (depth === 0 || require('node:util').types.isProxy(value)) return list ? '[…]' : '{…}';
  const keys = firstKeys(value);
  const parts = keys.map((key) => {
    const property = Object.getOwnPropertyDescriptor(value, key);
    if (property === undefined) return key;
    const words = 'value' in property ? inWords(property.value, depth - 1) : '[Getter]';
    return list ? words : `${key}: ${words}`;
  });
  if (keys.length === KEYS_MAX) parts[KEYS_MAX - 1] = '…';
  return list ? `[${parts.join(', ')}]` : `{${parts.join(', ')}}`;
}

/** @param {any} value */
function isArray(value) {
  try {
    return Array.isArray(value);
  } catch {
    return false; // a revoked proxy
  }
}

/** Without a list of a million. @param {object} value @returns {string[]} */
function firstKeys(value) {
  const keys = [];
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    keys.push(key);
    if (keys.length === KEYS_MAX) break;
  }
  return keys;
}

/** @param {Flow | null} flow */
function link(flow) {
  return flow === null ? null : { id: flow.id, kind: flow.kind, label: flow.label };
}

/** @param {import('./context').Origin | null} of */
function originOf(of) {
  return { parent: link(of?.flow ?? null), request: of?.request?.describe() ?? null };
}

/** @param {Flow} flow @param {number} index */
function statusOf(flow, index) {
  if (flow.result?.operations) return flow.result.operations[index]?.status ?? 'waiting';
  if (flow.extra?.failures.some((failure) => failure.index === index)) return 'fail';
  const inOrder = flow.kind !== 'parallel' && flow.kind !== 'forEachParallel';
  if (inOrder) return index < flow.ndone ? 'ok' : 'waiting';
  return flow.ndone === flow.total || flow.timeOf(index) > 0 ? 'ok' : 'pending';
}

/** @param {Flow} flow */
function hasOperations({ kind }) {
  return kind !== 'whilst' && !kind.startsWith('filter');
}

/** @param {Flow} flow @param {number} index performance.now() when it began: ms */
function startOf(flow, index) {
  const together = flow.kind === 'parallel' || flow.kind === 'forEachParallel';
  return together || index === 0 ? flow.started : flow.endOf(index - 1);
}

/** @param {Flow} flow @param {number} now */
function operations(flow, now) {
  const list = [];
  for (let i = 0; i < Math.min(flow.total, OPERATIONS_MAX); i++) {
    const status = statusOf(flow, i);
    const funcname = text(flow.functionAt(i));
    if (status === 'waiting') {
      list.push({ funcname, status });
      continue;
    }
    const start = startOf(flow, i);
    const end = status === 'pending' ? now : flow.endOf(i);
    const failure = flow.extra?.failures.find(({ index }) => index === i);
    const err = failure ? { err: failure.err } : {};
    list.push({ funcname, status, started: iso(start), ms: rounded(end - start), ...err });
  }
  return list;
}

/** @param {Flow} flow */
function done(flow) {
  if (flow.result === null) return flow.ndone;
  return flow.result.iterations ?? flow.result.ndone;
}

/** Those that can still be looked at, the oldest first. @param {Flow} flow @returns {string[]} */
function children({ extra }) {
  if (extra === null) return [];
  const there = extra.children.filter((seq) => book.find(seq) !== undefined);
  return there.sort((a, b) => a - b).map((seq) => book.idOf(seq));
}

/** @param {Flow} flow */
function showFlow(flow) {
  const now = performance.now();
  const { site, extra } = flow;
  const end = flow.over ? flow.started + flow.took / 100 : now;
  const shown = {
    id: flow.id,
    kind: flow.kind,
    label: flow.label,
    state: STATES[flow.state],
    started: iso(flow.started),
    ms: rounded(end - flow.started),
    done: done(flow),
    of: flow.kind === 'whilst' ? null : flow.total,
    functions: flow.functions() || null,
    at: site && siteText(site),
    caller: site?.func ?? null,
    ...originOf(flow.origin),
    children: children(flow),
    operations: hasOperations(flow) ? operations(flow, now) : [],
  };
  const more = flow.total - OPERATIONS_MAX;
  if (more > 0 && hasOperations(flow)) Object.assign(shown, { operations_not_shown: more });
  const unknown = (extra?.born ?? 0) - (extra?.children.length ?? 0);
  if (unknown > 0) Object.assign(shown, { children_not_shown: unknown });
  if (site && !extra?.site) Object.assign(shown, { at_of: 'another flow of these functions' });
  if (extra?.late) Object.assign(shown, { late_callbacks: extra.late });
  if (extra?.again.length) Object.assign(shown, { called_twice: extra.again });
  if (extra?.failures.length && !hasOperations(flow)) Object.assign(shown, { err: extra.failures });
  return shown;
}

/** @param {string} id @param {WorkQueue} queue @param {any} look of it */
function showQueue(id, queue, look) {
  const now = performance.now();
  const { site } = look;
  const shown = {
    id,
    name: id,
    worker: text(queue.worker_name),
    state: stateOf(queue),
    concurrency: queue.concurrency,
    length: queue.length(),
    npending: queue.npending,
    done: look.done,
    at: site && siteText(site),
    pending: look.pending.slice(0, OPERATIONS_MAX).map((/** @type {any} */ one) => ({
      id: one.id,
      ms: rounded(now - one.since),
      task: preview(one.entry.task),
      ...originOf(one.of),
    })),
    queued: look.waiting.slice(0, 5).map((/** @type {any} */ entry) => ({
      id: own(entry, 'id'),
      task: preview(own(entry, 'task')),
    })),
    closed: queue.closed,
    killed: own(queue, 'killed') === true,
    ended: queue.ended,
  };
  if (look.twice.length > 0) Object.assign(shown, { called_twice: look.twice });
  return shown;
}

/** @param {WorkQueue} queue */
function stateOf(queue) {
  if (queue.ended) return 'ended';
  if (own(queue, 'killed') === true) return 'killed';
  if (queue.closed) return 'closed';
  if (queue.npending >= queue.concurrency) return 'saturated';
  return queue.npending > 0 ? 'busy' : 'idle';
}

/** @param {Barrier} barrier @returns {{name: string, ms: number}[]} the longest first */
function barrierPending(barrier) {
  const now = Date.now();
  return Object.entries(barrier.pending)
    .map(([name, start]) => ({ name: text(name), ms: Math.max(0, now - Number(start)) }))
    .sort((a, b) => b.ms - a.ms);
}

/** @param {string} id @param {Barrier} barrier @param {any} look */
function showBarrier(id, barrier, { site, of }) {
  const pending = barrierPending(barrier);
  return {
    id,
    npending: pending.length,
    pending: pending.slice(0, OPERATIONS_MAX),
    recent: (barrier.recent ?? []).slice(-10).map(({ name, start, done }) => ({
      name: text(name),
      started: new Date(start).toISOString(),
      ms: done - start,
    })),
    at: site && siteText(site),
    ...originOf(of),
  };
}

module.exports = {
  NAMES_MAX,
  barrierPending,
  hasOperations,
  originOf,
  preview,
  rounded,
  showBarrier,
  showFlow,
  showQueue,
  startOf,
  statusOf,
};
