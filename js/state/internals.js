'use strict';
// Node's own objects that no documented function gives. Each may be absent in another version:
// then there is nothing to see, and nothing throws.

const hidden = /** @type {any} */ (process);

/**
 * What the event loop waits for: sockets, servers, child processes, watchers.
 * @returns {any[]} not those that are unref'd
 */
function activeHandles() {
  return listFrom(() => hidden._getActiveHandles());
}

/** Operations under way: connecting, looking up names, the file system. @returns {any[]} */
function activeRequests() {
  return listFrom(() => hidden._getActiveRequests());
}

/**
 * The value of an object's property whose key is a symbol that Node keeps to itself.
 * @param {any} object @param {string} description of the symbol
 */
function bySymbol(object, description) {
  for (const symbol of Object.getOwnPropertySymbols(object)) {
    if (symbol.description === description) return object[symbol];
  }
  return undefined;
}

/** @param {() => any} read @returns {any[]} */
function listFrom(read) {
  const list = attempt(read);
  return Array.isArray(list) ? list : [];
}

/**
 * @template T @param {() => T} read
 * @returns {T | undefined} undefined where it throws
 */
function attempt(read) {
  try {
    return read();
  } catch {
    return undefined;
  }
}

module.exports = { activeHandles, activeRequests, attempt, bySymbol, listFrom };
