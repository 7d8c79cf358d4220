'use strict';
// Objects that are asked for together.

const { cut } = require('../log/walk');
const { outcome } = require('./callback');

/** Characters of a type's or object's name. */
const NAME_MAX = 1 << 12;

/**
 * @typedef {import('./service').Service} Service
 * @typedef {import('./callback').Outcome} Outcome
 */

/** Objects of a type that were asked for, in the order of the list. */
class Group {
  /** @param {Service} service @param {string} type */
  constructor(service, type) {
    this.service = service;
    this.type = type;
    /** @type {[string, Outcome | Promise<Outcome>][]} */
    this.waiting = [];
    /** Whether one of them answers later. */
    this.later = false;
  }

  /** @param {any} given @param {Set<string>} seen @param {number} ms */
  ask(given, seen, ms) {
    const id = idText(given);
    if (seen.has(id)) return;
    seen.add(id);
    const got = outcome('get', () => this.service.get(this.type, given), ms);
    if (got instanceof Promise) this.later = true;
    this.waiting.push([id, got]);
  }

  /** What was asked for since this was last called, where nothing answers later. */
  taken() {
    const taken = this.waiting;
    this.waiting = [];
    return /** @type {[string, Outcome][]} */ (taken);
  }

  /** The same once all of it is there. @returns {Promise<[string, Outcome][]>} */
  async settled() {
    this.later = false;
    const taken = this.taken();
    const outcomes = await Promise.all(taken.map(([, outcome]) => outcome));
    return taken.map(([id], i) => [id, outcomes[i]]);
  }
}

/** @param {any} id */
function idText(id) {
  try {
    return cut(String(id), NAME_MAX);
  } catch {
    return '[an id that is no text]';
  }
}

module.exports = { Group, NAME_MAX };
