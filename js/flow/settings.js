'use strict';
// What the environment says about flows, read once.

const { env } = process;

const SITES_PER_SECOND = 100;

/** @param {string | undefined} wish */
function isOff(wish) {
  return wish === 'off' || wish === '0' || wish === 'false';
}

/** @param {string | undefined} wish @returns {number} creation sites that are read in a second */
function sitesFrom(wish) {
  if (isOff(wish)) return 0;
  if (wish === 'all') return Number.POSITIVE_INFINITY;
  const number = Number(wish);
  return wish && number >= 0 ? number : SITES_PER_SECOND;
}

/** @param {string | undefined} wish @returns {'on' | 'off' | 'auto'} */
function contextFrom(wish) {
  if (isOff(wish)) return 'off';
  return wish === 'on' ? 'on' : 'auto';
}

module.exports = {
  /** Flows are there to be looked at. */
  tracked: !isOff(env.NODEOBS),
  sites: sitesFrom(env.NODEOBS_FLOW_SITES),
  context: contextFrom(env.NODEOBS_FLOW_CONTEXT),
  /** The system's clock is read for every operation. */
  exactClock: env.NODEOBS_FLOW_CLOCK === 'exact',
  /** The stack of every first callback is kept, for when there is a second. */
  trace: env.NODEOBS_FLOW_TRACE === 'on' || env.NODEOBS_FLOW_TRACE === '1',
};
