'use strict';
// Work queues: tasks for one worker function, so many at a time.

const { EventEmitter } = require('node:events');
const { equal, isType, ok } = require('./assertion');
const { now } = require('./clock');
const { origin, runIn, state } = require('./context');
const { EntryOrigin } = require('./entry-origin');
const { LONG, LongList } = require('./long-list');
const { Entry } = require('./objects');
const { settle } = require('./promised');
const { tracked } = require('./settings');
const { firstCall, noteTaskTwice, trace } = require('./twice');

const WAITING_SHOWN = 5;
const TWICE_MAX = 4;

class WorkQueue extends EventEmitter {
  #done = 0;
  /** @type {LongList | null} */
  #long = null;
  #exposed = false;
  // Of the tasks that are pending: by slot, their id, and since when.
  /** @type {number[]} */
  #ids = [];
  /** @type {number[]} */
  #since = [];
  /** @type {number[]} */
  #free = [];
  /** @type {import('./sites').Site | null} */
  #site = null;
  /** @type {import('./twice').Again[]} */
  #twice = [];

  /** @param {{worker: Function, concurrency: number, label?: string, signal?: AbortSignal}} args */
  constructor(args) {
    ok(Object.hasOwn(args, 'worker'), '"worker" must be specified');
    isType(args.worker, 'function');
    ok(Object.hasOwn(args, 'concurrency'), '"concurrency" must be specified');
    isType(args.concurrency, 'number');
    equal(Math.floor(args.concurrency), args.concurrency);
    ok(args.concurrency > 0, '"concurrency" must be positive');
    super();
    this.nextid = 0;
    this.worker = args.worker;
    this.worker_name = args.worker.name || 'anon';
    this.npending = 0;
    /** @type {{[id: string]: import('./objects').Entry}} */
    this.pending = {};
    /** @type {import('./objects').Entry[]} */
    this.queued = [];
    this.closed = false;
    this.ended = false;
    this.concurrency = args.concurrency;
    /** @type {(() => void) | undefined} */
    this.saturated = undefined;
    /** @type {(() => void) | undefined} */
    this.empty = undefined;
    /** @type {(() => void) | undefined} */
    this.drain = undefined;
  }

  /**
   * @param {any} tasks one, or an array of them @param {Function} [callback]
   * @returns {any} its id, or theirs
   */
  push(tasks, callback) {
    if (!Array.isArray(tasks)) return this.pushOne(tasks, callback);
    return tasks.map((task) => this.pushOne(task, callback));
  }

  /** @param {number} concurrency */
  updateConcurrency(concurrency) {
    if (this.closed) throw closedError('update concurrency invoked after queue closed');
    this.concurrency = concurrency;
    this.dispatchNext();
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    if (this.npending !== 0 || this.length() !== 0) return;
    setImmediate(() => {
      if (this.ended) return;
      this.ended = true;
      this.emit('end');
    });
  }

