'use strict';
// Looking at an object without running anything of the application's.

const { isProxy } = require('node:util').types;

/**
 * The property of the object or of the prototypes above it that are not proxies.
 * @param {any} value @param {string | number} key
 */
function describe(value, key) {
  for (let at = value; at !== null && !isProxy(at); at = Object.getPrototypeOf(at)) {
    const property = Object.getOwnPropertyDescriptor(at, key);
    if (property) return property;
  }
  return undefined;
}

/**
 * `instanceof`, which would ask proxies among the prototypes.
 * @param {any} value @param {object} prototype
 */
function inherits(value, prototype) {
  for (let at = value; at !== null && !isProxy(at); at = Object.getPrototypeOf(at)) {
    if (at === prototype) return true;
  }
  return false;
}

/** @param {any} value */
function nameOf(value) {
  const property = isProxy(value) ? undefined : describe(value, 'name');
  return typeof property?.value === 'string' && property.value ? property.value : '(anonymous)';
}

/** @param {any} value */
function kindOf(value) {
  if (value === null) return 'null';
  const kind = describe(value, 'constructor')?.value;
  return typeof kind === 'function' ? nameOf(kind) : 'Object';
}

module.exports = { describe, inherits, kindOf, nameOf };
