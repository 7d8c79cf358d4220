'use strict';
// A callback that is called again. vasync throws, and so do we; the error and the flow's state also
// say which function, and when and where both calls were. The stack of a first call would cost every
// operation more than all else, so it is kept where `vasync.trace` (or NODEOBS_FLOW_TRACE=on) asks for
// it, and from a function's first such mistake on for that function.

const { book } = require('./book');
const { now } = require('./clock');
const settings = require('./settings');

/** @typedef {import('./flow').Flow} Flow */

/**
 * @typedef {object} Again
 * @property {number} step from 1
 * @property {string} function
 * @property {number} after_ms from the first call to the second
 * @property {string | null} first stack of the first call, where it was kept
 * @property {string} second stack of the second
 */

const AGAIN_MAX = 4; // kept of one flow
const SUSPECTS_MAX = 256;

const trace = {
  /** Stacks of first calls are kept. */
  on: false,
  all: settings.trace,
  /** @type {Set<string>} functions that have called again */
  suspects: new Set(),
};
trace.on = trace.all;

/** @param {boolean} all */
function setTrace(all) {
  trace.all = all;
  trace.on = all || trace.suspects.size > 0;
}

/** Keeps where a callback is called, while that is wanted. @param {Flow} flow @param {number} index */
function keepFirst(flow, index) {
  const first = firstCall(flow.functionAt(index));
  if (first === null) return;
  const extra = flow.more();
  extra.firsts ??= new Map();
  extra.firsts.set(index, first);
}

/** @param {Error} error @returns {string} its frames, without our own */
function frames(error) {
  const lines = String(error.stack ?? '').split('\n');
  return lines
    .filter((line) => /^ {4}at /.test(line) && !line.includes(`${__dirname}/`))
    .join('\n');
}

/**
 * Reports it.
 * @template {Error} E
 * @param {Flow} flow @param {number} index of the operation @param {E} error that vasync throws
 * @returns {E} the same error, with `flow`
 */
function calledTwice(flow, index, error) {
  try {
    report(flow, index, error);
  } catch {
    // The application's Error.prepareStackTrace or a frozen Error.
  }
  return error;
}

/** @param {Flow} flow @param {number} index @param {Error} error */
function report(flow, index, error) {
  const name = flow.functionAt(index);
  const first = flow.extra?.firsts?.get(index);
  suspect(name);
  /** @type {Again} */
  const again = {
    step: index + 1,
    function: name,
    after_ms: Math.round(Math.max(0, now() - flow.endOf(index)) * 1000) / 1000,
    first: first === undefined ? null : frames(first),
    second: frames(error),
  };
  const extra = flow.more();
  if (extra.again.length < AGAIN_MAX) extra.again.push(again);
  const about = { id: flow.id, kind: flow.kind, label: flow.label };
  Object.defineProperty(error, 'flow', {
    value: { ...about, ...again },
    configurable: true,
    writable: true,
  });
  const where = again.first === null ? '' : `\n  first called:\n${again.first}`;
  const step = `${flow.kind} ${about.label}, step ${again.step} ${name}`;
  error.stack = `${error.stack}\n  (${step}: called again after ${again.after_ms} ms)${where}`;
}

/** @param {string} name of a function that has called again */
function suspect(name) {
  book.twice += 1;
  if (trace.suspects.size < SUSPECTS_MAX && name !== '(anon)') trace.suspects.add(name);
  trace.on = true;
}

/**
 * A worker has called back again; vasync throws nothing.
 * @param {import('./work-queue').WorkQueue} queue @param {import('./objects').Entry} entry
 * @param {number} ended performance.now() of the first call: ms @param {Error | null} first
 */
function noteTaskTwice(queue, entry, ended, first) {
  suspect(queue.worker_name);
  const { WorkQueue } = require('./work-queue');
  WorkQueue.again(queue, {
    step: entry.id,
    function: queue.worker_name,
    after_ms: Math.round(Math.max(0, now() - ended) * 1000) / 1000,
    first: first === null ? null : frames(first),
    second: frames(new Error('called again')),
  });
}

/** @param {string} name @returns {Error | null} where this is, while that is wanted */
function firstCall(name) {
  return trace.all || trace.suspects.has(name) ? new Error('first call') : null;
}

/** The same where vasync throws nothing. @param {Flow} flow @param {number} index */
function noteTwice(flow, index) {
  calledTwice(flow, index, new Error('callback called again'));
}

module.exports = { calledTwice, firstCall, keepFirst, noteTaskTwice, noteTwice, setTrace, trace };
