'use strict';
// Any value as plain JSON data: nothing of the application runs.

/** @type {typeof import('./copier').Copier | null} loaded when there is something to copy */
let Copier = null;

/** @typedef {import('./copier').Limits} Limits */

/** @type {Limits} */
const LIMITS = Object.freeze({ nodes: 20000, depth: 12, string: 16384 });

/**
 * @param {any} value anything
 * @param {Limits} [limits]
 * @returns {any} JSON data of about `limits` at most; undefined becomes null
 */
function toPlain(value, limits = LIMITS) {
  Copier ??= /** @type {typeof import('./copier').Copier} */ (require('./copier').Copier);
  return new Copier(limits).copy(value);
}

module.exports = { LIMITS, toPlain };
