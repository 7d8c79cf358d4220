'use strict';
// Expressions: one function for each kind of node, which makes a closure of it.

const { wallOffset } = require('./clock');
const { illegal } = require('./fault');
const { threadId } = require('./frame');
const { CASTS, FUNCTIONS } = require('./functions');
const { add, integer, number } = require('./integers');
const { parse, steps, valueAt } = require('./json-path');
const { ARITHMETIC, BINARY, UNARY, truth } = require('./operators');
const { place } = require('./places');
const { cut, string } = require('./strings');

/**
 * @typedef {import('./compiler').Compiler} Compiler
 * @typedef {import('./compiler').Expression} Expression
 * @typedef {import('./compiler').Node} Node
 */

const ARGUMENT_MAX = 31;
const INTEGER_MAX = 2 ** 64;

/** @param {number | string} value @returns {Expression} */
function constant(value) {
  return () => value;
}

function workingDirectory() {
  try {
    return process.cwd();
  } catch {
    return ''; // removed under the process
  }
}

/** Builtin variables; each makes its closure. @type {Record<string, () => Expression>} */
const BUILTINS = {
  timestamp: () => (frame) => frame.timestamp(),
  walltimestamp() {
    const offset = wallOffset();
    return (frame) => Math.round(frame.timestamp() + offset);
  },
  pid: () => constant(process.pid),
  ppid: () => () => process.ppid,
  tid: () => constant(threadId),
  uid: () => constant(process.getuid?.() ?? 0),
  gid: () => constant(process.getgid?.() ?? 0),
  cpu: () => constant(0),
  errno: () => constant(0),
  id: () => (frame) => frame.binding.id,
  execname: () => (frame) => frame.binding.execname,
  cwd: () => workingDirectory,
  probeprov: () => (frame) => frame.binding.probeprov,
  probemod: () => (frame) => frame.binding.probemod,
  probefunc: () => (frame) => frame.binding.probename,
  probename: () => (frame) => frame.binding.probename,
};

/** What of a structure a program sees: own data properties. @param {any} value @param {string} name */
function member(value, name) {
  if (typeof value !== 'object') throw illegal(`${name} of what is no structure`);
  const found = Object.hasOwn(value, name) ? value[name] : undefined;
  if (typeof found === 'string') return found;
  if (typeof found === 'number') return integer(found);
  if (typeof found === 'boolean') return found ? 1 : 0;
  if (typeof found === 'object' && found !== null) return found;
  if (found === null) return 0;
  throw illegal(`there is no member ${name}`);
}

/** @param {Node} node @param {string} key @param {Compiler} compiler @returns {Expression} */
function part(node, key, compiler) {
  return compiler.at(`.${key}`, () => expression(node[key], compiler));
}

/** @template T @param {Record<string, T>} table @param {any} key @param {string} what @param {Compiler} compiler @returns {T} */
function choose(table, key, what, compiler) {
  if (typeof key === 'string' && Object.hasOwn(table, key)) return table[key];
  return compiler.fail(`there is no ${what} ${JSON.stringify(key)?.slice(0, 60)}`);
}

/** json() with a path that is known. @param {Expression} document @param {string} path @returns {Expression} */
function jsonAt(document, path) {
  const wanted = steps(path);
  return (frame) => {
    const text = string(document(frame));
    return wanted === null ? 0 : valueAt(frame.document(text, parse), wanted);
  };
}

/** @param {(frame: any, ...values: any[]) => any} call @param {Expression[]} args @returns {Expression} */
function application(call, args) {
  const [a, b, c] = args;
  switch (args.length) {
    case 0:
      return (frame) => call(frame);
    case 1:
      return (frame) => call(frame, a(frame));
    case 2:
      return (frame) => {
        const first = a(frame);
        return call(frame, first, b(frame));
      };
    default:
      return (frame) => {
        const first = a(frame);
        const second = b(frame);
        return call(frame, first, second, c(frame));
      };
  }
}

/** Functions that hand their argument on, whole: it is cut where it is kept. */
const WHOLE = new Set(['copyinstr', 'stringof']);

