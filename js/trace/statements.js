'use strict';
// Statements: one function for each kind, which makes a closure of it.

const { Aggregation, FUNCTIONS, measured } = require('./aggregations');
const { expression } = require('./expressions');
const { number } = require('./integers');
const { PROGRAM } = require('./limits');
const { keysOf } = require('./places');
const { valueText } = require('./values');

/**
 * @typedef {import('./compiler').Compiler} Compiler
 * @typedef {import('./compiler').Node} Node
 * @typedef {(frame: import('./frame').Frame) => void} Statement
 */

// What may give something else when it is evaluated again, as JSON has it.
const CHANGING = /"k":"(?:assign|step)"|"fn":"(?:rand|strtok)"/;

const AGGREGATION = /^@([A-Za-z_][A-Za-z0-9_]*)?$/;

/** The aggregations of one program as they are declared by their statements. */
class Declarations {
  /** @param {import('./aggregations').Room} room */
  constructor(room) {
    this.room = room;
    /** @type {Map<string, Aggregation>} */
    this.known = new Map();
  }

  /** @param {string} name @param {string} fn @param {number[]} bounds @param {number} arity @param {Compiler} compiler */
  declare(name, fn, bounds, arity, compiler) {
    const known = this.known.get(name);
    if (known === undefined) {
      const made = new Aggregation(name, fn, bounds, arity, this.room);
      this.known.set(name, made);
      return made;
    }
    if (known.fn !== fn || known.bounds.join() !== bounds.join()) {
      compiler.fail(`${name} is ${known.fn}(${known.bounds.join()}) elsewhere`);
    }
    return known;
  }
}

/** An integer among the arguments: a bound. @param {any} node @param {string} what @param {Compiler} compiler */
function bound(node, what, compiler) {
  const value = typeof node === 'number' ? node : literal(node);
  if (value === null || !Number.isSafeInteger(value)) return compiler.fail(`${what} is no literal`);
  return value;
}

/** @param {any} node @returns {number | null} */
function literal(node) {
  if (node?.k === 'int' && typeof node.v === 'number') return node.v;
  if (node?.k === 'unary' && node.op === '-' && node.e?.k === 'int') return -node.e.v;
  return null;
}

/** @param {Node} node @param {Compiler} compiler @param {Declarations} declarations @returns {Statement} */
function aggregate(node, compiler, declarations) {
  const name = compiler.text(node.name, 'the name', PROGRAM.name + 1);
  if (!AGGREGATION.test(name)) compiler.fail("the name is not '@' and a name");
  if (typeof node.fn !== 'string' || !Object.hasOwn(FUNCTIONS, node.fn)) {
    compiler.fail(`there is no aggregating function ${JSON.stringify(node.fn)?.slice(0, 60)}`);
  }
  const fn = FUNCTIONS[node.fn];
  const make = (/** @type {any} */ item) => expression(item, compiler);
  const parts = compiler.list(node, 'keys', PROGRAM.keys, make);
  compiler.shape(name, parts.length);
  const args = compiler.list(node, 'args', 8, (item) => item);
  const [value, bounds, more] = compiler.at('.args', () => {
    const least = fn.values + fn.bounds.length - (fn.optional ?? 0);
    const most = fn.values + fn.bounds.length + (fn.weighted ? 1 : 0);
    if (args.length < least || args.length > most) {
      compiler.fail(`${node.fn} takes ${least} to ${most} arguments, not ${args.length}`);
    }
    const read = fn.bounds.map((what, i) => {
      const at = fn.values + i;
      return at < args.length ? compiler.at(`[${at}]`, () => bound(args[at], what, compiler)) : 1;
    });
    const problem = fn.check?.(read) ?? null;
    if (problem !== null) compiler.fail(problem);
    const last = fn.values + fn.bounds.length;
    return [
      fn.values > 0 ? compiler.at('[0]', () => make(args[0])) : null,
      read,
      args.length > last ? compiler.at(`[${last}]`, () => make(args[last])) : null,
    ];
  });
  const aggregation = declarations.declare(name, node.fn, bounds, parts.length, compiler);
  const keys = keysFor(node, parts, compiler);
  return (frame) => {
    const key = keys === null ? null : keys(frame);
    const measure = value === null ? 0 : measured(value(frame));
    aggregation.record(key, measure, more === null ? 1 : measured(more(frame)));
  };
}

/**
 * The keys of an aggregation. Reports measure one thing in several ways, so those of the statement
 * before are often the same, and then at hand.
 * @param {Node} node @param {import('./compiler').Expression[]} parts @param {Compiler} compiler
 * @returns {import('./compiler').Expression | null}
 */
function keysFor(node, parts, compiler) {
  if (parts.length === 0) return null;
  const text = JSON.stringify(node.keys);
  if (!CHANGING.test(JSON.stringify(node))) compiler.keysAfter = text;
  if (text === compiler.keysBefore) return (frame) => frame.keys;
  const keys = keysOf(parts, compiler.options.strsize);
  return (frame) => {
    frame.keys = keys(frame);
    return frame.keys;
  };
}

/** @param {Node} node @param {Compiler} compiler @returns {Statement} */
function data(node, compiler) {
  const n = compiler.integer(node.n, 'n', 0, 1e9);
  const { strsize } = compiler.options;
  const values = compiler.list(node, 'args', 256, (item) => expression(item, compiler));
  const head = `[${n},[`;
  const [first, ...rest] = values;
  return (frame) => {
    let text = frame.data === '' ? head : `${frame.data},${head}`;
    if (first !== undefined) text += valueText(first(frame), strsize, '');
    // A comma and a value in one: V8 keeps a list of the pieces until the text is sent.
    for (let i = 0; i < rest.length; i++) text += valueText(rest[i](frame), strsize, ',');
    frame.data = `${text}]]`;
  };
}

/**
 * @param {any} value a node @param {Compiler} compiler @param {Declarations} declarations
 * @returns {Statement}
 */
function statement(value, compiler, declarations) {
  const node = compiler.node(value);
  compiler.keysBefore = compiler.keysAfter;
  compiler.keysAfter = null;
  switch (node.k) {
    case 'expr':
      return compiler.at('.e', () => expression(node.e, compiler));
    case 'agg':
      return aggregate(node, compiler, declarations);
    case 'data':
      return data(node, compiler);
    case 'exit': {
      const code = compiler.at('.e', () => expression(node.e, compiler));
      return (frame) => {
        const value = number(code(frame)) | 0;
        frame.exit ??= value;
      };
    }
    default:
      return compiler.fail(`there is no kind of statement ${JSON.stringify(node.k)?.slice(0, 60)}`);
  }
}

module.exports = { Declarations, statement };
