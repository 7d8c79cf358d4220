'use strict';
// Globals as a peer sends and reads them: a scalar is its value, an associative array a list of
// pairs [keys, value].

const { ProgramError } = require('./compiler');
const { integer } = require('./integers');
const { PROGRAM } = require('./limits');
const { cut } = require('./strings');

/**
 * @typedef {import('./program').Program} Program
 * @typedef {import('./variables').Value} Value
 */

/** @param {any} value @param {string} path @returns {Value} */
function scalar(value, path) {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return integer(Math.trunc(value));
  throw new ProgramError(path, 'it is neither a number nor a string');
}

/**
 * Assigns what the controller's clauses have assigned. Names that the program does not use are
 * left alone.
 * @param {Program} program @param {any} given {name: value}
 * @throws {ProgramError}
 */
function setGlobals({ globals }, given) {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ProgramError('globals', 'it is not an object');
  }
  const { room } = globals;
  for (const [name, value] of Object.entries(given)) {
    const path = `globals.${name.slice(0, PROGRAM.name)}`;
    const array = globals.arrays.get(name);
    const slot = globals.slots.get(name);
    if (Array.isArray(value)) {
      if (slot !== undefined) throw new ProgramError(path, 'it is no array in the program');
      if (array !== undefined) setArray(array, room, value, path);
    } else {
      if (array !== undefined) throw new ProgramError(path, 'it is an array in the program');
      const kept = room.kept(scalar(value, path));
      if (slot !== undefined) globals.assign(slot, kept);
    }
  }
}

/** @param {import('./variables').Elements} array @param {import('./variables').Room} room @param {any[]} pairs @param {string} path */
function setArray(array, room, pairs, path) {
  const { strsize } = room;
  const elements = pairs.map((pair, i) => {
    const at = `${path}[${i}]`;
    if (!Array.isArray(pair) || pair.length !== 2 || !Array.isArray(pair[0])) {
      throw new ProgramError(at, 'it is no pair of keys and value');
    }
    const [keys, value] = pair;
    if (keys.length !== array.tuples.arity) throw new ProgramError(at, 'it has other keys');
    const parts = keys.map((/** @type {any} */ key) => {
      const part = scalar(key, at);
      return typeof part === 'string' ? cut(part, strsize) : part;
    });
    return { parts, value: room.kept(scalar(value, at)) };
  });
  array.clear();
  for (const { parts, value } of elements) array.set(parts, value);
}

/**
 * @param {Program} program @param {any} names
 * @param {(characters: number) => boolean} fits whether so much more can be handed out
 * @returns {Record<string, Value | [Value[], Value][]>}
 * @throws {ProgramError}
 */
function readGlobals({ globals }, names, fits) {
  /** @type {Record<string, any>} */
  const values = Object.create(null);
  if (names === undefined || names === null) return values;
  if (!Array.isArray(names)) throw new ProgramError('globals', 'it is not a list of names');
  for (const name of names) {
    const slot = globals.slots.get(name);
    if (slot !== undefined && globals.assigned[slot]) values[name] = shown(globals.values[slot]);
    const array = globals.arrays.get(name);
    if (array === undefined || array.tuples.size === 0) continue;
    /** @type {[Value[], Value][]} */
    const pairs = [];
    for (const [keys, value] of array.tuples.entries()) {
      if (!fits(sizeOf([...keys, value]))) break;
      pairs.push([keys, shown(value)]);
    }
    values[name] = pairs;
  }
  return values;
}

/** A `double` argument may have left a fraction in it. @param {Value} value */
function shown(value) {
  return typeof value === 'number' ? Math.trunc(value) : value;
}

/** Characters in JSON, at most. @param {Value[]} values */
function sizeOf(values) {
  let size = 8;
  for (const value of values) size += typeof value === 'string' ? 6 * value.length + 3 : 26;
  return size;
}

module.exports = { readGlobals, setGlobals };
