'use strict';

const { types } = require('node:util');
const { errorText } = require('./texts');

const SHOWN = 20;

const { then } = Promise.prototype;

/** @typedef {{type?: string, id?: string}} Where */

/**
 * What a callback of the application gave, which is not waited for. A promise that nobody handles
 * and that is rejected would end the process, because somebody looked.
 * @template T @param {T} value
 * @returns {T}
 */
function atOnce(value) {
  if (!types.isPromise(value)) return value;
  then.call(value, undefined, () => {});
  throw new TypeError('it gave a promise, and has to answer at once');
}

/** What callbacks of the application threw while somebody looked. */
class Faults {
  constructor() {
    /** @type {(Where & {message: string})[]} the first of them */
    this.first = [];
    this.total = 0;
    this.last = '';
  }

  /**
   * Runs a callback of the application.
   * @template T @param {Where} where @param {() => T} action
   * @returns {T | undefined} undefined: it threw
   */
  guard(where, action) {
    try {
      return action();
    } catch (error) {
      this.add(where, errorText(error));
      return undefined;
    }
  }

  /** @param {Where} where @param {string} message */
  add(where, message) {
    this.total += 1;
    this.last = message;
    if (this.first.length < SHOWN) this.first.push({ ...where, message });
  }

  shown() {
    return { total: this.total, first: this.first };
  }
}

module.exports = { Faults, atOnce };