  /** @param {any} task @param {Function} [callback] */
  pushOne(task, callback) {
    if (this.closed) throw closedError('push invoked after queue closed');
    const id = ++this.nextid;
    const entry = new Entry(id, task, callback);
    if (tracked) {
      const of = origin();
      if (of !== null) new EntryOrigin(entry, of);
    }
    if (this.#long !== null) {
      this.#long.list.push(entry);
    } else {
      this.queued.push(entry);
      if (this.queued.length > LONG && !this.#exposed) this.#lengthen();
    }
    this.dispatchNext();
    return id;
  }

  #lengthen() {
    this.#long = new LongList(
      this,
      () => {
        this.#long = null;
      },
      () => {
        this.#exposed = true;
      },
    );
  }

  dispatchNext() {
    if (this.length() === 0) {
      if (this.npending === 0) this.#rest();
      return;
    }
    while (this.length() > 0 && this.npending < this.concurrency) {
      const entry = this.#long === null ? this.queued.shift() : this.#long.take();
      this.dispatch(/** @type {import('./objects').Entry} */ (entry));
      if (this.length() === 0) {
        if (this.empty) this.empty();
        this.emit('empty');
      }
    }
  }

  #rest() {
    if (this.drain) this.drain();
    this.emit('drain');
    if (this.closed) {
      this.ended = true;
      this.emit('end');
    }
  }

  /** @param {import('./objects').Entry} entry */
  dispatch(entry) {
    ok(!Object.hasOwn(this.pending, entry.id), 'the task must not be pending');
    ok(this.npending < this.concurrency, 'there must be room for the task');
    ok(!this.ended, 'the queue must not have ended');
    this.npending++;
    this.pending[entry.id] = entry;
    const slot = tracked ? this.#begin(entry.id) : 0;
    if (this.npending === this.concurrency) {
      if (this.saturated) this.saturated();
      this.emit('saturated');
    }
    setImmediate(() => this.#work(entry, slot));
  }

  /** @param {number} id @returns {number} the slot that it has */
  #begin(id) {
    const slot =
      this.#free.length > 0 ? /** @type {number} */ (this.#free.pop()) : this.#ids.length;
    this.#ids[slot] = id;
    this.#since[slot] = now();
    return slot;
  }

  // One closure for each task: V8 makes it faster than anything that has the same in fields.
  /** @param {import('./objects').Entry} entry @param {number} slot */
  #work(entry, slot) {
    let called = false;
    let ended = 0;
    /** @type {Error | null} */
    let first = null;
    const done = (/** @type {any[]} */ ...values) => {
      if (called) {
        noteTaskTwice(this, entry, ended, first);
      } else if (tracked) {
        ended = now();
        if (trace.on) first = firstCall(this.worker_name);
        this.#finish(slot);
      }
      called = true;
      --this.npending;
      delete this.pending[entry.id];
      if (entry.callback) Reflect.apply(entry.callback, null, values);
      this.dispatchNext();
    };
    const of = EntryOrigin.of(entry);
    if (of === null && state.storage === null) this.#call(entry, done, () => !called);
    else runIn(of, () => this.#call(entry, done, () => !called), undefined);
  }

  /** @param {number} slot */
  #finish(slot) {
    this.#ids[slot] = 0;
    this.#free.push(slot);
    this.#done += 1;
  }

  /**
   * @param {import('./objects').Entry} entry
   * @param {(...values: any[]) => void} done @param {() => boolean} isOpen
   */
  #call(entry, done, isOpen) {
    const value = this.worker(entry.task, done);
    if (value !== undefined && this.worker.length < 2) settle(value, isOpen, done);
  }

  length() {
    return this.#long === null ? this.queued.length : this.#long.length;
  }

  kill() {
    this.killed = true;
    this.queued = [];
    this.drain = undefined;
    this.close();
  }

  /** What is shown of a queue, without a look at what the application would notice. @param {WorkQueue} queue */
  static look(queue) {
    const pending = [];
    for (let slot = 0; slot < queue.#ids.length; slot++) {
      const id = queue.#ids[slot];
      const entry = id === 0 ? undefined : queue.pending[id];
      if (entry) pending.push({ id, since: queue.#since[slot], entry, of: EntryOrigin.of(entry) });
    }
    pending.sort((a, b) => a.since - b.since || a.id - b.id);
    return {
      pending,
      done: queue.#done,
      waiting: queue.#long === null ? queue.queued : queue.#long.first(WAITING_SHOWN),
      site: queue.#site,
      twice: queue.#twice,
    };
  }

  /** @param {WorkQueue} queue @param {import('./sites').Site | null} site */
  static locate(queue, site) {
    queue.#site = site;
  }

  /** @param {WorkQueue} queue @param {import('./twice').Again} again */
  static again(queue, again) {
    queue.#twice.push(again);
    if (queue.#twice.length > TWICE_MAX) queue.#twice.shift();
  }
}

/** @param {string} message */
function closedError(message) {
  const { VError } = require('verror');
  return new VError(message);
}

module.exports = { WorkQueue };
