'use strict';
// Values as JSON, on their way out. A structure is one of ours, so it is shown member by member.

const { integer } = require('./integers');
const { isPlain, quoted } = require('../probes/arguments');
const { cut } = require('./strings');

const DEPTH = 6;
const MEMBERS = 256;

/** @param {any} value @param {number} strsize @param {string} lead what comes before it @returns {string} */
function valueText(value, strsize, lead) {
  if (typeof value === 'number') return `${lead}${Math.trunc(value)}`;
  if (typeof value === 'string') {
    const ready = value.length <= strsize && isPlain(value);
    return ready ? `${lead}"${value}"` : lead + quoted(cut(value, strsize));
  }
  return `${lead}${structureText(value, strsize, { left: MEMBERS }, DEPTH)}`;
}

/** @param {any} value @param {number} strsize @param {{left: number}} budget @param {number} depth @returns {string} */
function structureText(value, strsize, budget, depth) {
  budget.left -= 1;
  switch (typeof value) {
    case 'string':
      return quoted(cut(value, strsize));
    case 'number':
      return `${Math.trunc(integer(value))}`;
    case 'boolean':
      return value ? '1' : '0';
    case 'object':
      break;
    default:
      return 'null';
  }
  if (value === null || depth === 0 || budget.left < 0) return 'null';
  const more = (/** @type {any} */ item) => structureText(item, strsize, budget, depth - 1);
  if (Array.isArray(value)) return `[${value.slice(0, MEMBERS).map(more).join()}]`;
  const members = Object.keys(value).slice(0, MEMBERS);
  return `{${members.map((key) => `${quoted(cut(key, strsize))}:${more(value[key])}`).join()}}`;
}

module.exports = { valueText };
