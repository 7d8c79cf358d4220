'use strict';
// The operators of D on two values and on one, as closures over their operands.

const { add, and, complement, divide, multiply, negate, number } = require('./integers');
const { or, remainder, shiftLeft, shiftRight, subtract, xor } = require('./integers');
const { order, string } = require('./strings');

/** @typedef {import('./compiler').Expression} Expression */

/** 0 and "" are false. @param {any} value */
function truth(value) {
  return value !== 0 && value !== '';
}

/** As integers, or as strings; a string compares with 0 as with the empty one. @param {any} a @param {any} b */
function compare(a, b) {
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : 0;
  return order(string(a), string(b));
}

/** Those of C that take integers. @type {Record<string, (a: number, b: number) => number>} */
const ARITHMETIC = {
  '+': add,
  '-': subtract,
  '*': multiply,
  '/': divide,
  '%': remainder,
  '<<': shiftLeft,
  '>>': shiftRight,
  '&': and,
  '|': or,
  '^': xor,
};

/** @param {(a: number, b: number) => number} operation @returns {(l: Expression, r: Expression) => Expression} */
function arithmetic(operation) {
  return (l, r) => (frame) => {
    const a = l(frame);
    const b = r(frame);
    return operation(number(a), number(b));
  };
}

/** @type {Record<string, (l: Expression, r: Expression) => Expression>} */
const BINARY = {
  ...Object.fromEntries(
    Object.entries(ARITHMETIC).map(([op, operation]) => [op, arithmetic(operation)]),
  ),
  '&&': (l, r) => (frame) => (truth(l(frame)) && truth(r(frame)) ? 1 : 0),
  '||': (l, r) => (frame) => (truth(l(frame)) || truth(r(frame)) ? 1 : 0),
  '^^': (l, r) => (frame) => {
    const a = truth(l(frame));
    return a !== truth(r(frame)) ? 1 : 0;
  },
  '==': (l, r) => (frame) => {
    const a = l(frame);
    const b = r(frame);
    return (typeof a === typeof b ? a === b : compare(a, b) === 0) ? 1 : 0;
  },
  '!=': (l, r) => (frame) => {
    const a = l(frame);
    const b = r(frame);
    return (typeof a === typeof b ? a !== b : compare(a, b) !== 0) ? 1 : 0;
  },
  '<': (l, r) => (frame) => {
    const a = l(frame);
    return compare(a, r(frame)) < 0 ? 1 : 0;
  },
  '>': (l, r) => (frame) => {
    const a = l(frame);
    return compare(a, r(frame)) > 0 ? 1 : 0;
  },
  '<=': (l, r) => (frame) => {
    const a = l(frame);
    return compare(a, r(frame)) <= 0 ? 1 : 0;
  },
  '>=': (l, r) => (frame) => {
    const a = l(frame);
    return compare(a, r(frame)) >= 0 ? 1 : 0;
  },
};

/** @type {Record<string, (e: Expression) => Expression>} */
const UNARY = {
  '-': (e) => (frame) => negate(number(e(frame))),
  '+': (e) => (frame) => number(e(frame)),
  '~': (e) => (frame) => complement(number(e(frame))),
  '!': (e) => (frame) => (truth(e(frame)) ? 0 : 1),
};

module.exports = { ARITHMETIC, BINARY, UNARY, truth };
