'use strict';

/**
 * What bunyan throws by node:assert, which is slow to load and needed by hardly any application.
 * @param {string} message
 */
function assertion(message) {
  const { AssertionError } = require('node:assert');
  return new AssertionError({ message });
}

module.exports = { assertion };
