'use strict';
// Objects of one type, a page at a time.

const { performance } = require('node:perf_hooks');
const { ANSWER_SIZE, ANSWER_TIME, ROW_LIMITS, addCuts, copyRow, remarks } = require('./answers');
const { Faults } = require('./faults');
const { Copier } = require('./copier');
const { pick } = require('./rows');
const { idText } = require('./source');

/**
 * @typedef {import('./source').Source} Source
 * @typedef {import('./places').Places} Places
 */

/**
 * @typedef {object} ListOptions
 * @property {string | null} [after] id of the last one of the page before
 * @property {readonly string[] | null} [fields] instead of the type's
 * @property {object | null} [holder] for whom the place is kept
 * @property {number} [time] ms that it may take
 */

/**
 * Ends before `limit` where it would take too long; `next` is what to go on after.
 * @param {string} type @param {Source} source @param {number} limit
 * @param {Places} places @param {ListOptions} options
 * @throws what the callback of the application that lists them throws
 */
function pageOf(type, source, limit, places, options) {
  const { after = null, fields: wanted, holder = null, time = ANSWER_TIME } = options;
  const deadline = performance.now() + time;
  const walk = places.walk(source, after, holder);
  const faults = new Faults();
  const objects = [];
  /** @type {import('./copier').Cuts} */
  const cuts = {};
  let fields = wanted ?? source.fields;
  let size = 0;
  let id = walk.take();
  while (id !== null) {
    const at = id;
    const name = idText(at);
    const threw = faults.total;
    const copier = new Copier(ROW_LIMITS, { run: source.callback, deadline });
    const row = faults.guard({ type, id: name }, () => copyRow(copier, walk, at, fields));
    if (threw !== faults.total) {
      objects.push({ id: name, ...pick({}, beside(fields)), threw: faults.last });
    } else if (row !== undefined) {
      if (fields.length === 0) fields = scalarKeys(row);
      objects.push({ id: name, ...pick(row, beside(fields)) });
      size += name.length + ROW_LIMITS.size - copier.room;
      addCuts(cuts, copier.cuts);
    }
    if (objects.length >= limit || size > ANSWER_SIZE || performance.now() > deadline) break;
    id = walk.take();
  }
  const truncated = id !== null && walk.more();
  places.keep(holder, walk, truncated);
  return {
    type,
    fields,
    objects,
    total: walk.total,
    truncated,
    ...(truncated ? { next: walk.place } : {}),
    ...remarks(cuts, faults),
  };
}

// The id is what the object is found by, whatever the object says.
/** @param {readonly string[]} fields */
function beside(fields) {
  return fields.filter((field) => field !== 'id');
}

/** @param {Record<string, any>} row */
function scalarKeys(row) {
  return Object.keys(row).filter((key) => typeof row[key] !== 'object' && key !== 'id');
}

module.exports = { pageOf };
