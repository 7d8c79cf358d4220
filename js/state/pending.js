'use strict';
// The stuck finder: what has begun and not ended.

const { performance } = require('node:perf_hooks');
const { ANSWER_SIZE, ROW_LIMITS, remarks } = require('./answers');
const { Faults } = require('./faults');
const { Copier } = require('./copier');

/**
 * @typedef {object} Pending something that has begun and not ended, as the stuck finder shows it
 * @property {string} kind what it is: `pipeline`, `task`, `barrier`, `request`, …
 * @property {string} type of the object to look at
 * @property {string} id of that object
 * @property {string} name its label, or that of its function
 * @property {number} since performance.now() when it began, or began to wait: ms
 * @property {Record<string, any>} [more] step, steps, function, at, request, parent, …
 */

/**
 * @typedef {(before: number, limit: number) => Pending[]} FindPending what began before that
 * performance.now(), the oldest first
 */

/** Of which it says how many there are. */
const LOOKED_AT = ['flow', 'queue', 'barrier', 'request'];

/**
 * What began more than `older` ms ago and has not ended, the oldest first; `total` of what was
 * found, of which a finder gives no more than one over the limit.
 * @param {Iterable<FindPending>} finders
 * @param {Map<string, {name: string, source: import('./source').Source}>} own nodeobs's types
 * @param {number} older ms @param {number} limit
 * @param {string | null} [only] a type or a kind
 */
function findStuck(finders, own, older, limit, only = null) {
  const now = performance.now();
  const faults = new Faults();
  /** @param {Pending} one */
  const isWanted = ({ kind, type }) =>
    only === null || only === kind || only === type || only === own.get(type)?.name;
  // What a finder gives first may all be of other types.
  const most = only === null ? limit + 1 : Number.MAX_SAFE_INTEGER;
  /** @type {Pending[]} */
  const found = [];
  for (const find of finders) {
    faults.guard({ type: find.name || 'a finder' }, () => {
      for (const one of find(now - older, most)) {
        if (one.since <= now - older && isWanted(one)) found.push(one);
      }
    });
  }
  found.sort((a, b) => a.since - b.since);
  const stuck = [];
  let room = ANSWER_SIZE;
  for (const { kind, type, id, name, since, more = {} } of found) {
    if (stuck.length >= limit || room <= 0) break;
    const copier = new Copier(ROW_LIMITS);
    stuck.push({
      kind: copier.copy(String(kind)),
      type: own.get(type)?.name ?? copier.copy(String(type)),
      id: copier.copy(String(id)),
      name: copier.copy(String(name)),
      age_ms: Math.round(now - since),
      more: copier.copy(more),
    });
    room -= ROW_LIMITS.size - copier.room;
  }
  /** @type {Record<string, number>} */
  const looked = {};
  for (const type of LOOKED_AT) {
    const count = faults.guard({ type }, () => own.get(type)?.source.count());
    if (typeof count === 'number') looked[type] = count;
  }
  const total = found.length;
  return { stuck, total, truncated: total > stuck.length, looked, ...remarks({}, faults) };
}

module.exports = { findStuck };
