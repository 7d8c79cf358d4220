'use strict';
// `console` for observers.

const { format } = require('node:util');
const { Adopted } = require('./adopted');

const LEVELS = { trace: 10, debug: 20, log: 30, info: 30, warn: 40, error: 50 };

/**
 * @param {Console} console
 * @param {{name?: string, recorder?: any}} options
 * @returns {() => void} undoes it
 */
function adoptConsole(console, { name = 'console', recorder }) {
  const streams = [{ type: 'console', level: 10, name: null }];
  const adopted = new Adopted(name, { describe: () => ({ level: 10, streams }) }, recorder);
  const methods = /** @type {any} */ (console);
  /** @type {(() => void)[]} */
  const undo = [];
  for (const [method, level] of Object.entries(LEVELS)) {
    const original = methods[method];
    /** @this {unknown} @param {any[]} args */
    const wrapper = function (...args) {
      if (adopted.wants(level)) show(adopted, level, args);
      return original.apply(this, args);
    };
    methods[method] = Object.defineProperty(wrapper, 'name', { value: method });
    undo.push(() => {
      if (methods[method] === wrapper) methods[method] = original;
    });
  }
  return () => {
    for (const one of undo) one();
  };
}

/** @param {Adopted} adopted @param {number} level @param {any[]} args */
function show(adopted, level, args) {
  try {
    adopted.show(level, {}, format(...args));
  } catch {
    // console itself will throw the same
  }
}

module.exports = { adoptConsole };
