'use strict';
// How often a file is rotated, in bunyan's words, and when: at boundaries of UTC.

const { format } = require('node:util');

const HOUR = 3_600_000;
const LENGTHS = { ms: 1, h: HOUR, d: 24 * HOUR, w: 7 * 24 * HOUR };

/** @type {Record<string, string>} */
const NAMED = { hourly: '1h', daily: '1d', weekly: '1w', monthly: '1m', yearly: '1y' };

/** @typedef {'ms' | 'h' | 'd' | 'w' | 'm' | 'y'} Scope */

class Period {
  /**
   * @param {string} text a number and h, d, w, m (months), y or ms; or hourly, daily, …
   * @throws {Error} anything else
   */
  constructor(text) {
    const match = /^([1-9]\d*)([hdwmy]|ms)$/.exec(Object.hasOwn(NAMED, text) ? NAMED[text] : text);
    if (match === null) throw new Error(format('invalid period: "%s"', text));
    this.number = Number(match[1]);
    this.scope = /** @type {Scope} */ (match[2]);
  }

  /** When the present hour, day, … began. @param {number} now ms since 1970 */
  start(now) {
    return boundary(this.scope, new Date(now), 0);
  }

  /**
   * The first rotation is at the next boundary, however many hours, days, … there are from one to
   * the next.
   * @param {number} now ms since 1970
   * @param {number | null} [previous] the last rotation
   */
  next(now, previous = null) {
    const { scope, number } = this;
    const date = new Date(now);
    if (scope === 'm' || scope === 'y')
      return boundary(scope, date, previous === null ? 1 : number);
    const length = number * LENGTHS[scope];
    if (previous !== null)
      return previous + Math.max(1, Math.ceil((now - previous) / length)) * length;
    return scope === 'ms' ? now + length : boundary(scope, date, 1);
  }
}

/** @param {Scope} scope @param {Date} now @param {number} offset boundaries from the last one on */
function boundary(scope, now, offset) {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  switch (scope) {
    case 'ms':
      return now.getTime() + offset;
    case 'h':
      return Date.UTC(year, month, day, now.getUTCHours() + offset);
    case 'd':
      return Date.UTC(year, month, day + offset);
    case 'w':
      return Date.UTC(year, month, day - now.getUTCDay() + 7 * offset);
    case 'm':
      return Date.UTC(year, month + offset, 1);
    case 'y':
      return Date.UTC(year + offset, 0, 1);
  }
}

module.exports = { Period };
