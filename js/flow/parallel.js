// biome-ignore-all lint/complexity/noArguments: how many there are is part of the interface
'use strict';
// Functions, or one function with many inputs, all at once.

const { applyOptions, checkSignal } = require('./abort');
const { equal, isType, ok } = require('./assertion');
const { state } = require('./context');
const { CANCELLED, FAILED, Flow, LIVE, OK, THREW } = require('./flow');
const { callOutside } = require('./callback');
const { hasOptions } = require('./flow');
const { added, knownNames, nameOf, namesFor, noteNames } = require('./names');
const { Operation, Result } = require('./objects');
const { Outcome, resultOf, settle } = require('./promised');
const { tracked } = require('./settings');
const { calledTwice, keepFirst, trace } = require('./twice');

/** @typedef {import('./objects').Operation} Entry */

class ParallelFlow extends Flow {
  /** @param {number} index @param {Entry} entry @param {any} err @param {any} result */
  done(index, entry, err, result) {
    if (entry.status !== 'pending') throw calledTwice(this, index, notPending(entry));
    if (this.state !== LIVE) {
      if (this.state === CANCELLED) this.more().late += 1;
      else entry.status = err ? 'fail' : 'ok'; // of a flow that cannot end
      return;
    }
    if (trace.on) keepFirst(this, index);
    entry.err = err;
    entry.result = result;
    const rv = this.result;
    if (err) {
      entry.status = 'fail';
      rv.nerrors++;
      this.failed(index, err);
    } else {
      entry.status = 'ok';
      rv.successes.push(result);
    }
    if (tracked) this.stamp(index);
    if (++rv.ndone >= this.total) this.finish(rv);
  }

  /** @param {import('./objects').Result} rv */
  finish(rv) {
    if (this.state !== LIVE) return;
    const callback = /** @type {Function} */ (this.callback);
    if (rv.nerrors === 0) {
      this.close(OK, this.total);
      callOutside(this, callback, null, rv);
      return;
    }
    this.close(FAILED, this.total);
    const { MultiError } = require('verror');
    const failed = rv.operations.filter((/** @type {Entry} */ entry) => entry.status === 'fail');
    callOutside(
      this,
      callback,
      new MultiError(failed.map((/** @type {Entry} */ entry) => entry.err)),
      rv,
    );
  }

  /** @param {any} error */
  cancel(error) {
    if (this.state !== LIVE) return;
    const callback = /** @type {Function} */ (this.callback);
    const rv = this.result;
    this.close(CANCELLED, rv.ndone);
    callOutside(this, callback, error, rv);
  }

  /** @param {any} error thrown by a function: those after it do not start */
  broken(error) {
    this.nameFunctions();
    if (this.state !== LIVE) return;
    const { ndone, operations } = this.result;
    if (operations[this.total - 1] !== undefined) return; // there is none after it
    this.failed(ndone, error);
    this.close(THREW, ndone);
  }
}

/** @param {Entry} entry @returns {Error} what vasync's assertion throws */
function notPending({ status }) {
  try {
    equal(status, 'pending');
  } catch (error) {
    return /** @type {Error} */ (error);
  }
  return new Error('not pending');
}

/** @param {ParallelFlow} flow @param {number} index @param {Entry} entry */
function callbackOf(flow, index, entry) {
  return (/** @type {any} */ err, /** @type {any} */ result) =>
    flow.done(index, entry, err, result);
}

/** @param {ParallelFlow} flow @param {any} funcs */
function startAll(flow, funcs) {
  const { length } = funcs;
  const { operations } = flow.result;
  const known = knownNames(funcs);
  let names = known ?? namesFor(length);
  for (let i = 0; i < length; i++) {
    const func = funcs[i];
    const name = known === null ? nameOf(func) : known[i];
    if (known === null) names = added(names, i, name);
    const entry = new Operation(func, name, 'pending');
    operations[i] = entry;
    const done = callbackOf(flow, i, entry);
    const value = funcs[i](done);
    if (value !== undefined && func.length < 1) settleEntry(value, entry, done);
  }
  if (known === null) noteNames(funcs, names);
  flow.names = names;
}

