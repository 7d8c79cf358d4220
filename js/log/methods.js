'use strict';
// The log methods. They are written out because a method below the level has to cost next to
// nothing: with the level's bit in the code it is a few loads, an AND and no allocation, a third
// less than with the bit in a closure, and less than half of a call to a shared check. The last
// load is the kernel's word on whether a tracer is attached to the level's probe. The
// arguments are forwarded by spread and only then, or V8 would make an array of them every time.

const { inspect } = require('node:util');
const { callSite } = require('./call-site');
const { emit, isWanted } = require('./emit');
const { sites } = require('./kernel');
const warnings = require('./warnings');

/** @typedef {import('./logger').Logger} Logger */

/** @this {Logger} @param {any[]} args */
function trace(...args) {
  try {
    const { mask, channel } = this._sink;
    if ((((mask & channel.keep) | channel.on) & 1) === 0 && sites.trace[0] === sites.nop)
      return args.length === 0 ? false : undefined;
  } catch {
    return unbound(this, trace);
  }
  return args.length === 0 ? isWanted(this, 0) : emit(this, 0, trace, ...args);
}

/** @this {Logger} @param {any[]} args */
function debug(...args) {
  try {
    const { mask, channel } = this._sink;
    if ((((mask & channel.keep) | channel.on) & 2) === 0 && sites.debug[0] === sites.nop)
      return args.length === 0 ? false : undefined;
  } catch {
    return unbound(this, debug);
  }
  return args.length === 0 ? isWanted(this, 1) : emit(this, 1, debug, ...args);
}

/** @this {Logger} @param {any[]} args */
function info(...args) {
  try {
    const { mask, channel } = this._sink;
    if ((((mask & channel.keep) | channel.on) & 4) === 0 && sites.info[0] === sites.nop)
      return args.length === 0 ? false : undefined;
  } catch {
    return unbound(this, info);
  }
  return args.length === 0 ? isWanted(this, 2) : emit(this, 2, info, ...args);
}

/** @this {Logger} @param {any[]} args */
function warn(...args) {
  try {
    const { mask, channel } = this._sink;
    if ((((mask & channel.keep) | channel.on) & 8) === 0 && sites.warn[0] === sites.nop)
      return args.length === 0 ? false : undefined;
  } catch {
    return unbound(this, warn);
  }
  return args.length === 0 ? isWanted(this, 3) : emit(this, 3, warn, ...args);
}

/** @this {Logger} @param {any[]} args */
function error(...args) {
  try {
    const { mask, channel } = this._sink;
    if ((((mask & channel.keep) | channel.on) & 16) === 0 && sites.error[0] === sites.nop)
      return args.length === 0 ? false : undefined;
  } catch {
    return unbound(this, error);
  }
  return args.length === 0 ? isWanted(this, 4) : emit(this, 4, error, ...args);
}

/** @this {Logger} @param {any[]} args */
function fatal(...args) {
  try {
    const { mask, channel } = this._sink;
    if ((((mask & channel.keep) | channel.on) & 32) === 0 && sites.fatal[0] === sites.nop)
      return args.length === 0 ? false : undefined;
  } catch {
    return unbound(this, fatal);
  }
  return args.length === 0 ? isWanted(this, 5) : emit(this, 5, fatal, ...args);
}

const UNBOUND = {};

/**
 * Says once that somebody took a method off its logger, as in `const { info } = log`.
 * @param {unknown} self
 * @param {Function} method
 */
function unbound(self, method) {
  warnings.warnOnce(UNBOUND, () => {
    const site = callSite(method);
    const where = site ? `${site.file}:${site.line}` : 'an unknown place';
    warnings.warn(
      `a log method was called without its logger at ${where}, so nothing is logged there ` +
        `(\`this\` is ${inspect(self, { depth: 0 })}): write log.${method.name}(…), ` +
        `or log.${method.name}.bind(log) where a function is needed`,
    );
  });
}

module.exports = { trace, debug, info, warn, error, fatal };
