'use strict';
// One call of a control-flow function, from its start until its callback: what all kinds share.

const { errorText, text } = require('../probes/node/reading');
const { book } = require('./book');
const { now } = require('./clock');
const { liveOrigin, origin } = require('./context');
const { shownName } = require('./names');
const settings = require('./settings');
const sites = require('./sites');

/** @typedef {import('./sites').Site} Site */
/** @typedef {import('./twice').Again} Again */

/**
 * @typedef {object} FlowOptions what nodeobs adds to the arguments
 * @property {string} [label]
 * @property {AbortSignal} [signal]
 */

/**
 * @typedef {object} Failure
 * @property {number} index of the operation
 * @property {string} err
 */

const { tracked } = settings;
const NAMES_MAX = 5; // in a label
const FAILURES_MAX = 32;
const LABEL_MAX = 120;
const CHILDREN_MAX = 50; // the last ones
const SOON = 10; // 0.1 ms: what ends earlier is not worth a list

/** What few flows have. */
class Extra {
  constructor() {
    /** @type {string | null} given by the application */
    this.label = null;
    /** @type {Site | null} */
    this.site = null;
    /** @type {Failure[]} */
    this.failures = [];
    /** @type {number[]} numbers of flows made in this one; a ring */
    this.children = [];
    this.born = 0;
    /** @type {AbortSignal | null} */
    this.signal = null;
    /** @type {(() => void) | null} */
    this.onabort = null;
    /** Callbacks that came when the flow was cancelled already. */
    this.late = 0;
    /** @type {Again[]} callbacks that came again */
    this.again = [];
    /** @type {Map<number, Error> | null} by operation: where its callback was called first */
    this.firsts = null;
  }

  /** @param {number} seq of a flow made in this one */
  addChild(seq) {
    this.children[this.born++ % CHILDREN_MAX] = seq;
  }
}

const LIVE = 0;
const OK = 1;
const FAILED = 2;
const CANCELLED = 3;
const THREW = 4;
const STATES = ['live', 'ok', 'failed', 'cancelled', 'threw'];

/** The order of its fields is that of their use: see the bench before adding one. */
class Flow {
  /**
   * @param {string} kind @param {Function | null} callback
   * @param {any} result what the application gets at once, and sees change
   * @param {string[] | Function[] | string} names of the functions, or the functions as long as
   *   they have not all begun, or the one name of all operations
   * @param {number} total operations
   */
  constructor(kind, callback, result, names, total) {
    this.kind = kind;
    this.callback = callback;
    this.result = result;
    this.names = names;
    this.total = total;
    this.state = LIVE;
    /** Of a flow that is over: operations that were done. */
    this.ndone = 0;
    /**
     * By operation: when it ended, 10 µs after the start; none: soon. A number: all that are done did
     * together, as those of one turn do.
     * @type {number[] | number | null}
     */
    this.times = null;
    /** @type {Extra | null} */
    this.extra = null;
    /** @type {import('./context').Origin | null} the flow or request it was made in */
    this.origin = null;
    /** performance.now(): ms */
    this.started = 0;
    /** Until its end: 10 µs. */
    this.took = 0;
    this.seq = 0;
    if (tracked) track(this);
  }

  get id() {
    return book.idOf(this.seq);
  }

  get over() {
    return this.state !== LIVE;
  }

  get flow() {
    return this;
  }

  /** @returns {Flow | null} */
  get parent() {
    return this.origin?.flow ?? null;
  }

  /** @returns {import('./request').HttpRequest | null} */
  get request() {
    return this.origin?.request ?? null;
  }

  /** @returns {Extra} */
  more() {
    this.extra ??= new Extra();
    return this.extra;
  }

  /**
   * Reads where the flow is made, if that is due now.
   * @param {Function} method that the application has called
   */
  locate(method) {
    if (!tracked || !sites.isDue()) return;
    const site = sites.read(method);
    if (site === null) return;
    this.more().site = site;
    sites.remember(this.key(), site);
  }

  /** Notes when an operation ended. @param {number} index */
  stamp(index) {
    const offset = (now() - this.started) * 100;
    if (offset < SOON) return;
    const at = units(offset);
    const { times } = this;
    if (times === at) return;
    if (times === null && this.result.ndone === 0) this.times = at;
    else this.spread(index)[index] = at;
  }

