'use strict';
// Strings of D: counted in UTF-16 code units, cut to strsize and well-formed where they are made,
// kept or sent. Arguments of probes are whole until then, so that json() sees all of a document.

const { digits, number } = require('./integers');
const { Fault } = require('./fault');

// V8 copies a shorter part of a string anyway.
const SLICED_FROM = 13;

/** What is where D wants a string: 0 is a variable that was never set, or NULL. @param {any} value */
function string(value) {
  if (typeof value === 'string') return value;
  if (value === 0) return '';
  throw new Fault(`invalid address (0x${digits(number(value), 16)})`);
}

/**
 * @param {string} text @param {number} most code units
 * @returns {string} without half a surrogate pair, at its end or elsewhere
 */
function cut(text, most) {
  if (text.length <= most) return text.isWellFormed() ? text : text.toWellFormed();
  const last = text.charCodeAt(most - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? most - 1 : most).toWellFormed();
}

/**
 * The same text, which keeps nothing else in memory: what V8 calls a slice holds all of the string
 * it was cut from.
 * @param {string} text
 */
function own(text) {
  return text.length < SLICED_FROM ? text : ` ${text}`.slice(1);
}

/** As strcmp. @param {string} a @param {string} b @returns {number} below 0, 0 or above */
function order(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

module.exports = { cut, order, own, string };
