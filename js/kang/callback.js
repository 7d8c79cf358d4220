'use strict';
// Calling the application: what it throws, and what it never answers, is an answer as well.

const { errText } = require('../log/errors');

/** @typedef {{value: any} | {error: string}} Outcome */

/** @param {string} name @param {unknown} error */
function callbackText(name, error) {
  return `${name} threw: ${errText(error)}`;
}

/**
 * @param {string} name of the callback
 * @param {() => any} action
 * @param {number} ms that a promise may take
 * @returns {Outcome | Promise<Outcome>} a promise only where the callback gave one; never rejects
 */
function outcome(name, action, ms) {
  try {
    const value = action();
    if (typeof value?.then !== 'function') return { value };
    return later(name, value, ms);
  } catch (error) {
    return { error: callbackText(name, error) };
  }
}

/** @param {string} name @param {PromiseLike<any>} promise @param {number} ms */
function later(name, promise, ms) {
  return new Promise((/** @type {(outcome: Outcome) => void} */ resolve) => {
    const text = `${name} did not answer within ${Math.ceil(ms)} ms`;
    const timer = setTimeout(resolve, Math.max(1, ms), { error: text }).unref();
    /** @param {Outcome} outcome */
    const settle = (outcome) => {
      clearTimeout(timer);
      resolve(outcome);
    };
    promise.then(
      (value) => settle({ value }),
      (error) => settle({ error: callbackText(name, error) }),
    );
  });
}

module.exports = { callbackText, outcome };
