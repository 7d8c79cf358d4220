'use strict';
// The callback of a flow that is over: what is made in it belongs where the flow does.

const { liveOrigin, runIn, state } = require('./context');

/** @typedef {import('./flow').Flow} Flow */

/** @param {Flow} flow @returns {boolean} whether what is made here belongs where the flow does */
function isOutside(flow) {
  if (flow.origin === null) return true;
  const here = state.storage?.getStore();
  return here !== undefined && liveOrigin(here) === liveOrigin(flow.origin);
}

/**
 * Calls the callback of a flow that is over, where the flow belongs.
 * @param {Flow} flow @param {Function} callback @param {any} err @param {any} value
 */
function callOutside(flow, callback, err, value) {
  if (isOutside(flow)) callback(err, value);
  else applyOutside(flow, callback, undefined, [err, value]);
}

/**
 * The same with any number of arguments, and a `this`.
 * @param {Flow} flow @param {Function} callback @param {any} that @param {any[]} args
 */
function applyOutside(flow, callback, that, args) {
  if (isOutside(flow)) {
    Reflect.apply(callback, that, args);
    return;
  }
  const of = flow.origin && liveOrigin(flow.origin);
  runIn(of, ([end, self, some]) => Reflect.apply(end, self, some), [callback, that, args]);
}

module.exports = { applyOutside, callOutside };
