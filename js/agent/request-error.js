'use strict';

/** A request that can't be granted: what the peer is told. */
class RequestError extends Error {
  /**
   * @param {string} code @param {string} message @param {string} hint the next step
   * @param {object} [more] further keys of the error
   */
  constructor(code, message, hint, more) {
    super(message);
    this.code = code;
    this.hint = hint;
    this.more = more;
  }
}

module.exports = { RequestError };
