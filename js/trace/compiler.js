'use strict';
// A program as it came over the wire, checked node by node while closures are made of it. Nothing
// of it is trusted, nothing of it is evaluated as text; what is wrong is named by its path.

const { OPTIONS, PROGRAM } = require('./limits');

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Why a program is not accepted. */
class ProgramError extends Error {
  /** @param {string} path of the node @param {string} problem */
  constructor(path, problem) {
    super(`${path}: ${problem}`);
    this.path = path;
  }
}

/** @typedef {(frame: import('./frame').Frame) => any} Expression */
/** @typedef {Record<string, any>} Node */

/** The state of compiling one program: where it is, how large it is, what it has named. */
class Compiler {
  /**
   * @param {import('./limits').Options} options
   * @param {import('./variables').Globals} globals
   * @param {import('./self').SelfVariables} self
   */
  constructor(options, globals, self) {
    this.options = options;
    this.globals = globals;
    this.self = self;
    /** @type {Map<string, number>} `this->` name → slot */
    this.locals = new Map();
    /** @type {Map<string, number>} scope and name → parts of its key, 0 for a scalar */
    this.arities = new Map();
    /** @type {string[]} */
    this.path = ['program'];
    this.nodes = 0;
    /** Keys, as JSON, that an aggregation of the statement before and of this one leaves in the frame. @type {string | null} */
    this.keysBefore = null;
    /** @type {string | null} */
    this.keysAfter = null;
    /** Bits of the arguments that are read. */
    this.wanted = 0;
  }

  /** @param {string} problem @returns {never} */
  fail(problem) {
    throw new ProgramError(this.path.join(''), problem);
  }

  /**
   * @template T
   * @param {string} step from the node to its part @param {() => T} action @returns {T}
   */
  at(step, action) {
    this.path.push(step);
    const result = action();
    this.path.pop();
    return result;
  }

  /** @param {any} value @returns {Node} */
  node(value) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.fail('it is not an object');
    }
    this.nodes += 1;
    if (this.nodes > PROGRAM.nodes) this.fail(`the program has more than ${PROGRAM.nodes} nodes`);
    if (this.path.length > PROGRAM.depth) this.fail('it is nested too deep');
    return value;
  }

  /**
   * A part that is a list.
   * @template T
   * @param {Node} node @param {string} key @param {number} most
   * @param {(item: any) => T} make @returns {T[]}
   */
  list(node, key, most, make) {
    const items = node[key];
    return this.at(`.${key}`, () => {
      if (!Array.isArray(items)) this.fail('it is not a list');
      if (items.length > most) this.fail(`it has more than ${most} entries`);
      return items.map((/** @type {any} */ item, /** @type {number} */ i) =>
        this.at(`[${i}]`, () => make(item)),
      );
    });
  }

  /** @param {any} value @param {string} what @param {number} [most] @returns {string} */
  text(value, what, most = PROGRAM.name) {
    if (typeof value !== 'string') this.fail(`${what} is not a string`);
    if (value.length > most) this.fail(`${what} is longer than ${most}`);
    return value;
  }

  /** @param {any} value @param {string} what @returns {string} */
  name(value, what) {
    if (!NAME.test(this.text(value, what))) this.fail(`${what} is not a name`);
    return value;
  }

  /** @param {any} value @param {string} what @param {number} least @param {number} most @returns {number} */
  integer(value, what, least, most) {
    if (!Number.isInteger(value) || value < least || value > most) {
      this.fail(`${what} is not an integer from ${least} to ${most}`);
    }
    return value;
  }

  /**
   * Notes how a variable or an aggregation is used, which has to be the same everywhere.
   * @param {string} what @param {number} arity
   */
  shape(what, arity) {
    const known = this.arities.get(what);
    if (known !== undefined && known !== arity) {
      this.fail(`${what} has ${known} keys elsewhere and ${arity} here`);
    }
    this.arities.set(what, arity);
  }

  /** @param {string} name of a variable of `this->` */
  local(name) {
    let slot = this.locals.get(name);
    if (slot === undefined) {
      slot = this.locals.size;
      this.locals.set(name, slot);
    }
    return slot;
  }
}

/**
 * The options of a program; those that are not known are somebody else's.
 * @param {any} given
 * @returns {import('./limits').Options}
 */
function readOptions(given) {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ProgramError('program.options', 'it is not an object');
  }
  /** @type {any} */
  const options = {};
  for (const [name, [least, most, usual]] of Object.entries(OPTIONS)) {
    const value = given[name] ?? usual;
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new ProgramError(
        `program.options.${name}`,
        `it is not an integer from ${least} to ${most}`,
      );
    }
    options[name] = value;
  }
  return options;
}

module.exports = { Compiler, ProgramError, readOptions };
