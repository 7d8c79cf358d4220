'use strict';
// A probe as one program has it: what its clauses see of it, and which of them it runs.

const { execPath, pid } = process;
const path = require('node:path');
const { threadId } = require('node:worker_threads');

/** @typedef {import('./match').Description} Description */
/** @typedef {import('./clause').Clause} Clause */

const EXECNAME = path.basename(execPath);

/** What is known of one description, by its number: probes of the same description share it. */
class Known {
  /** @param {number} id @param {Description} description */
  constructor(id, description) {
    this.id = id;
    this.description = description;
    this.fired = 0; // since it was last read
  }
}

/** Bits of the arguments of a type. @param {string[]} types @param {(type: string) => boolean} wanted */
function bits(types, wanted) {
  let mask = 0;
  for (const [i, type] of types.entries()) if (wanted(type)) mask |= 1 << i;
  return mask;
}

class Binding {
  /**
   * @param {import('../probes/provider').Probe} probe @param {Known} known
   * @param {Clause[]} clauses those that match it, in the program's order
   */
  constructor(probe, known, clauses) {
    this.known = known;
    this.id = known.id;
    this.clauses = clauses;
    /** What comes between the time and the data in a record of each clause. */
    this.heads = clauses.map(
      ({ n }) => `,"tid":${threadId},"k":"data","p":${known.id},"c":${n},"d":[`,
    );
    this.probeprov = `${probe.provider.name}${pid}`;
    this.probemod = probe.provider.module;
    this.probename = probe.name;
    this.execname = EXECNAME;
    /** Arguments that the kernel sees as text and D as a number. */
    this.doubles = bits(probe.types, (type) => type === 'double');
    /** Arguments whose values are structures of ours. */
    this.structures = probe.translated ? bits(probe.types, (type) => type.startsWith('json')) : 0;
  }
}

module.exports = { Binding, Known };
