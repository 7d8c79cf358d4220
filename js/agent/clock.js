'use strict';
// The time as ISO 8601 in UTC. Most of the text is made once a second, and all of it once a
// millisecond: making it costs more than the rest of a record.

const YEAR_10000 = 253_402_300_800_000; // from then on the text is longer

let last = Number.NaN;
let text = '';
let second = Number.NaN;
let start = '';

/** Now, as `Date.prototype.toISOString` writes it. @throws {RangeError} a faked clock's no time */
function isoNow() {
  const now = Date.now();
  if (now !== last) {
    last = Number.NaN; // for when the next line throws
    text = isoText(now);
    last = now;
  }
  return text;
}

/** @param {number} now ms since 1970 @throws {RangeError} */
function isoText(now) {
  const ms = now % 1000;
  if (!(ms >= 0 && now < YEAR_10000 && Number.isInteger(now))) return new Date(now).toISOString();
  if (now - ms !== second) {
    second = now - ms;
    start = new Date(second).toISOString().slice(0, -4);
  }
  return `${start}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`;
}

module.exports = { isoNow, isoText };
