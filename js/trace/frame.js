'use strict';
// What the clauses of one program see of one firing: its arguments, its time, `this->`, strtok's
// state, and how much they may still do. Programs keep their frames and use them again.

const { threadId } = require('node:worker_threads');
const { now, timestampOf } = require('./clock');
const { Fault } = require('./fault');
const { integer } = require('./integers');
const { FUEL } = require('./limits');

/** @typedef {import('../probes/firing').FiringView} Firing */
/** @typedef {import('./binding').Binding} Binding */

class Frame {
  /** @param {number} locals variables of `this->` @param {import('./self').SelfVariables} self */
  constructor(locals, self) {
    this.self = self;
    /** @type {any[]} `this->` by slot */
    this.locals = new Array(locals).fill(0);
    /** @type {Firing} */
    this.firing = /** @type {any} */ (null);
    /** @type {Binding} */
    this.binding = /** @type {any} */ (null);
    this.fuel = FUEL;
    this.tokens = '';
    this.time = -1;
    /** @type {import('./self').Context | null | undefined} undefined: not looked for yet */
    this.context = undefined;
    this.data = '';
    /** Keys of the aggregation before. @type {any} */
    this.keys = null;
    /** @type {number | null} */
    this.exit = null;
    /** @type {string | null} the document that json() saw last, and what is in it */
    this.text = null;
    /** @type {any} */
    this.parsed = undefined;
  }

  /** @param {Firing} firing @param {Binding} binding */
  begin(firing, binding) {
    this.firing = firing;
    this.binding = binding;
    this.fuel = FUEL;
    this.time = -1;
    this.context = undefined;
    this.tokens = '';
  }

  /** Lets go of what the application gave. */
  end() {
    this.firing = /** @type {any} */ (null);
    this.context = undefined;
    this.keys = null;
    this.text = null;
    this.parsed = undefined;
    const { locals } = this;
    for (let i = 0; i < locals.length; i++) locals[i] = 0; // they are few
  }

  /** @param {number} characters that are about to be gone through */
  spend(characters) {
    this.fuel -= characters;
    if (this.fuel < 0) throw new Fault('illegal operation (it takes too long)');
  }

  /** `timestamp`: one for all clauses, as in DTrace. */
  timestamp() {
    if (this.time < 0) {
      const { at } = this.firing;
      this.time = at === undefined ? now() : timestampOf(at);
    }
    return this.time;
  }

  /**
   * `argN`.
   * @param {number} i
   * @returns {number | string}
   */
  argument(i) {
    const value = this.firing.argument(i);
    if (typeof value === 'string') {
      return this.binding.doubles & (1 << i) ? integer(Number(value)) : value;
    }
    return value === undefined ? 0 : integer(value);
  }

  /**
   * `args[N]`: what is in a structure of ours, else as argN.
   * @param {number} i
   * @returns {any}
   */
  structure(i) {
    if (this.binding.structures & (1 << i)) {
      const value = this.firing.value(i);
      if (typeof value === 'object' && value !== null) return value;
    }
    return this.argument(i);
  }

  /** A document of json(), parsed once for the paths that follow. @param {string} text @param {(text: string) => any} parse */
  document(text, parse) {
    if (text !== this.text) {
      this.spend(text.length);
      this.parsed = parse(text);
      this.text = text;
    }
    return this.parsed;
  }

  /** The variables of `self->` here; null: there are none yet. */
  found() {
    if (this.context === undefined) this.context = this.self.find(this.firing.subject);
    return this.context;
  }

  /** The same, made where there are none. */
  made() {
    const found = this.found();
    if (found !== null) return found;
    this.context = this.self.make(this.firing.subject);
    return this.context;
  }
}

module.exports = { Frame, threadId };