  /**
   * Lists the times one by one.
   * @param {number} except an operation that has ended now
   * @returns {number[]}
   */
  spread(except) {
    const { times, total } = this;
    if (Array.isArray(times)) return times;
    const list = new Array(total);
    this.times = list;
    if (times === null) return list;
    const operations = this.result?.operations ?? [];
    for (let i = 0; i < total; i++) {
      const status = operations[i]?.status;
      if (i !== except && (status === 'ok' || status === 'fail')) list[i] = times;
    }
    return list;
  }

  /** @param {number} index @param {unknown} err */
  failed(index, err) {
    if (!tracked) return;
    const { failures } = this.more();
    if (failures.length < FAILURES_MAX) failures.push({ index, err: errorText(err) });
  }

  /**
   * The flow is over: from now on it holds nothing of the application's.
   * @param {number} state @param {number} ndone
   */
  close(state, ndone) {
    if (ndone !== this.total && typeof this.times === 'number') this.spread(-1);
    this.state = state;
    this.ndone = ndone;
    this.callback = null;
    this.result = null;
    if (this.extra !== null) release(this.extra);
    if (!tracked) return;
    this.took = units((now() - this.started) * 100);
    book.end(this);
    if (this.origin !== null) this.origin = liveOrigin(this.origin);
  }

  key() {
    const { names } = this;
    return `${this.kind} ${typeof names === 'string' ? names : names.map(shownName).join()}`;
  }

  /** @returns {Site | null} where it was made, or another one with the same functions */
  get site() {
    return this.extra?.site ?? sites.recall(this.key());
  }

  get label() {
    const own = this.extra?.label;
    if (own) return own;
    const { site } = this;
    return site?.func || this.functions() || this.kind;
  }

  /** `validate → putBlob`; '' where they have no names. */
  functions() {
    const { names, total } = this;
    if (typeof names === 'string') return names && `${names} × ${total}`;
    if (!names.some((name) => shownName(name) !== '(anon)')) return '';
    const some = names.slice(0, NAMES_MAX).map(shownName).join(' → ');
    const rest = names.length - NAMES_MAX;
    return text(rest > 0 ? `${some} … ${rest} more` : some).slice(0, LABEL_MAX);
  }

  /** How many it is made of, and the name of one. @param {number} index */
  functionAt(index) {
    return typeof this.names === 'string' ? this.names || '(anon)' : shownName(this.names[index]);
  }

  /** Keeps the names of the functions, and not them. */
  nameFunctions() {
    const { names } = this;
    if (typeof names !== 'string') this.names = Array.from(names, shownName);
  }

  /** @param {number} index @returns {number} performance.now() when that operation ended: ms */
  endOf(index) {
    return this.started + this.timeOf(index) / 100;
  }

  /** @param {number} index @returns {number} the same after the start, 10 µs; 0: soon */
  timeOf(index) {
    const { times } = this;
    return typeof times === 'number' ? times : (times?.[index] ?? 0);
  }
}

// No private methods: each flow would have a mark for them.
/** @param {Flow} flow */
function track(flow) {
  flow.started = now();
  flow.seq = book.add(flow);
  const of = origin();
  if (of === null) return;
  flow.origin = liveOrigin(of);
  flow.parent?.more().addChild(flow.seq);
}

/** @param {number} offset 10 µs @returns {number} that V8 need not box, where possible */
function units(offset) {
  return offset < 0x3fffffff ? offset | 0 : Math.round(offset);
}

/** @param {Extra} extra */
function release(extra) {
  const { signal, onabort } = extra;
  if (signal === null || onabort === null) return;
  signal.removeEventListener('abort', onabort);
  extra.signal = null;
  extra.onabort = null;
}

/** @param {any} options @returns {boolean} whether there is anything that nodeobs adds */
function hasOptions(options) {
  return options.label !== undefined || options.signal !== undefined;
}

/** @param {unknown} label */
function labelText(label) {
  return typeof label === 'string' && label !== '' ? text(label).slice(0, LABEL_MAX) : null;
}

module.exports = {
  CANCELLED,
  FAILED,
  Flow,
  LIVE,
  OK,
  STATES,
  THREW,
  hasOptions,
  labelText,
};
