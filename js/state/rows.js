'use strict';
// Rows of a table and other plain objects that are made of what was read.

const { types } = require('node:util');

// A plain assignment, which takes a fifth of the time, would set the prototype for "__proto__", run
// setters that the application gave to all objects, and fail where it has frozen Object.prototype.
/** @param {any} target @param {string} key @param {any} value */
function set(target, key, value) {
  if (!(key in target)) {
    target[key] = value;
    return;
  }
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

// Whether it is shown by its properties, and no more than that.
/** @param {object} object */
function isBag(object) {
  return !(types.isProxy(object) || Array.isArray(object) || types.isMap(object));
}

/** @param {any} value JSON data @returns {Record<string, any>} */
function asRow(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { value };
}

/** @param {Record<string, any>} row @param {readonly string[]} fields */
function pick(row, fields) {
  /** @type {Record<string, any>} */
  const out = {};
  for (const field of fields) set(out, field, Object.hasOwn(row, field) ? row[field] : null);
  return out;
}

module.exports = { asRow, isBag, pick, set };
