'use strict';
// vasync's checks of arguments: AssertionErrors with its messages. node:assert is only loaded to
// make one.

/** @param {boolean} holds @param {string} message */
function ok(holds, message) {
  if (holds) return;
  const assert = require('node:assert');
  assert.ok(holds, message);
}

/**
 * Like the old assert.equal: `==`.
 * @param {any} actual @param {any} expected @param {string} [message]
 */
function equal(actual, expected, message) {
  if (actual === expected) return;
  const assert = require('node:assert');
  if (message === undefined) assert.equal(actual, expected);
  else assert.equal(actual, expected, message);
}

/** @param {any} value @param {string} type @param {string} [message] */
function isType(value, type, message) {
  const actual = typeof value;
  if (actual !== type) equal(actual, type, message);
}

module.exports = { equal, isType, ok };
