'use strict';
// pino's loggers for observers. A method below the level is an empty function, which pino puts
// into the logger anew whenever its level changes; so ours stand before pino's as accessors, which
// children inherit. The record is made by pino, into another stream: with its serializers, its
// redaction and its formatters.

const { tracingChannel } = require('node:diagnostics_channel');
const { Adopted } = require('./adopted');

const STREAM = 'pino.stream';
const SET_LEVEL = 'pino.setLevel';
const CHANNEL = 'pino_asJson';

/** @param {any} logger */
function isPino(logger) {
  return typeof logger?.bindings === 'function' && symbolOf(logger, STREAM) !== undefined;
}

/**
 * pino's symbols, without requiring a pino that may be another copy.
 * @param {object} logger @param {string} description
 */
function symbolOf(logger, description) {
  for (let at = logger; at !== null; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertySymbols(at).find((one) => one.description === description);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * @param {any} logger
 * @param {{name?: string, recorder?: any}} options
 * @returns {() => void} undoes it
 */
function adoptPino(logger, { name = logger.bindings().name ?? 'pino', recorder }) {
  const streams = () => [{ type: 'pino', level: logger.levelVal, name: null }];
  const describe = () => ({ level: logger.levelVal, streams: streams() });
  const adopted = new Adopted(String(name), { describe }, recorder);
  const taps = new Taps(logger, adopted);
  const methods = new Map();
  for (const [method, level] of Object.entries(logger.levels.values)) {
    methods.set(method, logger[method]);
    Object.defineProperty(logger, method, accessor(method, level, logger[method], adopted, taps));
  }
  return () => {
    for (const method of methods.keys()) {
      const value = logger[method][ORIGINAL];
      Object.defineProperty(logger, method, {
        value,
        configurable: true,
        enumerable: true,
        writable: true,
      });
    }
  };
}

const ORIGINAL = Symbol('original');

/**
 * A log method of a logger and of all its children, whatever pino puts there.
 * @param {string} method @param {number} level @param {Function} first pino's own
 * @param {Adopted} adopted @param {Taps} taps
 * @returns {PropertyDescriptor}
 */
function accessor(method, level, first, adopted, taps) {
  const slot = Symbol(method); // in the logger that pino set it for; children inherit it
  /** @param {Function} original */
  const wrap = (original) => {
    /** @this {any} @param {any[]} args */
    const wrapper = function (...args) {
      original.apply(this, args);
      if (adopted.wants(level)) taps.log(this, method, args);
    };
    return Object.assign(Object.defineProperty(wrapper, 'name', { value: method }), {
      [ORIGINAL]: original,
    });
  };
  const root = wrap(first);
  return {
    configurable: true,
    enumerable: true,
    /** @this {any} */
    get() {
      return this[slot] ?? root;
    },
    /** @this {any} @param {any} value */
    set(value) {
      Object.defineProperty(this, slot, {
        value: wrap(value?.[ORIGINAL] ?? value),
        configurable: true,
        writable: true,
      });
    },
  };
}

/** For each logger one like it that logs everything, to observers alone. */
class Taps {
  /** @type {WeakMap<object, any>} */
  #taps = new WeakMap();

  /** @param {any} root @param {Adopted} adopted */
  constructor(root, adopted) {
    this.adopted = adopted;
    this.stream = /** @type {symbol} */ (symbolOf(root, STREAM));
    this.setLevel = /** @type {symbol} */ (symbolOf(root, SET_LEVEL));
  }

  /** @param {any} logger @param {string} method @param {any[]} args */
  log(logger, method, args) {
    try {
      const tap = this.#taps.get(logger) ?? this.#make(logger);
      tap.methods[method].apply(tap.logger, args);
    } catch {
      // What it is given throws; pino has met the same, or would.
    }
  }

  /** @param {any} logger */
  #make(logger) {
    const { adopted } = this;
    const tap = Object.create(logger);
    /** @type {Record<string, Function>} */
    const methods = {};
    Object.defineProperty(tap, 'emit', { value: () => true }); // the application's listeners
    for (const name of Object.keys(logger.levels.values)) {
      Object.defineProperty(tap, name, {
        configurable: true,
        get: () => methods[name],
        set: (value) => {
          methods[name] = value;
        },
      });
    }
    const [lowest] = Object.entries(logger.levels.values).sort(([, a], [, b]) => a - b);
    tap[this.setLevel](lowest[0]);
    tap[this.stream] = { write: (/** @type {string} */ line) => showLine(adopted, line) };
    const made = { logger: tap, methods };
    this.#taps.set(logger, made);
    return made;
  }
}

/** Shows a line that pino has made. @param {Adopted} adopted @param {string} line */
function showLine(adopted, line) {
  const { level, time, msg, message, ...fields } = JSON.parse(line);
  const at = new Date(typeof time === 'number' ? time : String(time));
  const iso = Number.isNaN(at.getTime()) ? undefined : at.toISOString();
  adopted.show(typeof level === 'number' ? level : 30, fields, msg ?? message, iso);
}

/**
 * All pino loggers of the process, as far as they log themselves, through pino's diagnostics
 * channel. pino pays for that channel only while we listen, and we only while somebody looks.
 * @param {{name?: string, recorder?: any}} options
 * @returns {() => void} undoes it
 */
function adoptPinoChannel({ name = 'pino', recorder }) {
  const streams = [{ type: 'pino', level: 10, name: null }];
  const adopted = new Adopted(name, { describe: () => ({ level: 10, streams }) }, recorder);
  const { channel } = adopted;
  const { end } = tracingChannel(CHANNEL);
  const listener = (/** @type {any} */ message) => {
    try {
      if (typeof message.result === 'string') showLine(adopted, message.result);
    } catch {
      // not JSON: a formatter of the application's own
    }
  };
  let listening = false;
  const follow = () => {
    const wanted = channel.on !== 0;
    if (wanted === listening) return;
    listening = wanted;
    if (wanted) end.subscribe(listener);
    else end.unsubscribe(listener);
  };
  channel.watch(follow);
  return () => {
    channel.unwatch(follow);
    if (listening) end.unsubscribe(listener);
    listening = false;
  };
}

module.exports = { adoptPino, adoptPinoChannel, isPino };
