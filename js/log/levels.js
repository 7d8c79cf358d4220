'use strict';
// The six named levels, and levels as bit masks.

const { format } = require('node:util');

/** @type {Record<string, number>} */
const levelFromName = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 };

/** @type {Record<number, string>} */
const nameFromLevel = Object.fromEntries(
  Object.entries(levelFromName).map(([name, level]) => [level, name]),
);

const LEVELS = Object.values(levelFromName);

/**
 * The number of a level.
 * @param {string | number} nameOrNumber a name in any case, or an integer from 0
 * @returns {number}
 * @throws {Error} unknown name
 * @throws {TypeError} neither a name nor such an integer
 */
function resolveLevel(nameOrNumber) {
  if (typeof nameOrNumber === 'string') {
    const name = nameOrNumber.toLowerCase();
    if (!Object.hasOwn(levelFromName, name)) {
      throw new Error(`unknown level name: "${nameOrNumber}"`);
    }
    return levelFromName[name];
  }
  if (typeof nameOrNumber !== 'number') {
    throw new TypeError(
      format('cannot resolve level: invalid arg (%s):', typeof nameOrNumber, nameOrNumber),
    );
  }
  if (nameOrNumber < 0 || Math.floor(nameOrNumber) !== nameOrNumber) {
    throw new TypeError(`level is not a positive integer: ${nameOrNumber}`);
  }
  return nameOrNumber;
}

/**
 * The log methods that a threshold lets through: bit 0 is trace, bit 5 fatal.
 * @param {number} threshold
 */
function levelBits(threshold) {
  let bits = 0;
  for (let band = 0; band < LEVELS.length; band++) {
    if (threshold <= LEVELS[band]) bits |= 1 << band;
  }
  return bits;
}

module.exports = { LEVELS, levelFromName, nameFromLevel, resolveLevel, levelBits };
