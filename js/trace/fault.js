'use strict';
// What ends a clause at run time: the text of the ERROR probe. Not an Error, because making one
// with its stack costs more than a hundred clauses.

class Fault {
  /**
   * @param {string} message begins with `divide-by-zero`, `invalid address (0x…)` or `illegal
   *   operation`: DTrace's words, which scripts look for
   */
  constructor(message) {
    this.message = message;
  }
}

/** @param {string} detail */
function illegal(detail) {
  return new Fault(`illegal operation (${detail})`);
}

module.exports = { Fault, illegal };
