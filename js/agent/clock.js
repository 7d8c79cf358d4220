'use strict';
// The time as ISO 8601 in UTC, made once a millisecond: the text costs more than a record's rest.

let last = Number.NaN;
let text = '';

/** Now, as `Date.prototype.toISOString` writes it. */
function isoNow() {
  const now = Date.now();
  if (now !== last) {
    last = now;
    text = new Date(now).toISOString();
  }
  return text;
}

module.exports = { isoNow };
