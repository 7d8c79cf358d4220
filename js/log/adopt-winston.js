'use strict';
// winston's loggers for observers. Their levels are looked at by their transports, so every record
// comes through `write`, those of children included.

const { Adopted } = require('./adopted');

/** @type {Record<string, number>} the names of npm, cli and syslog levels */
const LEVELS = {
  emerg: 60,
  alert: 60,
  crit: 60,
  error: 50,
  warn: 40,
  warning: 40,
  help: 40,
  notice: 35,
  data: 30,
  info: 30,
  http: 25,
  verbose: 22,
  debug: 20,
  prompt: 20,
  input: 10,
  silly: 10,
};

/** @param {any} logger */
function isWinston(logger) {
  return (
    typeof logger?.write === 'function' &&
    typeof logger.levels === 'object' &&
    Array.isArray(logger.transports) &&
    typeof logger.isLevelEnabled === 'function'
  );
}

/**
 * @param {any} logger
 * @param {{name?: string, recorder?: any}} options
 * @returns {() => void} undoes it
 */
function adoptWinston(logger, { name = logger.defaultMeta?.service ?? 'winston', recorder }) {
  const adopted = new Adopted(String(name), { describe: () => describe(logger) }, recorder);
  const own = Object.hasOwn(logger, 'write');
  const original = logger.write;
  /** @this {unknown} @param {any} info @param {any[]} rest */
  function write(info, ...rest) {
    const level = levelOf(logger, info?.level);
    if (adopted.wants(level)) show(adopted, logger, level, info);
    return original.call(this, info, ...rest);
  }
  logger.write = write;
  return () => {
    if (logger.write !== write) return;
    if (own) logger.write = original;
    else delete logger.write;
  };
}

/**
 * The logger's format is applied to a copy: it may be what hides secrets.
 * @param {Adopted} adopted @param {any} logger @param {number} level @param {any} info
 */
function show(adopted, logger, level, info) {
  try {
    const copy = Object.assign({}, info);
    if (info instanceof Error) Object.assign(copy, { message: info.message, stack: info.stack });
    const formatted = logger.format.transform(copy, logger.format.options);
    if (!formatted) return; // the format leaves it out
    const { message, ...fields } = formatted;
    adopted.show(level, fields, message);
  } catch {
    // The format will throw the same for winston.
  }
}

/** @param {any} logger */
function describe(logger) {
  const streams = logger.transports.map((/** @type {any} */ transport) => ({
    type: String(transport.name ?? 'winston'),
    level: levelOf(logger, transport.level ?? logger.level),
    name: null,
  }));
  return { level: levelOf(logger, logger.level), streams };
}

/** @param {any} logger @param {unknown} name @returns {number} */
function levelOf(logger, name) {
  const known = LEVELS[String(name)];
  if (known !== undefined) return known;
  // Of levels that somebody has made up the first is the gravest.
  const place = logger.levels[String(name)];
  return typeof place === 'number' ? Math.max(10, 50 - 10 * place) : 30;
}

module.exports = { adoptWinston, isWinston };