/** @type {Record<string, (node: Node, compiler: Compiler) => Expression>} */
const KINDS = {
  int(node, compiler) {
    const { v } = node;
    if (!Number.isInteger(v) || Math.abs(v) > INTEGER_MAX) compiler.fail('v is not an integer');
    return constant(integer(v));
  },

  str(node, compiler) {
    const text = compiler.text(node.v, 'v', 1 << 20);
    return constant(cut(text, compiler.options.strsize));
  },

  var(node, compiler) {
    compiler.nodes -= 1; // place() counts it
    const { keys, read } = place(node, compiler, (item) => expression(item, compiler));
    return (frame) => read(frame, keys(frame));
  },

  builtin(node, compiler) {
    return choose(BUILTINS, node.name, 'builtin variable', compiler)();
  },

  arg(node, compiler) {
    const n = compiler.integer(node.n, 'n', 0, ARGUMENT_MAX);
    compiler.wanted |= 1 << n;
    return (frame) => frame.argument(n);
  },

  args(node, compiler) {
    const n = compiler.integer(node.n, 'n', 0, ARGUMENT_MAX);
    compiler.wanted |= 1 << n;
    return (frame) => frame.structure(n);
  },

  member(node, compiler) {
    const e = part(node, 'e', compiler);
    const name = compiler.text(node.name, 'the name');
    return (frame) => member(e(frame), name);
  },

  unary(node, compiler) {
    return choose(UNARY, node.op, 'operator', compiler)(part(node, 'e', compiler));
  },

  binary(node, compiler) {
    const make = choose(BINARY, node.op, 'operator', compiler);
    return make(part(node, 'l', compiler), part(node, 'r', compiler));
  },

  cond(node, compiler) {
    const condition = part(node, 'if', compiler);
    const then = part(node, 'then', compiler);
    const otherwise = part(node, 'else', compiler);
    return (frame) => (truth(condition(frame)) ? then(frame) : otherwise(frame));
  },

  assign(node, compiler) {
    const to = target(node, compiler);
    const e = part(node, 'e', compiler);
    if (node.op === '=') {
      return (frame) => {
        const keys = to.keys(frame);
        return to.write(frame, keys, e(frame));
      };
    }
    const op = typeof node.op === 'string' && node.op.endsWith('=') ? node.op.slice(0, -1) : '';
    const operation = choose(ARITHMETIC, op, 'assignment', compiler);
    return (frame) => {
      const keys = to.keys(frame);
      const value = e(frame);
      const before = number(to.read(frame, keys));
      return to.write(frame, keys, operation(before, number(value)));
    };
  },

  step(node, compiler) {
    const to = target(node, compiler);
    const { by, post } = node;
    if (by !== 1 && by !== -1) compiler.fail('by is neither 1 nor -1');
    return (frame) => {
      const keys = to.keys(frame);
      const before = number(to.read(frame, keys));
      const after = to.write(frame, keys, add(before, by));
      return post ? before : after;
    };
  },

  call(node, compiler) {
    const { least, most, call } = choose(FUNCTIONS, node.fn, 'function', compiler);
    const args = compiler.list(node, 'args', 32, (item) => expression(item, compiler));
    if (args.length < least || args.length > most) {
      compiler.fail(`${node.fn} takes ${least} to ${most} arguments, not ${args.length}`);
    }
    if (WHOLE.has(node.fn) && args.length === 1) {
      const [whole] = args;
      return (frame) => string(whole(frame));
    }
    const path = node.fn === 'json' ? node.args[1] : null;
    const apply = path?.k === 'str' ? jsonAt(args[0], path.v) : application(call, args);
    if (WHOLE.has(node.fn)) return apply;
    const { strsize } = compiler.options;
    return (frame) => {
      const result = apply(frame);
      return typeof result === 'string' ? cut(result, strsize) : result;
    };
  },

  cast(node, compiler) {
    const e = part(node, 'e', compiler);
    if (node.type === 'string') return (frame) => string(e(frame));
    const cast = choose(CASTS, node.type, 'type', compiler);
    return (frame) => cast(number(e(frame)));
  },
};

/** @param {Node} node @param {Compiler} compiler */
function target(node, compiler) {
  return compiler.at('.to', () => place(node.to, compiler, (item) => expression(item, compiler)));
}

/**
 * @param {any} value a node @param {Compiler} compiler
 * @returns {Expression}
 */
function expression(value, compiler) {
  const node = compiler.node(value);
  return choose(KINDS, node.k, 'kind of expression', compiler)(node, compiler);
}

module.exports = { expression };
