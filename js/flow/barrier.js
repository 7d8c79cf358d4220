'use strict';
// Barriers: operations with names that come and go, and an event when none is left.

const { EventEmitter } = require('node:events');
const { ok } = require('./assertion');
const { now } = require('./clock');
const { origin } = require('./context');
const { labelText } = require('./flow');
const { barriers } = require('./queues');
const { tracked } = require('./settings');
const { isDue, read } = require('./sites');

const RECENT = 10;

class Barrier extends EventEmitter {
  #label = '';
  /** @type {import('./sites').Site | null} */
  #site = null;
  #shown = false;
  /** @type {import('./context').Origin | null} */
  #origin = null;

  /** @param {{nrecent?: number, label?: string}} [args] */
  constructor(args) {
    const wish = args?.nrecent;
    ok(!wish || typeof wish === 'number', '"nrecent" must have type "number"');
    super();
    const nrecent = wish || RECENT;
    if (nrecent > 0) {
      this.nrecent = nrecent;
      /** @type {{name: string, start: number, done: number}[]} */
      this.recent = [];
    }
    /** @type {{[name: string]: number}} when they began: ms since 1970 */
    this.pending = {};
    this.scheduled = false;
    this.#label = labelText(args?.label) ?? '';
  }

  /** @param {string} name */
  start(name) {
    ok(!Object.hasOwn(this.pending, name), `operation "${name}" is already pending`);
    this.pending[name] = Date.now();
    if (tracked && !this.#shown) this.#show();
  }

  // One that is never used is not worth a weak reference.
  #show() {
    this.#shown = true;
    this.#origin = origin();
    now();
    if (isDue()) this.#site = read(Barrier.prototype.start);
    barriers.add(this, this.#label || 'barrier');
  }

  /** @param {string} name */
  done(name) {
    ok(Object.hasOwn(this.pending, name), `operation "${name}" is not pending`);
    if (this.recent) {
      this.recent.push({ name, start: this.pending[name], done: Date.now() });
      if (this.recent.length > /** @type {number} */ (this.nrecent)) this.recent.shift();
    }
    delete this.pending[name];
    if (!isEmpty(this.pending) || this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      if (isEmpty(this.pending)) this.emit('drain');
    });
  }

  /** What is shown beside its own keys. @param {Barrier} barrier */
  static look(barrier) {
    return { label: barrier.#label, site: barrier.#site, of: barrier.#origin };
  }
}

/** @param {object} object */
function isEmpty(object) {
  for (const _ in object) return false;
  return true;
}

/** @param {{nrecent?: number, label?: string}} [args] */
function barrier(args) {
  return new Barrier(args);
}

module.exports = { Barrier, barrier };
