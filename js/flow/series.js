'use strict';
// What functions one after another have in common: pipeline, waterfall, tryEach. Each step begins in a
// turn of its own.

const { applyOptions } = require('./abort');
const { equal } = require('./assertion');
const { runIn } = require('./context');
const { callOutside } = require('./callback');
const { CANCELLED, Flow, LIVE, OK, hasOptions } = require('./flow');
const { added, knownNames, nameOf, namesFor, noteNames } = require('./names');
const { Operation } = require('./objects');
const { tracked } = require('./settings');
const { calledTwice, keepFirst, trace } = require('./twice');

/** @typedef {import('./promised').Outcome} Outcome */

/** Which step it is at, and how the next one begins. */
class SeriesFlow extends Flow {
  /**
   * @param {string} kind @param {Function | null} callback @param {any} result
   * @param {string[] | string} names @param {number} total
   */
  constructor(kind, callback, result, names, total) {
    super(kind, callback, result, names, total);
    /** Index of the step that is pending. */
    this.at = 0;
    /** Its function has been called. */
    this.begun = false;
    /** @type {(() => void) | null} begins that step */
    this.step = null;
  }

  /**
   * Checks that this call of a callback is the one that is waited for.
   * @param {number} index
   * @returns {boolean} false: the flow has been cancelled
   */
  expects(index) {
    if (index !== this.at) throw calledTwice(this, index, invokedTwice(this, index));
    const ndone = this.result === null ? this.ndone : this.result.ndone;
    if (index !== ndone) throw calledTwice(this, index, notNext(index, ndone));
    if (this.state !== LIVE) {
      this.more().late += 1;
      return false;
    }
    if (trace.on) keepFirst(this, index);
    if (tracked) this.stamp(index);
    return true;
  }

  /** Makes the next step pending. */
  proceed() {
    this.at += 1;
    this.result.operations[this.at].status = 'pending';
    this.begun = false;
    this.step ??= () => this.begin();
    setImmediate(this.step);
  }

  begin() {
    if (this.state !== LIVE) return;
    this.begun = true;
    runIn(this, call, this);
  }

  /** Calls the function of this step. */
  call() {}

  /** @param {number} index @returns {boolean} whether the callback of that step is waited for */
  isOpen(index) {
    return index === this.at && this.result?.ndone === index;
  }

  /** @param {any} error */
  cancel(error) {
    if (this.state !== LIVE) return;
    const callback = this.callback;
    const rv = this.result;
    const entry = rv.operations[this.at];
    if (!this.begun && entry !== undefined) entry.status = 'waiting';
    this.close(CANCELLED, rv.ndone);
    if (callback !== null) callOutside(this, callback, error, this.shown(rv));
  }

  /** @param {any} rv @returns {any} what a callback gets beside an error */
  shown(rv) {
    return rv;
  }

  /** The callback of a list without functions. @param {any} rv */
  empty(rv) {
    if (this.state !== LIVE) return;
    const callback = this.callback;
    this.close(OK, 0);
    if (callback !== null) callOutside(this, callback, null, this.shown(rv));
  }
}

/** @param {SeriesFlow} flow */
function call(flow) {
  flow.call();
}

/** @param {SeriesFlow} flow @param {number} index @returns {Error} vasync says waterfall for all */
function invokedTwice(flow, index) {
  const { VError } = require('verror');
  const name = typeof flow.names === 'string' ? '(anon)' : flow.names[index];
  const message = 'vasync.waterfall: function %d ("%s") invoked its callback twice';
  return new VError(message, index, name);
}

/** @param {number} index @param {number} ndone @returns {Error} what vasync's assertion throws */
function notNext(index, ndone) {
  try {
    equal(index, ndone, 'idx should be equal to ndone');
  } catch (error) {
    return /** @type {Error} */ (error);
  }
  return new Error('idx should be equal to ndone');
}

/**
 * Starts a flow.
 * @param {SeriesFlow} flow @param {any} options
 * @param {Outcome | null} outcome
 * @returns {any} its result
 */
function begin(flow, options, outcome) {
  const rv = flow.result;
  if (outcome !== null) outcome.attach(rv);
  if (options !== null && hasOptions(options) && !applyOptions(flow, options)) return rv;
  if (flow.total === 0) {
    endLater(flow, rv);
    return rv;
  }
  rv.operations[0].status = 'pending';
  flow.begin();
  return rv;
}

/** @param {SeriesFlow} flow @param {any} rv */
function endLater(flow, rv) {
  setImmediate(() => flow.empty(rv));
}

/** @param {Function[]} funcs @returns {import('./objects').Operation[]} */
function waiting(funcs) {
  const { length } = funcs;
  const operations = new Array(length);
  const known = knownNames(funcs);
  let names = known ?? namesFor(length);
  for (let i = 0; i < length; i++) {
    const name = known === null ? nameOf(funcs[i]) : known[i];
    if (known === null) names = added(names, i, name);
    operations[i] = new Operation(funcs[i], name, 'waiting');
  }
  if (known === null) noteNames(funcs, names);
  return operations;
}

module.exports = { SeriesFlow, begin, waiting };
