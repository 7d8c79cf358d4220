'use strict';
// `nodeobs.adopt(logger)`: applications that keep their logger can be snooped, too.

const { adoptConsole } = require('./adopt-console');
const { adoptPino, adoptPinoChannel, isPino } = require('./adopt-pino');
const { adoptWinston, isWinston } = require('./adopt-winston');

/** What has been adopted, and what undoes it. @type {WeakMap<object, () => void>} */
const adopted = new WeakMap();
const ALL_PINO = {}; // stands for 'pino' in it

/**
 * Shows the records of a logger of pino or winston, or of `console`, to observers; with 'pino' what
 * all of pino's loggers log. The logger's own output stays what it is, byte for byte.
 * @param {any} target
 * @param {{name?: string, recorder?: any}} [options] the name observers see; `recorder` as of
 *   createLogger
 * @returns {() => void} undoes it
 * @throws {TypeError} it is none of them
 */
function adopt(target, options = {}) {
  const key = target === 'pino' ? ALL_PINO : target;
  const known = typeof key === 'object' && key !== null ? adopted.get(key) : undefined;
  if (known !== undefined) return known;
  const how = wayOf(target);
  if (how === null) {
    throw new TypeError('adopt takes a logger of pino or winston, console, or "pino"');
  }
  const undo = how(options);
  const once = () => {
    if (adopted.get(key) !== once) return;
    adopted.delete(key);
    undo();
  };
  adopted.set(key, once);
  return once;
}

/** @param {any} target @returns {((options: {name?: string, recorder?: any}) => () => void) | null} */
function wayOf(target) {
  if (target === 'pino') return adoptPinoChannel;
  if (isPino(target)) return (options) => adoptPino(target, options);
  if (isWinston(target)) return (options) => adoptWinston(target, options);
  const isConsole = ['log', 'warn', 'error', 'debug'].every(
    (method) => typeof target?.[method] === 'function',
  );
  return isConsole ? (options) => adoptConsole(target, options) : null;
}

module.exports = { adopt };
