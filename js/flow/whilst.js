// biome-ignore-all lint/complexity/noArguments: how many there are is part of the interface
'use strict';
// A function again and again, as long as a test holds.

const { applyOptions, checkSignal, isOptions } = require('./abort');
const { isType, ok } = require('./assertion');
const { now } = require('./clock');
const { runIn } = require('./context');
const { applyOutside } = require('./callback');
const { CANCELLED, FAILED, Flow, LIVE, OK, hasOptions } = require('./flow');
const { Outcome, oneOrAll, settle } = require('./promised');
const { tracked } = require('./settings');
const { keepFirst, noteTwice, trace } = require('./twice');

/** What is shown of a whilst. */
class WhilstFlow extends Flow {
  /**
   * @param {Function} callback @param {{finished: boolean, iterations: number}} result
   * @param {string} name of the function
   */
  constructor(callback, result, name) {
    super('whilst', callback, result, name, 0);
    /** performance.now() when the pending iteration began: ms */
    this.since = this.started;
    /** @type {Loop | null} */
    this.loop = null;
  }

  /** @param {any} error */
  cancel(error) {
    if (this.state === LIVE) this.loop?.cancel(error);
  }

  /** @override @param {number} state @param {number} ndone */
  close(state, ndone) {
    super.close(state, ndone);
    this.loop = null;
  }

  /** @override The last iteration began then. */
  endOf() {
    return this.since;
  }
}

/**
 * What runs it. A callback that is called twice makes a second loop, as in vasync, which may go on
 * when the flow is over.
 */
class Loop {
  /**
   * @param {WhilstFlow} flow @param {Function} test @param {Function} iterate
   * @param {{finished: boolean, iterations: number}} result @param {Function} callback
   */
  constructor(flow, test, iterate, result, callback) {
    this.flow = flow;
    this.test = test;
    this.iterate = iterate;
    this.result = result;
    this.callback = callback;
    this.cancelled = false;
    /** @type {any[]} what an iteration gave last */
    this.values = [];
    this.next = () => {
      if (!this.cancelled) runIn(flow, turn, this);
    };
  }

  turn() {
    const { test, iterate, result, flow } = this;
    if (!test()) {
      this.#finish(OK);
      return;
    }
    const iteration = ++result.iterations;
    if (tracked) flow.since = now();
    let called = false;
    const done = (/** @type {any[]} */ ...values) => {
      if (called) noteTwice(flow, iteration - 1);
      else if (trace.on) keepFirst(flow, iteration - 1);
      called = true;
      this.#done(values);
    };
    const value = iterate(done);
    if (value !== undefined && iterate.length < 1) settle(value, () => !called, done);
  }

  /** @param {any[]} values */
  #done(values) {
    if (this.cancelled) {
      this.flow.more().late += 1;
      return;
    }
    this.values = values;
    if (values[0]) {
      this.flow.failed(this.result.iterations - 1, values[0]);
      this.#finish(FAILED);
    } else {
      setImmediate(this.next);
    }
  }

  /** @param {number} state */
  #finish(state) {
    const { flow, result } = this;
    ok(!result.finished, 'whilst already finished');
    result.finished = true;
    flow.close(state, result.iterations);
    applyOutside(flow, this.callback, globalThis, this.values);
  }

  /** @param {any} error */
  cancel(error) {
    this.cancelled = true;
    this.values = [error];
    this.#finish(CANCELLED);
  }
}

/** @param {Loop} loop */
function turn(loop) {
  loop.turn();
}

/**
 * @param {() => any} test @param {Function} iterate
 * @param {any} [callback] without: what is returned can be awaited
 * @param {import('./flow').FlowOptions} [options] also in the place of the callback
 */
function whilst(test, iterate, callback, options) {
  isType(test, 'function', '"testFunc" must be specified and must be a function');
  isType(iterate, 'function', '"iterateFunc" must be specified and must be a function');
  const bare = arguments.length === 2 || isOptions(callback);
  const more = isOptions(callback) ? callback : options;
  if (!bare) {
    isType(callback, 'function', '"callback" argument must be specified as a function');
  }
  if (more?.signal !== undefined) checkSignal(more.signal);
  const result = { finished: false, iterations: 0 };
  let end = callback;
  if (bare) {
    const outcome = new Outcome();
    outcome.attach(result);
    end = (/** @type {any} */ err, /** @type {any[]} */ ...values) =>
      outcome.set(err, oneOrAll(values));
  }
  const flow = new WhilstFlow(end, result, iterate.name || test.name);
  const loop = new Loop(flow, test, iterate, result, end);
  flow.loop = loop;
  flow.locate(whilst);
  if (more !== undefined && hasOptions(more) && !applyOptions(flow, more)) return result;
  setImmediate(loop.next);
  return result;
}

module.exports = { whilst };
