'use strict';
// What the application sees of a flow: plain objects with vasync's keys. Constructors make them
// because V8 then knows how many keys an object will have in the end; their prototype is that of any
// plain object.

/**
 * @typedef {object} Operation
 * @property {Function} func
 * @property {string} funcname
 * @property {string} status waiting, pending, ok, fail
 * @property {any} [err]
 * @property {any} [result]
 * @property {any[]} [results]
 */

/**
 * @typedef {object} Result
 * @property {Operation[]} operations
 * @property {any[]} successes
 * @property {number} ndone
 * @property {number} nerrors
 */

/**
 * @typedef {object} Entry
 * @property {number} id
 * @property {any} task
 * @property {Function | undefined} callback
 */

/** @this {any} @param {Function} func @param {string} funcname @param {string} status */
function PlainOperation(func, funcname, status) {
  this.func = func;
  this.funcname = funcname;
  this.status = status;
}
PlainOperation.prototype = Object.prototype;

/** @this {any} @param {Operation[]} operations */
function PlainResult(operations) {
  this.operations = operations;
  this.successes = [];
  this.ndone = 0;
  this.nerrors = 0;
}
PlainResult.prototype = Object.prototype;

/** @this {any} @param {number} id @param {any} task @param {any} callback */
function PlainEntry(id, task, callback) {
  this.id = id;
  this.task = task;
  this.callback = callback;
}
PlainEntry.prototype = Object.prototype;

/** @type {new (func: Function, funcname: string, status: string) => Operation} */
const Operation = /** @type {any} */ (PlainOperation);
/** @type {new (operations: Operation[]) => Result} */
const Result = /** @type {any} */ (PlainResult);
/** @type {new (id: number, task: any, callback: any) => Entry} */
const Entry = /** @type {any} */ (PlainEntry);

// V8 leaves room for the keys that the first few objects have got: for all of them, then, however
// many begin before one ends.
for (const keys of [
  ['err', 'result'],
  ['result', 'err'],
  ['results', 'err'],
]) {
  const operation = /** @type {any} */ (new Operation(PlainOperation, '', ''));
  for (const key of keys) operation[key] = null;
}

module.exports = { Entry, Operation, Result };
