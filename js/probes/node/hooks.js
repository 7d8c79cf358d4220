'use strict';
// What is hooked into Node by one source, and how all of it is taken out again. No hook throws
// into what it hooks, and a replaced function does what the original does.

const diagnostics = require('node:diagnostics_channel');
const { syncBuiltinESMExports } = require('node:module');

/** @typedef {(this: any, ...args: any[]) => any} Callable */

/**
 * What has been put in a property: whether nobody needs it any more, and how to put back what was
 * there before. Two Hooks may replace the same function, and the first to come be the first to go:
 * what it put there is then not to be seen, and is taken out together with what is on top of it.
 * @type {WeakMap<Callable, {over: boolean, restore: () => void}>}
 */
const REPLACEMENTS = new WeakMap();

class Hooks {
  /** @type {(() => void)[]} */
  #undo = [];
  #esm = false;

  /** @param {import('../../agent/costs').Costs} costs */
  constructor(costs) {
    this.costs = costs;
    /** False: what could not be taken out, for somebody wrapped it, only passes calls on. */
    this.on = true;
  }

  /**
   * The handler as Node may call it.
   * @template {any[]} A
   * @param {(...args: A) => void} handler
   * @returns {(...args: A) => void}
   */
  guarded(handler) {
    return (...args) => {
      if (!this.on) return;
      try {
        handler(...args);
      } catch {
        this.costs.refuse('internal');
      }
    };
  }

  /**
   * Listens to a diagnostics channel.
   * @param {string} name @param {(message: any) => void} handler
   */
  channel(name, handler) {
    const { costs } = this;
    /** @param {unknown} message */
    const listener = (message) => {
      try {
        handler(message);
      } catch {
        costs.refuse('internal');
      }
    };
    diagnostics.subscribe(name, listener);
    this.#undo.push(() => {
      diagnostics.unsubscribe(name, listener);
    });
  }

  /** @param {() => void} undo run at the end */
  atEnd(undo) {
    this.#undo.push(undo);
  }

  /**
   * Puts another function in an object's property, unless the application has frozen that. It
   * looks like the original (name, length and whatever else hangs on it, such as what
   * util.promisify needs).
   * @param {any} object @param {string} name
   * @param {(original: Callable) => Callable} make
   * @param {boolean} [esm] `object` is a built-in module, of which ES modules have copies
   */
  replace(object, name, make, esm = false) {
    const original = object[name]; // read first: some of Node's own are only made by that
    const before = Object.getOwnPropertyDescriptor(object, name);
    if (typeof original !== 'function' || (before && !('value' in before))) return;
    const ours = make(original);
    for (const key of Reflect.ownKeys(original)) {
      const property = /** @type {PropertyDescriptor} */ (
        Object.getOwnPropertyDescriptor(original, key)
      );
      Reflect.defineProperty(ours, key, property);
    }
    const place = before ?? { configurable: true, enumerable: false, writable: true };
    if (!Reflect.defineProperty(object, name, { ...place, value: ours })) return;
    if (esm) this.#esm = true;
    const replacement = {
      over: false,
      restore() {
        if (before) Object.defineProperty(object, name, before);
        else delete object[name];
      },
    };
    REPLACEMENTS.set(ours, replacement);
    this.#undo.push(() => {
      replacement.over = true;
      for (;;) {
        const top = REPLACEMENTS.get(Object.getOwnPropertyDescriptor(object, name)?.value);
        if (!top?.over) return;
        top.restore();
      }
    });
  }

  /**
   * Sees the events of all emitters that have a prototype. Nothing of it is to be found among
   * their listeners.
   * @param {any} prototype
   * @param {(emitter: any, event: any, value: any) => void} handler
   */
  replaceEmit(prototype, handler) {
    this.replace(prototype, 'emit', (original) => {
      return function emit(...args) {
        handler(this, args[0], args[1]);
        return original.apply(this, args);
      };
    });
  }

  /** All hooks are in. */
  settle() {
    if (this.#esm) syncBuiltinESMExports();
  }

  /** Takes everything out. */
  remove() {
    this.on = false;
    for (const undo of this.#undo.reverse()) {
      try {
        undo();
      } catch {
        this.costs.refuse('internal'); // frozen since: what is left there only passes calls on
      }
    }
    this.#undo = [];
    if (this.#esm) syncBuiltinESMExports();
  }
}

module.exports = { Hooks };
