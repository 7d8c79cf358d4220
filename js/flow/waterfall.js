// biome-ignore-all lint/complexity/noArguments: how many there are is part of the interface
'use strict';
// Functions one after another: each gets what the one before it gave (waterfall), or they are tried
// until one succeeds (tryEach).

const { checkSignal, isOptions } = require('./abort');
const { ok } = require('./assertion');
const { applyOutside, callOutside } = require('./callback');
const { FAILED, OK } = require('./flow');
const { lastNames } = require('./names');
const { Result } = require('./objects');
const { Outcome, oneOrAll, settle } = require('./promised');
const { SeriesFlow, begin, waiting } = require('./series');

/** Every function of a waterfall gets what the one before it gave; one of tryEach nothing. */
class ValuesFlow extends SeriesFlow {
  /**
   * @param {string} kind @param {Function | null} callback @param {any} result
   * @param {string[]} names
   */
  constructor(kind, callback, result, names) {
    super(kind, callback, result, names, names.length);
    this.passing = kind === 'waterfall';
    /** @type {any[]} what the next function gets: values, and its callback */
    this.values = [];
  }

  /** @param {number} index */
  callbackOf(index) {
    return (/** @type {any} */ err, /** @type {any[]} */ ...values) =>
      this.done(index, err, values);
  }

  /** @override */
  call() {
    const index = this.at;
    const { func } = this.result.operations[index];
    const done = index === 0 || !this.passing ? this.callbackOf(index) : this.values.at(-1);
    const taken = this.passing && index > 0 ? this.values.length : 1;
    const value = taken > 1 ? Reflect.apply(func, null, this.values) : func(done);
    if (value !== undefined && func.length < taken) settle(value, () => this.isOpen(index), done);
  }

  /** @override @param {number} state @param {number} ndone */
  close(state, ndone) {
    super.close(state, ndone);
    this.values = [];
  }

  // vasync hands out the list it keeps as `results`, callbacks included; so do we.
  /** @param {number} index @param {any} err @param {any[]} values */
  done(index, err, values) {
    if (!this.expects(index)) return;
    const rv = this.result;
    const entry = rv.operations[rv.ndone++];
    entry.results = values;
    const error = err === undefined ? null : err;
    entry.status = err ? 'fail' : 'ok';
    entry.err = error;
    if (err) {
      rv.nerrors++;
      this.failed(index, err);
    } else {
      rv.successes.push(values);
    }
    const stops = this.passing ? Boolean(err) : rv.successes.length > 0;
    if (stops || rv.ndone === this.total) {
      this.finish(err ? FAILED : OK, error, values, rv);
    } else {
      values.push(this.callbackOf(this.at + 1));
      this.values = values;
      this.proceed();
    }
  }

  /** @param {number} state @param {any} err @param {any[]} values @param {any} rv */
  finish(state, err, values, rv) {
    const callback = this.callback;
    this.close(state, rv.ndone);
    if (callback === null) return;
    if (this.passing || values.length <= 1) {
      values.unshift(err);
      if (values.length === 2) callOutside(this, callback, err, values[1]);
      else applyOutside(this, callback, null, values);
    } else {
      callOutside(this, callback, err, values);
    }
  }

  /** @override A list without functions, and one that is cancelled, give no values. */
  shown() {
    return undefined;
  }
}

/**
 * waterfall and tryEach, whose options come after the functions or after the callback.
 * @param {string} kind @param {Function[]} funcs
 * @param {any} callback @param {any} options @param {boolean} given whether there is a callback
 * @param {Function} method
 */
function values(kind, funcs, callback, options, given, method) {
  ok(Array.isArray(funcs), '"funcs" must be specified and must be an array');
  let end = callback;
  let more = options ?? null;
  if (isOptions(callback)) {
    more = callback;
    end = undefined;
  } else {
    ok(!given || typeof callback === 'function', '"callback" must be a function');
  }
  if (more !== null && more.signal !== undefined) checkSignal(more.signal);
  let outcome = null;
  if (end === undefined) {
    const made = new Outcome();
    outcome = made;
    end = (/** @type {any} */ err, /** @type {any[]} */ ...some) => made.set(err, oneOrAll(some));
  }
  const own = funcs.slice(0);
  const rv = new Result(waiting(own));
  const flow = new ValuesFlow(kind, end, rv, lastNames());
  flow.locate(method);
  return begin(flow, more, outcome);
}

/**
 * @param {Function[]} funcs
 * @param {any} [callback] without: what is returned can be awaited
 * @param {import('./flow').FlowOptions} [options] also in the place of the callback
 */
function waterfall(funcs, callback, options) {
  return values('waterfall', funcs, callback, options, arguments.length > 1, waterfall);
}

/**
 * @param {Function[]} funcs
 * @param {any} [callback] without: what is returned can be awaited
 * @param {import('./flow').FlowOptions} [options] also in the place of the callback
 */
function tryEach(funcs, callback, options) {
  return values('tryEach', funcs, callback, options, arguments.length > 1, tryEach);
}

module.exports = { tryEach, waterfall };