/** @param {ParallelFlow} flow @param {any[]} inputs @param {Function} func */
function startEach(flow, inputs, func) {
  const { operations } = flow.result;
  // Both closures of an operation in one call: V8 gives them one context.
  const start = (/** @type {any} */ input, /** @type {number} */ index) => {
    const entry = new Operation(
      (/** @type {any} */ callback) => func(input, callback),
      '(anon)',
      'pending',
    );
    operations[index] = entry;
    const done = (/** @type {any} */ err, /** @type {any} */ result) =>
      flow.done(index, entry, err, result);
    const value = func(input, done);
    if (value !== undefined && func.length < 2) settleEntry(value, entry, done);
  };
  for (let i = 0; i < inputs.length; i++) start(inputs[i], i);
}

// In functions of their own: a closure makes V8 allocate for every call of the one that it is in.
/** @param {any} value @param {Entry} entry @param {(err: any, value?: any) => void} done */
function settleEntry(value, entry, done) {
  settle(value, () => entry.status === 'pending', done);
}

/** @param {ParallelFlow} flow @param {import('./objects').Result} rv */
function finishLater(flow, rv) {
  setImmediate(() => flow.finish(rv));
}

/**
 * Calls the functions as a part of the flow.
 * @param {ParallelFlow} flow @param {any[]} list functions, or inputs
 * @param {Function | null} func for inputs
 */
function launch(flow, list, func) {
  const { storage } = state;
  if (storage !== null && storage.getStore() !== flow) {
    storage.run(flow, launch, flow, list, func);
    return;
  }
  const before = state.current;
  state.current = storage === null ? flow : null;
  try {
    if (func === null) startAll(flow, list);
    else startEach(flow, list, func);
  } catch (error) {
    flow.broken(error);
    throw error;
  } finally {
    state.current = before;
  }
}

/**
 * Starts a flow.
 * @param {ParallelFlow} flow @param {any[]} list functions, or inputs
 * @param {Function | null} func for inputs
 * @param {any} args with nodeobs's options
 * @param {Outcome | null} outcome
 * @returns {any} its result
 */
function begin(flow, list, func, args, outcome) {
  const rv = flow.result;
  if (outcome !== null) outcome.attach(rv);
  if (hasOptions(args) && !applyOptions(flow, args)) {
    flow.nameFunctions();
    return rv;
  }
  if (flow.total === 0) finishLater(flow, rv);
  else launch(flow, list, func);
  return rv;
}

/**
 * @param {{funcs: Function[], label?: string, signal?: AbortSignal}} args
 * @param {Function} [callback] without: what is returned can be awaited
 */
function parallel(args, callback) {
  isType(args, 'object', '"args" must be an object');
  ok(Array.isArray(args.funcs), '"args.funcs" must be specified and must be an array');
  let outcome = null;
  let end = callback;
  if (arguments.length === 1) {
    outcome = new Outcome();
    end = outcome.callback(resultOf);
  } else {
    isType(callback, 'function', 'callback argument must be specified and must be a function');
  }
  if (args.signal !== undefined) checkSignal(args.signal);
  const funcs = args.funcs.slice(0);
  const { length } = funcs;
  const rv = new Result(new Array(length));
  const flow = new ParallelFlow('parallel', /** @type {any} */ (end), rv, funcs, length);
  flow.locate(parallel);
  return begin(flow, funcs, null, args, outcome);
}

/**
 * @param {{func: Function, inputs: any[], label?: string, signal?: AbortSignal}} args
 * @param {Function} [callback] without: what is returned can be awaited
 */
function forEachParallel(args, callback) {
  isType(args, 'object', '"args" must be an object');
  isType(args.func, 'function', '"args.func" must be specified and must be a function');
  ok(Array.isArray(args.inputs), '"args.inputs" must be specified and must be an array');
  let outcome = null;
  let end = callback;
  if (arguments.length === 1) {
    outcome = new Outcome();
    end = outcome.callback(resultOf);
  } else {
    isType(callback, 'function', 'callback argument must be specified and must be a function');
  }
  if (args.signal !== undefined) checkSignal(args.signal);
  const { func } = args;
  const inputs = args.inputs.slice(0);
  const { length } = inputs;
  const rv = new Result(new Array(length));
  const flow = new ParallelFlow('forEachParallel', /** @type {any} */ (end), rv, func.name, length);
  flow.locate(forEachParallel);
  return begin(flow, inputs, func, args, outcome);
}

module.exports = { forEachParallel, parallel };
