'use strict';
// What an answer to somebody who looks may hold and take, and what it says of what it lacks.

const { performance } = require('node:perf_hooks');
const { asRow } = require('./rows');

/** What is copied of one object. */
const OBJECT_LIMITS = Object.freeze({ nodes: 20000, depth: 12, string: 16384, size: 65536 });
/** … of one in a table. */
const ROW_LIMITS = Object.freeze({ nodes: 200, depth: 3, string: 256, size: 8192 });
// With writing it out, an answer holds the event loop for less than 50 ms.
const ANSWER_TIME = 30; // ms
const ANSWER_SIZE = 1 << 20; // bytes of JSON
const OBJECT_TIME = 10; // ms that the copy of one may take where an answer's time is over

/**
 * @typedef {import('./source').Walk} Walk
 * @typedef {import('./copier').Copier} Copier
 * @typedef {import('./copier').Cuts} Cuts
 * @typedef {import('./faults').Faults} Faults
 */

/**
 * What is shown of an object in a table.
 * @param {Copier} copier @param {Walk} walk @param {string} id
 * @param {readonly string[]} fields none: all of it
 * @returns {Record<string, any> | undefined} undefined: it is gone
 */
function copyRow(copier, walk, id, fields) {
  const object = walk.get(id);
  if (object === undefined || object === null) return undefined;
  copier.deadline = notBefore(copier.deadline);
  return fields.length > 0 ? copier.row(object, fields) : asRow(copier.copy(object));
}

/**
 * @param {Copier} copier @param {Walk} walk @param {string} id
 * @returns {any} undefined: it is gone
 */
function copyWhole(copier, walk, id) {
  const object = walk.get(id);
  copier.deadline = notBefore(copier.deadline);
  return object === undefined ? undefined : copier.copy(object);
}

// The time that the callback took is not the copy's.
/** @param {number} deadline */
function notBefore(deadline) {
  return Math.max(deadline, performance.now() + OBJECT_TIME);
}

/** @param {Cuts} sum @param {Cuts} more */
function addCuts(sum, more) {
  for (const [reason, count] of Object.entries(more)) {
    const key = /** @type {keyof Cuts} */ (reason);
    sum[key] = (sum[key] ?? 0) + count;
  }
}

/** What there is to say of an answer besides. @param {object} cut @param {Faults} [faults] */
function remarks(cut, faults) {
  return {
    ...(Object.keys(cut).length > 0 ? { cut } : {}),
    ...(faults && faults.total > 0 ? { failed: faults.shown() } : {}),
  };
}

module.exports = {
  ANSWER_SIZE,
  ANSWER_TIME,
  OBJECT_LIMITS,
  ROW_LIMITS,
  addCuts,
  copyRow,
  copyWhole,
  remarks,
};
