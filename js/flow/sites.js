'use strict';
// Where flows are made. Reading it costs more than many a flow, so it is read for so many a second
// (NODEOBS_FLOW_SITES: 100; `all`, `off`): all flows of most servers. One whose own was not read is
// shown that of another flow with the same functions.

const { callSite } = require('../log/call-site');
const settings = require('./settings');

/** @typedef {{file: string, line: number, func?: string}} Site */

const KNOWN_MAX = 512;

/** Sites that may still be read before `until` (performance.now(): ms). The clock refills it. */
const budget = { left: 0, until: Number.NEGATIVE_INFINITY };
/** @type {Map<string, Site>} by the kind and the names of the functions */
const known = new Map();

/** @param {number} now performance.now(): ms */
function refill(now) {
  budget.until = now + 1000;
  budget.left = settings.sites;
}

/** Whether one may be read now; for those who have just asked the clock. */
function isDue() {
  if (budget.left < 1) return false;
  budget.left -= 1;
  return true;
}

/**
 * @param {Function} method that the application has called
 * @returns {Site | null}
 */
function read(method) {
  return callSite(method) ?? null;
}

/** @param {string} key @param {Site} site */
function remember(key, site) {
  if (known.size < KNOWN_MAX) known.set(key, site);
}

/** @param {string} key @returns {Site | null} */
function recall(key) {
  return known.get(key) ?? null;
}

/** @param {Site} site */
function siteText(site) {
  return `${site.file}:${site.line}`;
}

module.exports = { budget, isDue, read, recall, refill, remember, siteText };
