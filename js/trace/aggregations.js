'use strict';
// Aggregations, kept where the data is: what was counted since somebody last read it. The totals
// are the reader's. Keys are bounded by a number (aggkeys) and by memory; what finds no room is
// counted and left out.

const { linear, logLinear, quantized } = require('./buckets');
const { illegal } = require('./fault');
const { add, multiply, number } = require('./integers');
const { own } = require('./strings');
const { Tuples } = require('./tuples');
const { bytesOf } = require('./variables');

/** Estimated bytes of one key beside its strings, and of one bucket. */
const ENTRY = 160;
const BUCKET = 40;

const LEVELS_MAX = 65_535;

/** @typedef {import('./variables').Value} Value */

/** What is known for one key. One shape for all functions, for V8's sake. */
class Entry {
  constructor() {
    this.n = 0;
    this.sum = 0;
    this.squares = 0;
    /** @type {Map<number, number> | null} */
    this.buckets = null;
  }
}

/** What all aggregations of a program may keep, and what they could not. */
class Room {
  /** @param {import('./limits').Memory} memory @param {number} most keys */
  constructor(memory, most) {
    this.memory = memory;
    this.most = most;
    this.count = 0;
    this.drops = 0;
  }
}

/** @param {any} value */
function whole(value) {
  return Math.trunc(number(value));
}

/**
 * @param {Entry} entry @param {number} bucket @param {number} more @param {Room} room
 */
function count(entry, bucket, more, room) {
  entry.buckets ??= new Map();
  const before = entry.buckets.get(bucket);
  if (before === undefined && !room.memory.take(BUCKET)) room.drops += 1;
  else entry.buckets.set(bucket, add(before ?? 0, more));
}

/**
 * @typedef {object} Aggregating
 * @property {number} values that it takes
 * @property {string[]} bounds integers that follow the value
 * @property {number} [optional] of them that may be left out
 * @property {boolean} [weighted] whether an increment may follow
 * @property {(bounds: number[]) => string | null} [check] what is wrong with the bounds
 * @property {(bounds: number[], room: Room) => (entry: Entry, value: number, more: number) => void} adder
 * @property {(entry: Entry, bounds: number[]) => any} state as docs/protocol.md says
 */

/** @param {Entry} entry */
function bucketsOf({ buckets }) {
  return Object.fromEntries(buckets ?? []);
}

/** @type {Record<string, Aggregating>} */
const FUNCTIONS = {
  count: {
    values: 0,
    bounds: [],
    adder: () => (entry) => {
      entry.n += 1;
    },
    state: ({ n }) => n,
  },
  sum: {
    values: 1,
    bounds: [],
    adder: () => (entry, value) => {
      entry.sum = add(entry.sum, value);
    },
    state: ({ sum }) => sum,
  },
  avg: {
    values: 1,
    bounds: [],
    adder: () => (entry, value) => {
      entry.n += 1;
      entry.sum = add(entry.sum, value);
    },
    state: ({ n, sum }) => [n, sum],
  },
  min: {
    values: 1,
    bounds: [],
    adder: () => (entry, value) => {
      if (entry.n === 0 || value < entry.sum) entry.sum = value;
      entry.n = 1;
    },
    state: ({ sum }) => sum,
  },
  max: {
    values: 1,
    bounds: [],
    adder: () => (entry, value) => {
      if (entry.n === 0 || value > entry.sum) entry.sum = value;
      entry.n = 1;
    },
    state: ({ sum }) => sum,
  },
  stddev: {
    values: 1,
    bounds: [],
    adder: () => (entry, value) => {
      entry.n += 1;
      entry.sum = add(entry.sum, value);
      entry.squares += value * value; // DTrace has 128 bits for them, a double has the range
    },
    state: ({ n, sum, squares }) => [n, sum, squares],
  },
  quantize: {
    values: 1,
    bounds: [],
    weighted: true,
    adder: (_bounds, room) => (entry, value, more) => count(entry, quantized(value), more, room),
    state: bucketsOf,
  },
  lquantize: {
    values: 1,
    bounds: ['the base', 'the limit', 'the step'],
    optional: 1,
    weighted: true,
    check([base, limit, step]) {
      if (step < 1) return 'the step is below 1';
      if (limit <= base) return 'the limit is not above the base';
      return (limit - base) / step > LEVELS_MAX ? 'there are too many steps' : null;
    },
    adder(bounds, room) {
      const bucketOf = linear(bounds);
      return (entry, value, more) => count(entry, bucketOf(value), more, room);
    },
    state: (entry, bounds) => [bounds, bucketsOf(entry)],
  },
  llquantize: {
    values: 1,
    bounds: ['the factor', 'the low magnitude', 'the high magnitude', 'the number of steps'],
    weighted: true,
    check([factor, low, high, steps]) {
      if (factor < 2) return 'the factor is below 2';
      if (low < 0 || high < low) return 'the magnitudes are not in order';
      if (factor ** (high + 1) > 2 ** 63) return 'the high magnitude does not fit 64 bits';
      if (steps < factor || steps % factor !== 0) return 'the steps are no multiple of the factor';
      return (high - low + 1) * steps > LEVELS_MAX ? 'there are too many steps' : null;
    },
    adder(bounds, room) {
      const bucketOf = logLinear(bounds);
      return (entry, value, more) => count(entry, bucketOf(value), more, room);
    },
    state: (entry, bounds) => [bounds, bucketsOf(entry)],
  },
};

