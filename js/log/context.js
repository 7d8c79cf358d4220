'use strict';
// Fields of an asynchronous context: what is logged in it has them, whichever logger it is logged
// with. Until the first `with` nobody pays for it.

/** @typedef {import('./logger').Logger} Logger */
/** @typedef {Record<string, unknown>} Fields */

/** @type {{scopes: import('node:async_hooks').AsyncLocalStorage<Scope> | null}} */
const context = { scopes: null };

/** The fields of one call of `with`, and the loggers that have been used in it. */
class Scope {
  /** @type {WeakMap<Logger, Logger>} */
  #loggers = new WeakMap();

  /** @param {Fields} fields */
  constructor(fields) {
    this.fields = fields;
  }

  /** A logger that has the fields, too. @param {Logger} logger @returns {Logger} */
  logger(logger) {
    const known = this.#loggers.get(logger);
    // The application may have changed the fields, or added serializers, meanwhile.
    if (known !== undefined && !logger._exposed && known.serializers === logger.serializers) {
      return known;
    }
    const made = logger._within(this.fields);
    this.#loggers.set(logger, made);
    return made;
  }
}

/**
 * Calls a function in whose records, and in those of whatever it starts, the fields are.
 * @template R
 * @param {Fields} fields are added to those of an outer call
 * @param {(...args: any[]) => R} run
 * @param {any[]} args
 * @returns {R}
 */
function withFields(fields, run, args) {
  if (typeof fields !== 'object' || fields === null)
    throw new TypeError('fields must be an object');
  if (typeof run !== 'function') throw new TypeError('log.with needs a function to call');
  if (context.scopes === null) {
    const { AsyncLocalStorage } = require('node:async_hooks');
    context.scopes = new AsyncLocalStorage();
  }
  const outer = context.scopes.getStore();
  return context.scopes.run(new Scope({ ...outer?.fields, ...fields }), run, ...args);
}

/**
 * The logger to log with here: the given one, with the fields of the context.
 * @param {Logger} logger
 * @returns {Logger}
 */
function inContext(logger) {
  let within = logger;
  if (logger._context !== null) {
    const fields = own(logger._context);
    if (fields !== null) within = within._within(fields);
  }
  return context.scopes?.getStore()?.logger(within) ?? within;
}

/** What the application's own context has. @param {() => unknown} ask @returns {Fields | null} */
function own(ask) {
  try {
    const fields = ask();
    if (fields instanceof Map) return Object.fromEntries(fields);
    return typeof fields === 'object' ? /** @type {Fields | null} */ (fields) : null;
  } catch {
    return null;
  }
}

/**
 * The `context` option: an AsyncLocalStorage, or a function that gives fields.
 * @param {any} option
 * @returns {(() => unknown) | null} null: it is none, but a field
 */
function contextFrom(option) {
  if (typeof option === 'function') return option;
  return typeof option?.getStore === 'function' ? () => option.getStore() : null;
}

module.exports = { context, contextFrom, inContext, withFields };
