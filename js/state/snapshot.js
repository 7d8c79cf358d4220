'use strict';
// Everything at once, in kang's form.

const { performance } = require('node:perf_hooks');
const { service } = require('../agent/app');
const {
  ANSWER_SIZE,
  ANSWER_TIME,
  OBJECT_LIMITS,
  addCuts,
  copyWhole,
  remarks,
} = require('./answers');
const { Copier } = require('./copier');
const { set } = require('./rows');
const { idText } = require('./source');

const OBJECTS_MAX = 1000; // of each type, in one answer
// Keys of an answer that are no types.
const BESIDE = ['cut', 'failed'];

/**
 * @typedef {import('./source').Source} Source
 * @typedef {import('./source').Walk} Walk
 * @typedef {import('./faults').Faults} Faults
 */

/**
 * @typedef {object} SnapshotOptions
 * @property {Record<string, string | null>} [after] by type: `cut.next.after` of the one before
 * @property {object | null} [holder] for whom places are kept
 * @property {number} [time] ms that it may take
 * @property {number} [size] bytes of JSON
 */

/** One snapshot, or one part of it. */
class Snapshot {
  /**
   * @param {object} stats kang's
   * @param {string[]} types all that it is of
   * @param {Faults} faults
   * @param {import('./places').Places} places
   * @param {SnapshotOptions} options
   */
  constructor(stats, types, faults, places, options) {
    const { after = {}, holder = null, time = ANSWER_TIME, size = 2 * ANSWER_SIZE } = options;
    this.places = places;
    this.holder = holder;
    this.faults = faults;
    this.after = after;
    this.deadline = performance.now() + time;
    this.room = size;
    this.empty = true;
    /** @type {Record<string, any>} */
    this.answer = { service: service(), stats, types };
    /** @type {import('./copier').Cuts} */
    this.cuts = {};
    /** @type {{types: string[], after: Record<string, string | null>}} */
    this.next = { types: [], after: {} };
  }

  get #full() {
    return this.room <= 0 || performance.now() > this.deadline;
  }

  /** @param {string} type @param {Source} source */
  add(type, source) {
    if (Object.hasOwn(this.answer, type) || BESIDE.includes(type)) {
      this.faults.add({ type }, 'a type of this name has no place in a snapshot');
      return;
    }
    /** @type {Record<string, any>} */
    const objects = {};
    set(this.answer, type, objects);
    const after = placeIn(this.after, type);
    if (!this.empty && this.#full) this.#leave(type, after);
    else this.faults.guard({ type }, () => this.#fill(objects, type, source, after));
  }

  /**
   * @param {Record<string, any>} objects @param {string} type @param {Source} source
   * @param {string | null} after
   */
  #fill(objects, type, source, after) {
    const walk = this.places.walk(source, after, this.holder);
    let id = walk.take();
    for (let count = 1; id !== null; count++) {
      this.empty = false;
      this.#copy(objects, type, walk, id);
      if (count >= OBJECTS_MAX || this.#full) break;
      id = walk.take();
    }
    const goesOn = id !== null && walk.more();
    this.places.keep(this.holder, walk, goesOn);
    if (goesOn) this.#leave(type, walk.place);
  }

  /**
   * @param {Record<string, any>} objects @param {string} type @param {Walk} walk
   * @param {string} id
   */
  #copy(objects, type, walk, id) {
    const { faults } = this;
    const name = idText(id);
    const threw = faults.total;
    const copier = new Copier(OBJECT_LIMITS, {
      run: walk.source.callback,
      deadline: this.deadline,
    });
    const object = faults.guard({ type, id: name }, () => copyWhole(copier, walk, id));
    if (threw !== faults.total) set(objects, name, `[Threw: ${faults.last}]`);
    else if (object !== undefined) set(objects, name, object);
    this.room -= name.length + OBJECT_LIMITS.size - copier.room;
    addCuts(this.cuts, copier.cuts);
  }

  /** To be asked for next. @param {string} type @param {string | null} after */
  #leave(type, after) {
    this.next.types.push(type);
    set(this.next.after, type, after);
  }

  /** @returns {Record<string, any>} */
  done() {
    const { answer, cuts, next, faults } = this;
    const cut = { ...cuts, ...(next.types.length > 0 ? { next } : {}) };
    return { ...answer, ...remarks(cut, faults) };
  }
}

/** @param {Record<string, any>} after @param {string} type @returns {string | null} */
function placeIn(after, type) {
  const place = Object.hasOwn(after, type) ? after[type] : null;
  return typeof place === 'string' ? place : null;
}

module.exports = { Snapshot };