/** One aggregation of a program: a name, its function with its bounds, and an entry for each key. */
class Aggregation {
  /**
   * @param {string} name @param {string} fn @param {number[]} bounds @param {number} arity
   * @param {Room} room
   */
  constructor(name, fn, bounds, arity, room) {
    this.name = name;
    this.fn = fn;
    this.bounds = bounds;
    this.arity = arity;
    this.room = room;
    const { adder, state } = FUNCTIONS[fn];
    this.add = adder(bounds, room);
    this.state = state;
    /** @type {Entry | null} where there are no keys */
    this.only = null;
    /** @type {Tuples<Entry>} */
    this.entries = new Tuples(Math.max(1, arity));
  }

  /** @param {Value[] | null} keys cut @param {number} value @param {number} more an increment */
  record(keys, value, more) {
    let entry = keys === null ? this.only : this.entries.get(keys);
    if (entry === null || entry === undefined) {
      entry = this.#make(keys);
      if (entry === null) return;
    }
    this.add(entry, value, more);
  }

  /** @param {Value[] | null} keys @returns {Entry | null} null: there is no room */
  #make(keys) {
    const { room } = this;
    if (room.count >= room.most || !room.memory.take(this.#bytes(keys))) {
      room.drops += 1;
      return null;
    }
    room.count += 1;
    const entry = new Entry();
    if (keys === null) this.only = entry;
    else {
      const kept = keys.map((key) => (typeof key === 'string' ? own(key) : key));
      this.entries.set(kept, entry);
    }
    return entry;
  }

  /** @param {Value[] | null} keys */
  #bytes(keys) {
    let bytes = ENTRY;
    for (const key of keys ?? []) bytes += bytesOf(key);
    return bytes;
  }

  /**
   * Hands out what was counted, and forgets it.
   * @param {(characters: number) => boolean} fits whether so much more can be handed out; asked
   *   before each key
   * @returns {[string, string, Value[], any][]}
   */
  take(fits) {
    /** @type {[string, string, Value[], any][]} */
    const rows = [];
    if (this.only !== null && fits(sizeOf(this, [], this.only))) {
      rows.push(this.#row([], this.only));
      this.#forget(null, this.only);
      this.only = null;
    }
    for (const [keys, entry] of this.entries.entries()) {
      if (!fits(sizeOf(this, keys, entry))) return rows;
      rows.push(this.#row(keys, entry));
      this.#forget(keys, entry);
      this.entries.delete(keys);
    }
    return rows;
  }

  clear() {
    this.take(() => true);
  }

  /** @param {Value[]} keys @param {Entry} entry @returns {[string, string, Value[], any]} */
  #row(keys, entry) {
    return [this.name, this.fn, keys, this.state(entry, this.bounds)];
  }

  /** @param {Value[] | null} keys @param {Entry} entry */
  #forget(keys, entry) {
    const { room } = this;
    room.count -= 1;
    room.memory.give(this.#bytes(keys) + BUCKET * (entry.buckets?.size ?? 0));
  }
}

/** Characters of a row in JSON, at most. @param {Aggregation} aggregation @param {Value[]} keys @param {Entry} entry */
function sizeOf({ name }, keys, entry) {
  let size = 2 * name.length + 120 + 32 * (entry.buckets?.size ?? 0);
  for (const key of keys) size += typeof key === 'string' ? 6 * key.length + 3 : 26;
  return size;
}

/** A value that is aggregated. @param {any} value */
function measured(value) {
  if (typeof value === 'number') return Math.trunc(value);
  throw illegal('a string or structure is aggregated');
}

module.exports = { Aggregation, FUNCTIONS, Room, measured, multiply, whole };
