// biome-ignore-all lint/complexity/noArguments: how many there are is part of the interface
'use strict';
// The inputs for which a function says yes, on a queue.

const { applyOptions, checkSignal, isOptions } = require('./abort');
const { equal, isType, ok } = require('./assertion');
const { applyOutside } = require('./callback');
const { CANCELLED, FAILED, Flow, LIVE, OK, hasOptions } = require('./flow');
const { runIn } = require('./context');
const { Outcome, settle } = require('./promised');
const { WorkQueue } = require('./work-queue');
const { tracked } = require('./settings');
const { calledTwice, keepFirst, noteTwice, trace } = require('./twice');

class FilterFlow extends Flow {
  /**
   * @param {string} kind @param {Function} callback @param {Function} func @param {number} total
   */
  constructor(kind, callback, func, total) {
    super(kind, callback, { ndone: 0 }, func.name, total);
    /** @type {WorkQueue | null} */
    this.queue = null;
  }

  /** @param {any} error */
  cancel(error) {
    if (this.state !== LIVE) return;
    const callback = /** @type {Function} */ (this.callback);
    const { queue } = this;
    this.close(CANCELLED, this.result.ndone);
    queue?.kill();
    applyOutside(this, callback, null, [error]);
  }

  /** @override @param {number} state @param {number} ndone */
  close(state, ndone) {
    super.close(state, ndone);
    this.queue = null;
  }
}

/**
 * @param {string} kind @param {any[]} inputs @param {number} limit @param {Function} func
 * @param {any} callback @param {any} options @param {boolean} given whether there is a callback
 * @param {Function} method
 */
function start(kind, inputs, limit, func, callback, options, given, method) {
  ok(Array.isArray(inputs), '"inputs" must be specified and must be an array');
  isType(limit, 'number', '"limit" must be a number');
  equal(Number.isNaN(limit), false, '"limit" must be a number');
  isType(func, 'function', '"filterFunc" must be specified and must be a function');
  const bare = !given || isOptions(callback);
  const more = isOptions(callback) ? callback : options;
  if (!bare) isType(callback, 'function', '"callback" argument must be specified as a function');
  if (more?.signal !== undefined) checkSignal(more.signal);

  const outcome = bare ? new Outcome() : null;
  const end = outcome === null ? callback : outcome.callback();
  /** @type {any[]} */
  const errors = [];
  // By index; in the end, as in vasync, what the callback gets: a callback that comes again then is
  // not always found out, and adds to that.
  /** @type {any[]} */
  let answers = [];
  const queue = new WorkQueue({ worker: processInput, concurrency: limit });
  const flow = new FilterFlow(kind, end, func, inputs.length);
  flow.queue = queue;
  flow.locate(method);

  /** @param {{elem: any, idx: number}} input @param {() => void} next */
  function processInput(input, next) {
    if (errors.length > 0) {
      next();
      return;
    }
    runIn(flow, () => ask(input, next), undefined);
  }

  /** @param {{elem: any, idx: number}} input @param {() => void} next */
  function ask({ elem, idx }, next) {
    let called = false;
    const done = (/** @type {any} */ err, /** @type {any} */ ans) => {
      if (idx in answers) throw calledTwice(flow, idx, twiceError(idx));
      if (called) noteTwice(flow, idx);
      called = true;
      if (flow.state === CANCELLED) flow.more().late += 1;
      if (trace.on) keepFirst(flow, idx);
      answers[idx] = { elem, ans: Boolean(ans) };
      if (flow.state === LIVE) {
        flow.result.ndone += 1;
        if (tracked) flow.stamp(idx);
        if (err) flow.failed(idx, err);
      }
      if (err) errors.push(err);
      next();
    };
    const value = func(elem, done);
    if (value !== undefined && func.length < 2) settle(value, () => !called, done);
  }

  queue.once('end', () => {
    if (flow.state !== LIVE) return;
    const { ndone } = flow.result;
    if (errors.length > 0) {
      flow.close(FAILED, ndone);
      const { errorFromList } = require('verror');
      applyOutside(flow, end, null, [errorFromList(errors)]);
      return;
    }
    flow.close(OK, ndone);
    answers = answers.filter(({ ans }) => ans).map(({ elem }) => elem);
    applyOutside(flow, end, null, [null, answers]);
  });
  outcome?.attach(queue);
  if (more !== undefined && hasOptions(more) && !applyOptions(flow, more)) return queue;
  inputs.forEach((elem, idx) => {
    queue.push({ elem, idx });
  });
  queue.close();
  return queue;
}

/** @param {number} index @returns {Error} as vasync throws it */
function twiceError(index) {
  const { VError } = require('verror');
  return new VError('vasync.filter*: filterFunc idx %d invoked its callback twice', index);
}

/**
 * @param {any[]} inputs @param {Function} func
 * @param {any} [callback] without: what is returned can be awaited
 * @param {import('./flow').FlowOptions} [options] also in the place of the callback
 */
function filter(inputs, func, callback, options) {
  const given = arguments.length > 2;
  return start('filter', inputs, Infinity, func, callback, options, given, filter);
}

/**
 * @param {any[]} inputs @param {Function} func
 * @param {any} [callback] without: what is returned can be awaited
 * @param {import('./flow').FlowOptions} [options] also in the place of the callback
 */
function filterSeries(inputs, func, callback, options) {
  const given = arguments.length > 2;
  return start('filterSeries', inputs, 1, func, callback, options, given, filterSeries);
}

/**
 * @param {any[]} inputs @param {number} limit @param {Function} func
 * @param {any} [callback] without: what is returned can be awaited
 * @param {import('./flow').FlowOptions} [options] also in the place of the callback
 */
function filterLimit(inputs, limit, func, callback, options) {
  const given = arguments.length > 3;
  return start('filterLimit', inputs, limit, func, callback, options, given, filterLimit);
}

module.exports = { filter, filterLimit, filterSeries };
