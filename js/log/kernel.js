'use strict';
// The kernel probes bunyan:log-trace to bunyan:log-fatal, with the record's line as argument: what
// bunyan offers where there is DTrace. They are not on the bus, which has the records themselves.

const { IDLE, KernelProbe, KernelProvider } = require('../probes/kernel');

const LEVEL_NAMES = /** @type {const} */ (['trace', 'debug', 'info', 'warn', 'error', 'fatal']);
const STRING = 0;

/**
 * The instructions of the probes, which every log call reads: another first byte than `nop` means
 * that a tracer is attached.
 */
const sites = {
  nop: IDLE[0],
  trace: IDLE,
  debug: IDLE,
  info: IDLE,
  warn: IDLE,
  error: IDLE,
  fatal: IDLE,
};

/** @type {KernelProbe[] | null} by level band; null: not asked for yet */
let probes = null;

/** Makes the probes of this thread, with its first logger. */
function openProbes() {
  if (probes !== null) return;
  const wanted = LEVEL_NAMES.map((level) => ({ name: `log-${level}`, kinds: [STRING] }));
  const made = new KernelProvider('bunyan').load(wanted);
  probes = made.filter((probe) => probe instanceof KernelProbe);
  if (probes.length < made.length) probes = []; // all of them or none
  for (const [band, probe] of probes.entries()) {
    sites[LEVEL_NAMES[band]] = probe.code;
    sites.nop = probe.nop;
  }
}

/** Whether a tracer is attached to the probe of a log method. @param {number} band */
function isTraced(band) {
  return sites[LEVEL_NAMES[band]][0] !== sites.nop;
}

/**
 * Fires the probe of a log method.
 * @param {number} band @param {string} line the record as JSON with its "\n"
 */
function fireProbe(band, line) {
  if (probes === null || band >= probes.length) return;
  const { binding, id } = probes[band];
  binding.fire(id, line);
}

module.exports = { fireProbe, isTraced, openProbes, sites };
