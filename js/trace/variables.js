'use strict';
// Global variables and associative arrays. What an application's traffic makes grow is bounded by
// a number (dynvars) and by memory; what finds no room is counted and left out.

const { cut, own } = require('./strings');
const { Tuples } = require('./tuples');

/** Estimated bytes of an element beside its strings. */
const ELEMENT = 120;

/** @typedef {number | string} Value */

/** @param {Value} value */
function bytesOf(value) {
  return typeof value === 'string' ? 2 * value.length : 0;
}

/** What a program may keep, and what it could not. */
class Room {
  /**
   * @param {import('./limits').Memory} memory @param {number} most elements
   * @param {number} strsize
   */
  constructor(memory, most, strsize) {
    this.memory = memory;
    this.most = most;
    this.strsize = strsize;
    this.count = 0;
    this.drops = 0;
  }

  /** A value as it is kept. @param {Value} value @returns {Value} */
  kept(value) {
    return typeof value === 'string' ? own(cut(value, this.strsize)) : value;
  }
}

/** An associative array, or the variables of one name and scope. */
class Elements {
  /** @param {Room} room @param {number} arity */
  constructor(room, arity) {
    this.room = room;
    /** @type {Tuples<Value>} */
    this.tuples = new Tuples(arity);
  }

  /** @param {Value[]} keys @returns {Value} 0 where it was never set */
  get(keys) {
    return this.tuples.get(keys) ?? 0;
  }

  /**
   * Sets an element, or frees it by 0.
   * @param {Value[]} keys cut already @param {Value} value as kept
   */
  set(keys, value) {
    const { room, tuples } = this;
    const before = tuples.get(keys);
    if (value === 0) {
      if (before !== undefined) this.#free(keys, before);
    } else if (before !== undefined) {
      const more = bytesOf(value) - bytesOf(before);
      if (more > 0 && !room.memory.take(more)) room.drops += 1;
      else {
        if (more < 0) room.memory.give(-more);
        tuples.set(keys, value);
      }
    } else if (room.count >= room.most || !room.memory.take(sizeOf(keys, value))) {
      room.drops += 1;
    } else {
      room.count += 1;
      tuples.set(
        keys.map((key) => room.kept(key)),
        value,
      );
    }
  }

  clear() {
    const { room, tuples } = this;
    for (const [keys, value] of tuples.entries()) room.memory.give(sizeOf(keys, value));
    room.count -= tuples.size;
    tuples.clear();
  }

  /** @param {Value[]} keys @param {Value} value */
  #free(keys, value) {
    const { room, tuples } = this;
    tuples.delete(keys);
    room.count -= 1;
    room.memory.give(sizeOf(keys, value));
  }
}

/** @param {Value[]} keys @param {Value} value */
function sizeOf(keys, value) {
  let bytes = ELEMENT + bytesOf(value);
  for (const key of keys) bytes += bytesOf(key);
  return bytes;
}

/** The globals of a program. Scalars live in slots, arrays by name. */
class Globals {
  /** @param {Room} room for elements; the scalars' strings take of the same memory */
  constructor(room) {
    this.room = room;
    /** @type {Map<string, number>} name → slot */
    this.slots = new Map();
    /** @type {Value[]} by slot */
    this.values = [];
    /** @type {boolean[]} by slot: whether it was ever assigned */
    this.assigned = [];
    /** @type {Map<string, Elements>} */
    this.arrays = new Map();
  }

  /** @param {string} name */
  slot(name) {
    const known = this.slots.get(name);
    if (known !== undefined) return known;
    this.slots.set(name, this.values.length);
    this.assigned.push(false);
    return this.values.push(0) - 1;
  }

  /** @param {string} name @param {number} arity */
  array(name, arity) {
    let array = this.arrays.get(name);
    if (array === undefined) {
      array = new Elements(this.room, arity);
      this.arrays.set(name, array);
    }
    return array;
  }

  /** @param {number} slot @param {Value} value as kept */
  assign(slot, value) {
    const { memory } = this.room;
    const more = bytesOf(value) - bytesOf(this.values[slot]);
    if (more > 0 && !memory.take(more)) {
      this.room.drops += 1;
      return;
    }
    if (more < 0) memory.give(-more);
    this.values[slot] = value;
    this.assigned[slot] = true;
  }

  clear() {
    for (let slot = 0; slot < this.values.length; slot++) this.assign(slot, 0);
    for (const array of this.arrays.values()) array.clear();
  }
}

module.exports = { ELEMENT, Elements, Globals, Room, bytesOf };
