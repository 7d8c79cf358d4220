'use strict';
// A clause: what it matches, its predicate and its statements. A fault ends it, and nothing else.

const { expression } = require('./expressions');
const { Fault } = require('./fault');
const { PROGRAM } = require('./limits');
const { matchesProbe } = require('./match');
const { truth } = require('./operators');
const { statement } = require('./statements');

/**
 * @typedef {import('./compiler').Compiler} Compiler
 * @typedef {import('./frame').Frame} Frame
 * @typedef {import('./match').Patterns} Patterns
 */

/** How a clause ended. */
const IDLE = 0; // its predicate is false
const RAN = 1;
const FAULTED = 2;

class Clause {
  /**
   * @param {number} n of the clause in the whole program
   * @param {Patterns[]} descriptions
   * @param {import('./compiler').Expression | null} condition
   * @param {import('./statements').Statement[]} body
   * @param {boolean} speaks whether a record is made when it ran
   */
  constructor(n, descriptions, condition, body, speaks) {
    this.n = n;
    this.descriptions = descriptions;
    this.condition = condition;
    this.body = body;
    this.speaks = speaks;
    /** What ended it: statement 0 is the predicate. */
    this.fault = { statement: 0, message: '' };
  }

  /** @param {any} probe */
  matches(probe) {
    return this.descriptions.some((patterns) => matchesProbe(patterns, probe));
  }

  /** @param {Frame} frame @returns {number} how it ended */
  run(frame) {
    let at = 0;
    frame.data = '';
    try {
      if (this.condition !== null && !truth(this.condition(frame))) return IDLE;
      const { body } = this;
      while (at < body.length) {
        const action = body[at];
        at += 1;
        action(frame);
      }
      return RAN;
    } catch (error) {
      this.fault.statement = at;
      this.fault.message = messageOf(error);
      return FAULTED;
    }
  }
}

/** @param {unknown} error */
function messageOf(error) {
  if (error instanceof Fault) return error.message;
  if (error instanceof RangeError) return 'illegal operation (the stack is used up)';
  return `illegal operation (${String(error).slice(0, 200)})`;
}

/**
 * @param {any} value a clause as it came @param {Compiler} compiler
 * @param {import('./statements').Declarations} declarations
 */
function readClause(value, compiler, declarations) {
  const node = compiler.node(value);
  const n = compiler.integer(node.n ?? 0, 'n', 0, 1e9);
  const descriptions = compiler.list(node, 'probes', PROGRAM.clauses, (patterns) => {
    if (!Array.isArray(patterns) || patterns.length !== 4) compiler.fail('it is no list of four');
    for (const pattern of patterns) compiler.text(pattern, 'a pattern', 256);
    return /** @type {Patterns} */ ([...patterns]);
  });
  const { if: condition = null } = node;
  const predicate =
    condition === null ? null : compiler.at('.if', () => expression(condition, compiler));
  compiler.keysAfter = null;
  const body = compiler.list(node, 'do', PROGRAM.nodes, (item) =>
    statement(item, compiler, declarations),
  );
  // No action at all is the default action: the firing itself is shown.
  const speaks =
    body.length === 0 || node.do.some((/** @type {any} */ { k }) => k === 'data' || k === 'exit');
  return new Clause(n, descriptions, predicate, body, speaks);
}

module.exports = { Clause, FAULTED, IDLE, readClause };
