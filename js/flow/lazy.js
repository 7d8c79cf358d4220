'use strict';
// `nodeobs.vasync`: vasync's functions, loaded when one of them is looked at. An application that
// uses none of them does not pay for them; ES modules, which cannot export anything lazily, get the
// same object.

const NAMES = Object.freeze([
  'parallel',
  'forEachParallel',
  'pipeline',
  'tryEach',
  'forEachPipeline',
  'filter',
  'filterLimit',
  'filterSeries',
  'whilst',
  'queue',
  'queuev',
  'barrier',
  'waterfall',
]);

/** @returns {any} */
function load() {
  const loaded = /** @type {any} */ (require('./vasync'));
  for (const name of NAMES) {
    const property = { value: loaded[name], enumerable: true, configurable: true, writable: true };
    Object.defineProperty(vasync, name, property);
  }
  return loaded;
}

/** @type {typeof import('./vasync')} */
const vasync = /** @type {any} */ ({});
for (const name of NAMES) {
  Object.defineProperty(vasync, name, {
    get: () => load()[name],
    set(value) {
      Object.defineProperty(vasync, name, { value, enumerable: true, writable: true });
    },
    enumerable: true,
    configurable: true,
  });
}
Object.defineProperty(vasync, 'trace', {
  get: () => load().trace,
  set: (on) => {
    load().trace = on;
  },
});

module.exports = { NAMES, vasync };
