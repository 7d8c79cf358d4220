'use strict';
// Variables in expressions: where a value is read from and written to. A place is compiled with
// its keys, which are evaluated once, before the value that is assigned.

const { illegal } = require('./fault');
const { PROGRAM } = require('./limits');
const { cut } = require('./strings');

/**
 * @typedef {import('./compiler').Expression} Expression
 * @typedef {import('./compiler').Compiler} Compiler
 * @typedef {import('./frame').Frame} Frame
 */

/**
 * @typedef {object} Place
 * @property {(frame: Frame) => any} keys what tells elements apart, for the other two
 * @property {(frame: Frame, keys: any) => any} read
 * @property {(frame: Frame, keys: any, value: any) => any} write gives the value as it is kept
 */

const none = () => undefined;

/** A part of a key as it is kept. @param {any} value @param {number} strsize */
function keyPart(value, strsize) {
  if (typeof value === 'string') return cut(value, strsize);
  if (typeof value === 'number') return Math.trunc(value);
  throw illegal('a structure as a key');
}

/**
 * The evaluated parts of a key.
 * @param {Expression[]} parts @param {number} strsize @returns {Expression}
 */
function keysOf(parts, strsize) {
  if (parts.length === 1) {
    const [part] = parts;
    return (frame) => [keyPart(part(frame), strsize)];
  }
  return (frame) => {
    const keys = [];
    for (let i = 0; i < parts.length; i++) keys.push(keyPart(parts[i](frame), strsize));
    return keys;
  };
}

/** @param {any} value */
function checked(value) {
  if (typeof value === 'object') throw illegal('a structure in a variable: keep its members');
  return value;
}

/** @param {string} name @param {Compiler} compiler @returns {Place} */
function globalScalar(name, { globals }) {
  const slot = globals.slot(name);
  const { values, room } = globals;
  return {
    keys: none,
    read: () => values[slot],
    write(_frame, _keys, value) {
      const kept = room.kept(checked(value));
      globals.assign(slot, kept);
      return kept;
    },
  };
}

/** @param {string} name @param {Expression} keys @param {number} arity @param {Compiler} compiler @returns {Place} */
function globalElement(name, keys, arity, { globals }) {
  const array = globals.array(name, arity);
  const { room } = globals;
  return {
    keys,
    read: (_frame, key) => array.get(key),
    write(_frame, key, value) {
      const kept = room.kept(checked(value));
      array.set(key, kept);
      return kept;
    },
  };
}

/** @param {string} name @param {Compiler} compiler @returns {Place} */
function selfScalar(name, { self }) {
  const slot = self.slot(name);
  return {
    keys: none,
    read: (frame) => frame.found()?.values[slot] ?? 0,
    write(frame, _keys, value) {
      const kept = self.room.kept(checked(value));
      const context = kept === 0 ? frame.found() : frame.made();
      if (context !== null) self.assign(context, slot, kept);
      return kept;
    },
  };
}

/** @param {string} name @param {Expression} keys @param {number} arity @param {Compiler} compiler @returns {Place} */
function selfElement(name, keys, arity, { self }) {
  const slot = self.arraySlot(name, arity);
  return {
    keys,
    read: (frame, key) => frame.found()?.arrays[slot]?.get(key) ?? 0,
    write(frame, key, value) {
      const kept = self.room.kept(checked(value));
      const context = kept === 0 ? frame.found() : frame.made();
      if (context !== null) self.assignElement(context, slot, key, kept);
      return kept;
    },
  };
}

/** A structure may be kept as long as the firing lasts. @param {string} name @param {Compiler} compiler @returns {Place} */
function local(name, compiler) {
  const slot = compiler.local(name);
  const { strsize } = compiler.options;
  return {
    keys: none,
    read: ({ locals }) => locals[slot],
    write({ locals }, _keys, value) {
      locals[slot] = typeof value === 'string' ? cut(value, strsize) : value;
      return locals[slot];
    },
  };
}

/**
 * @param {any} value a node of kind `var` @param {Compiler} compiler
 * @param {(node: any) => Expression} expression
 * @returns {Place}
 */
function place(value, compiler, expression) {
  const node = compiler.node(value);
  if (node.k !== 'var') compiler.fail('it is not a variable');
  const name = compiler.name(node.name, 'the name');
  const { scope } = node;
  const indexed = node.index !== undefined && node.index !== null;
  const parts = indexed ? compiler.list(node, 'index', PROGRAM.keys, expression) : [];
  if (indexed && parts.length === 0) compiler.fail('the index is empty');
  if (scope === 'this') {
    if (indexed) compiler.fail('this-> has no arrays');
    return local(name, compiler);
  }
  if (scope !== 'global' && scope !== 'self') compiler.fail('the scope is global, self or this');
  compiler.shape(scope === 'self' ? `self->${name}` : name, parts.length);
  const keys = keysOf(parts, compiler.options.strsize);
  if (scope === 'self') {
    return indexed ? selfElement(name, keys, parts.length, compiler) : selfScalar(name, compiler);
  }
  return indexed ? globalElement(name, keys, parts.length, compiler) : globalScalar(name, compiler);
}

module.exports = { keyPart, keysOf, place };
