// biome-ignore-all lint/complexity/noArguments: how many there are is part of the interface
'use strict';
// Functions one after another that get the same argument, or one function with many inputs.

const { checkSignal } = require('./abort');
const { isType, ok } = require('./assertion');
const { callOutside } = require('./callback');
const { FAILED, OK } = require('./flow');
const { lastNames } = require('./names');
const { Operation, Result } = require('./objects');
const { Outcome, resultOf, settle } = require('./promised');
const { SeriesFlow, begin, waiting } = require('./series');

class PipelineFlow extends SeriesFlow {
  /**
   * @param {string} kind @param {Function | null} callback @param {any} result
   * @param {string[] | string} names @param {number} total @param {any} arg
   */
  constructor(kind, callback, result, names, total, arg) {
    super(kind, callback, result, names, total);
    this.arg = arg;
    /** @type {Function | null} the one that gets the inputs */
    this.each = null;
  }

  /** @override */
  call() {
    const index = this.at;
    const { func } = this.result.operations[index];
    const done = (/** @type {any} */ err, /** @type {any} */ result) =>
      this.done(index, err, result);
    const value = func(this.arg, done);
    if (value !== undefined && (this.each ?? func).length < 2) {
      settle(value, () => this.isOpen(index), done);
    }
  }

  /** @override @param {number} state @param {number} ndone */
  close(state, ndone) {
    super.close(state, ndone);
    this.arg = undefined;
    this.each = null;
  }

  /** @param {number} index @param {any} err @param {any} result */
  done(index, err, result) {
    if (!this.expects(index)) return;
    const rv = this.result;
    const entry = rv.operations[rv.ndone++];
    entry.result = result;
    if (err) {
      entry.status = 'fail';
      entry.err = err;
      rv.nerrors++;
      this.failed(index, err);
      this.finish(FAILED, err, rv);
      return;
    }
    entry.status = 'ok';
    entry.err = err === undefined ? null : err;
    rv.successes.push(result);
    if (rv.ndone === this.total) this.finish(OK, entry.err, rv);
    else this.proceed();
  }

  /** @param {number} state @param {any} err @param {any} rv */
  finish(state, err, rv) {
    const callback = this.callback;
    this.close(state, rv.ndone);
    if (callback !== null) callOutside(this, callback, err, rv);
  }
}

/**
 * @param {{funcs: Function[], arg?: any, label?: string, signal?: AbortSignal}} args
 * @param {Function} [callback] without: what is returned can be awaited
 */
function pipeline(args, callback) {
  isType(args, 'object', '"args" must be an object');
  ok(Array.isArray(args.funcs), '"args.funcs" must be specified and must be an array');
  if (args.signal !== undefined) checkSignal(args.signal);
  const outcome = callback ? null : new Outcome();
  const end = callback || /** @type {Outcome} */ (outcome).callback(resultOf);
  const funcs = args.funcs.slice(0);
  const rv = new Result(waiting(funcs));
  const flow = new PipelineFlow('pipeline', end, rv, lastNames(), funcs.length, args.arg);
  flow.locate(pipeline);
  return begin(flow, args, outcome);
}

/**
 * @param {{func: Function, inputs: any[], label?: string, signal?: AbortSignal}} args
 * @param {Function} [callback] without: what is returned can be awaited
 */
function forEachPipeline(args, callback) {
  isType(args, 'object', '"args" must be an object');
  isType(args.func, 'function', '"args.func" must be specified and must be a function');
  ok(Array.isArray(args.inputs), '"args.inputs" must be specified and must be an array');
  if (arguments.length !== 1) {
    isType(callback, 'function', 'callback argument must be specified and must be a function');
  }
  if (args.signal !== undefined) checkSignal(args.signal);
  const outcome = callback ? null : new Outcome();
  const end = callback ?? /** @type {Outcome} */ (outcome).callback(resultOf);
  const { func, inputs } = args;
  const { length } = inputs;
  const operations = new Array(length);
  for (let i = 0; i < length; i++) {
    operations[i] = new Operation(withInput(func, inputs[i]), '(anon)', 'waiting');
  }
  const rv = new Result(operations);
  const flow = new PipelineFlow('forEachPipeline', end, rv, func.name, length, undefined);
  flow.each = func;
  flow.locate(forEachPipeline);
  return begin(flow, args, outcome);
}

/** @param {Function} func @param {any} input */
function withInput(func, input) {
  return (/** @type {any} */ _, /** @type {any} */ callback) => func(input, callback);
}

module.exports = { forEachPipeline, pipeline };
