'use strict';
// What the application gives to the registry.

const { types } = require('node:util');

/**
 * @typedef {import('./source').Source} Source
 * @typedef {import('./members').TypeOptions} TypeOptions
 */

/** @param {string} message */
function badArgument(message) {
  return Object.assign(new TypeError(message), { code: 'ERR_NODEOBS_ARGUMENT' });
}

/** @param {any} options */
function checkOptions(options) {
  if (typeof options !== 'object' || options === null)
    throw badArgument('options must be an object');
  const { fields, inspect } = options;
  if (fields !== undefined && !(Array.isArray(fields) && fields.every(isText))) {
    throw badArgument('fields must be a list of names');
  }
  if (inspect !== undefined && typeof inspect !== 'function') {
    throw badArgument('inspect must be a function');
  }
}

/** @param {any} value */
function isText(value) {
  return typeof value === 'string';
}

/** @param {any} objects @param {TypeOptions} options @returns {Source} */
function sourceFrom(objects, options) {
  if (
    !types.isProxy(objects) &&
    (types.isMap(objects) || types.isSet(objects) || Array.isArray(objects))
  ) {
    const { View } = require('./view');
    return new View(objects, options);
  }
  if (typeof objects?.list !== 'function' || typeof objects?.get !== 'function') {
    throw badArgument('objects must be a Map, a Set, an array, or {list, get}');
  }
  const { ListedType } = require('./callbacks');
  return new ListedType(objects);
}

module.exports = { badArgument, checkOptions, sourceFrom };
