'use strict';
// The types of all sets of callbacks in kang's way, which come and go as those say.

const { atOnce } = require('./faults');

/**
 * @typedef {import('./callbacks').KangCallbacks} KangCallbacks
 * @typedef {import('./faults').Faults} Faults
 * @typedef {import('./source').Source} Source
 */

class Provided {
  /** @type {Map<KangCallbacks, Map<string, Source>>} and the types that they had */
  #sets = new Map();

  /** @param {KangCallbacks} callbacks */
  add(callbacks) {
    this.#sets.set(callbacks, new Map());
  }

  /** @param {KangCallbacks} callbacks */
  remove(callbacks) {
    this.#sets.delete(callbacks);
  }

  /**
   * Adds their types to those that there are; the same source for the same type at every look.
   * @param {Map<string, Source>} all @param {Faults} faults
   */
  addTo(all, faults) {
    for (const [callbacks, known] of this.#sets) {
      const types = faults.guard({}, () => namesFrom(atOnce(callbacks.list_types()))) ?? [];
      for (const type of types) {
        if (all.has(type)) continue;
        const source = known.get(type) ?? require('./callbacks').kangType(callbacks, type);
        known.set(type, source);
        all.set(type, source);
      }
      const listed = new Set(types);
      for (const type of known.keys()) if (!listed.has(type)) known.delete(type);
    }
  }

  /** @param {Faults} faults */
  stats(faults) {
    const { OBJECT_LIMITS } = require('./answers');
    const { Copier } = require('./copier');
    const stats = {};
    for (const callbacks of this.#sets.keys()) {
      faults.guard({ type: 'stats' }, () => Object.assign(stats, atOnce(callbacks.stats?.())));
    }
    return new Copier(OBJECT_LIMITS, { run: true }).copy(stats);
  }
}

/** @param {any} types */
function namesFrom(types) {
  if (!Array.isArray(types)) throw new TypeError('list_types gave no list');
  return types.map(String);
}

module.exports = { Provided };
