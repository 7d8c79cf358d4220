'use strict';
// fs-op-start and fs-op-done: the operations of fs and fs.promises, by replacing the functions.
// Code that took a function out of the module before (`const { readFile } = require('fs')`) is not
// seen, nor are the methods of a FileHandle.

const fs = require('node:fs');
const { performance } = require('node:perf_hooks');
const { nextId } = require('./exchanges');
const { errorText, text } = require('./reading');

const OPERATIONS = (
  'access appendFile chmod chown close copyFile cp exists fchmod fchown fdatasync fstat fsync ' +
  'ftruncate futimes lchmod lchown link lstat lutimes mkdir mkdtemp open opendir read readFile ' +
  'readdir readlink readv realpath rename rm rmdir stat statfs symlink truncate unlink utimes ' +
  'write writeFile writev'
).split(' ');
const TWO_PATHS = new Set(['copyFile', 'cp', 'link', 'rename', 'symlink']);
const SIZED = new Set(['read', 'readFile', 'readv', 'write', 'writev']);

/** One call of an operation. */
class Operation {
  /** @param {string} name @param {string} kind sync, callback or promise @param {any[]} args */
  constructor(name, kind, args) {
    this.id = nextId();
    this.name = name;
    this.kind = kind;
    this.path = pathText(args[0]);
    this.to = TWO_PATHS.has(name) ? pathText(args[1]) : '';
    this.start = performance.now();
    this.latency = 0;
    this.error = '';
    this.bytes = -1;
  }
}

/** @param {any} path as fs takes it */
function pathText(path) {
  if (typeof path === 'string') return text(path);
  if (typeof path === 'number') return `fd ${path}`;
  if (Buffer.isBuffer(path)) return path.toString('utf8', 0, 4096);
  if (path instanceof URL) return text(path.pathname);
  const fd =
    path instanceof Object && path.constructor?.name === 'FileHandle' ? path.fd : undefined;
  return typeof fd === 'number' ? `fd ${fd}` : '';
}

/** @param {string} name of the operation @param {any} result */
function sizeOf(name, result) {
  if (!SIZED.has(name)) return -1;
  if (typeof result === 'number') return result;
  if (typeof result === 'string' || Buffer.isBuffer(result)) return result.length;
  const read = result?.bytesRead ?? result?.bytesWritten;
  return typeof read === 'number' ? read : -1;
}

/** @typedef {import('./firing').Maker<Operation>} Maker */

/** @type {readonly Maker[]} */
const COMMON = [({ name }) => name, ({ path }) => path, ({ kind }) => kind, ({ id }) => id];
/** @type {readonly Maker[]} */
const START = [...COMMON, ({ to }) => to];
/** @type {readonly Maker[]} */
const DONE = [...COMMON, ({ latency }) => latency, ({ error }) => error, ({ bytes }) => bytes];

/** @type {import('./source').Install} */
function install(hooks, probes) {
  const begin = (
    /** @type {string} */ name,
    /** @type {string} */ kind,
    /** @type {any[]} */ args,
  ) => {
    try {
      const operation = new Operation(name, kind, args);
      probes['fs-op-start'].tell(START, operation);
      return operation;
    } catch {
      hooks.costs.refuse('internal');
      return null;
    }
  };
  const done = hooks.guarded(
    (
      /** @type {Operation | null} */ operation,
      /** @type {any} */ error,
      /** @type {any} */ result,
    ) => {
      if (operation === null) return;
      operation.latency = Math.round((performance.now() - operation.start) * 1e6);
      if (error !== null && error !== undefined && operation.name !== 'exists') {
        operation.error = errorText(error);
      } else {
        operation.bytes = sizeOf(operation.name, result);
      }
      probes['fs-op-done'].tell(DONE, operation);
    },
  );
  const replacing = new Replacements(hooks, begin, done);
  for (const name of OPERATIONS) {
    replacing.callback(fs, name);
    replacing.sync(fs, name);
    replacing.promise(fs.promises, name);
  }
}

/** The three kinds of replacements. */
class Replacements {
  /**
   * @param {import('./hooks').Hooks} hooks
   * @param {(name: string, kind: string, args: any[]) => Operation | null} begin
   * @param {(operation: Operation | null, error: any, result?: any) => void} done
   */
  constructor(hooks, begin, done) {
    this.hooks = hooks;
    this.begin = begin;
    this.done = done;
    // fs calls functions of its own: what an operation does while it is being called is no
    // operation of the application.
    this.inside = false;
  }

  /** @param {any} object @param {string} name */
  sync(object, name) {
    const ours = this;
    this.hooks.replace(
      object,
      `${name}Sync`,
      (original) =>
        function (...args) {
          if (ours.inside || !ours.hooks.on) return original.apply(this, args);
          const operation = ours.begin(name, 'sync', args);
          let result;
          ours.inside = true;
          try {
            result = original.apply(this, args);
          } catch (error) {
            ours.inside = false;
            ours.done(operation, error);
            throw error;
          }
          ours.inside = false;
          ours.done(operation, null, result);
          return result;
        },
      true,
    );
  }

  /** @param {any} object @param {string} name */
  callback(object, name) {
    const ours = this;
    this.hooks.replace(
      object,
      name,
      (original) =>
        function (...args) {
          const callback = args.at(-1);
          if (ours.inside || !ours.hooks.on || typeof callback !== 'function') {
            return original.apply(this, args);
          }
          const operation = ours.begin(name, 'callback', args);
          args[args.length - 1] = /** @this {any} @param {any[]} results */ function (...results) {
            ours.done(operation, results[0], results[1]);
            return callback.apply(this, results);
          };
          ours.inside = true;
          try {
            return original.apply(this, args);
          } catch (error) {
            ours.done(operation, error); // bad arguments: there will be no callback
            throw error;
          } finally {
            ours.inside = false;
          }
        },
      true,
    );
  }

  /** @param {any} object @param {string} name */
  promise(object, name) {
    const ours = this;
    this.hooks.replace(
      object,
      name,
      (original) =>
        function (...args) {
          if (ours.inside || !ours.hooks.on) return original.apply(this, args);
          const operation = ours.begin(name, 'promise', args);
          const answer = original.apply(this, args);
          if (!(answer instanceof Promise)) return answer;
          return answer.then(
            (result) => {
              ours.done(operation, null, result);
              return result;
            },
            (error) => {
              ours.done(operation, error);
              throw error; // of a promise of ours: whether it is handled is up to the application
            },
          );
        },
      true,
    );
  }
}

module.exports = install;
