'use strict';
// The names of functions. V8 takes longer to tell one than to make an object, so within a busy turn
// of the event loop flows that are made of the same functions share what the first has found out.

const { own } = require('../probes/node/reading');
const { turn } = require('./clock');

/** @type {Function[] | null} not longer than this turn: they may hold anything */
let lastFuncs = null;
/** @type {string[]} */
let last = [];
/** Calls until the functions are kept again: closures are never the same ones. */
let patience = 0;
const PATIENCE = 64;

turn.forget = () => {
  lastFuncs = null;
};

/**
 * What these functions are called, where that is known.
 * @param {Function[]} funcs @returns {string[] | null} not to be changed
 */
function knownNames(funcs) {
  if (lastFuncs === null || lastFuncs.length !== funcs.length) return null;
  for (let i = 0; i < funcs.length; i++) {
    if (lastFuncs[i] === funcs[i]) continue;
    patience = PATIENCE;
    lastFuncs = null;
    return null;
  }
  return last;
}

/**
 * Where the names of so many functions go, one by one: the last ones' names, as long as they are the
 * same. (A list for each flow would be more for the garbage collector than the flow is.)
 * @param {number} length @returns {string[]} for `added`
 */
function namesFor(length) {
  return last.length === length ? last : new Array(length);
}

/** @param {string[]} names @param {number} index @param {string} name @returns {string[]} */
function added(names, index, name) {
  if (names[index] === name) return names;
  const own = names === last ? copy(names, index) : names;
  own[index] = name;
  return own;
}

/** @param {string[]} names @param {number} count @returns {string[]} as long, with the first ones */
function copy(names, count) {
  const own = new Array(names.length);
  for (let i = 0; i < count; i++) own[i] = names[i];
  return own;
}

/** Those of the functions that were asked for last. */
function lastNames() {
  return last;
}

/** All names have been added. @param {Function[]} funcs @param {string[]} names */
function noteNames(funcs, names) {
  last = names;
  if (patience > 0) patience -= 1;
  else if (turn.held) lastFuncs = funcs;
}

/** @param {any} func null has no name, and throws as with vasync @returns {string} */
function nameOf(func) {
  return func.name || '(anon)';
}

/**
 * Without code of the application.
 * @param {any} func function, or its name @returns {string}
 */
function shownName(func) {
  if (typeof func === 'string') return func;
  const name = own(func, 'name');
  return typeof name === 'string' && name !== '' ? name : '(anon)';
}

module.exports = { added, knownNames, lastNames, nameOf, namesFor, noteNames, shownName };
