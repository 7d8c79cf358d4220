'use strict';
// What can be looked at in this process: types of objects, held weakly where JavaScript allows.
// What the application registers comes first, and has the plain name where nodeobs has a type of
// the same name.
//
// What only those need who look is loaded when somebody does.

const { performance } = require('node:perf_hooks');
const { startedAt } = require('../agent/app');
const { badArgument, checkOptions, sourceFrom } = require('./arguments');
const { Faults } = require('./faults');
const { Members } = require('./members');

const OWN = 'nodeobs.';

/**
 * @typedef {import('./source').Source} Source
 * @typedef {import('./members').TypeOptions} TypeOptions
 * @typedef {import('./callbacks').KangCallbacks} KangCallbacks
 * @typedef {import('./callbacks').TypeCallbacks} TypeCallbacks
 * @typedef {import('./view').Collection} Collection
 * @typedef {import('./copier').Cuts} Cuts
 */

/**
 * @typedef {import('./pending').Pending} Pending
 * @typedef {import('./pending').FindPending} FindPending
 * @typedef {import('./page').ListOptions} ListOptions
 * @typedef {import('./snapshot').SnapshotOptions} SnapshotOptions
 */

class Registry {
  /** @type {Map<string, Source>} nodeobs's own */
  #own = new Map();
  /** @type {Map<string, Source>} the application's */
  #sources = new Map();
  /** @type {import('./provided').Provided | null} */
  #provided = null;
  /** @type {import('./places').Places | null} */
  #places = null;

  constructor() {
    /** @type {Set<FindPending>} */
    this.pendings = new Set();
  }

  /**
   * Names a type of objects.
   * @param {string} type
   * @param {TypeOptions} [options] `inspect` turns an object into what is shown of it (default:
   *   its own data properties); `fields` are the keys of that for the table
   */
  define(type, options = {}) {
    checkOptions(options);
    const known = this.#taken(type);
    if (known instanceof Members) {
      if (options.fields) known.fields = options.fields;
      if (options.inspect) known.inspect = options.inspect;
    } else if (known) {
      throw badArgument(`type "${type}" is registered with callbacks or a collection`);
    } else {
      this.#sources.set(type, new Members(options));
    }
  }

  /**
   * Makes an object visible until it is removed or collected.
   * @param {string} type @param {any} object
   * @param {string | number} [id] default: the next number of this type
   * @returns {string} the id; an object of the same type and id is replaced
   */
  add(type, object, id) {
    if (!(this.#sources.get(type) instanceof Members)) this.define(type);
    const members = /** @type {Members} */ (this.#sources.get(type));
    const key = id === undefined ? members.newId() : String(id);
    members.add(object, key);
    return key;
  }

  /**
   * @param {string} type @param {string | number} id
   * @returns {boolean} whether it was there
   */
  remove(type, id) {
    const members = this.#sources.get(type);
    return members instanceof Members && members.remove(String(id));
  }

  /**
   * Shows a type through callbacks, or what is in a Map, a Set or an array at the time of looking.
   * A type that was registered before is replaced.
   * @param {string} type
   * @param {TypeCallbacks | Collection} objects collections are held weakly
   * @param {TypeOptions} [options] of a collection, as for {@link define}
   * @returns {() => void} takes it back
   */
  register(type, objects, options = {}) {
    if (this.#taken(type) instanceof Members) throw badArgument(`type "${type}" has been defined`);
    checkOptions(options);
    const source = sourceFrom(objects, options);
    this.#sources.set(type, source);
    return () => {
      if (this.#sources.get(type) === source) this.#sources.delete(type);
    };
  }

  /**
   * Offers state through kang's callbacks, which are asked only while somebody looks.
   * @param {KangCallbacks} callbacks
   * @returns {() => void} takes them back
   */
  provide(callbacks) {
    for (const name of /** @type {const} */ (['list_types', 'list_objects', 'get'])) {
      if (typeof callbacks?.[name] !== 'function') throw badArgument(`${name} must be a function`);
    }
    const { Provided } = require('./provided');
    this.#provided ??= new Provided();
    const provided = this.#provided;
    provided.add(callbacks);
    return () => provided.remove(callbacks);
  }

  /** @param {string} type @param {Source} source one of nodeobs's own types */
  builtIn(type, source) {
    this.#own.set(type, source);
  }

  /** Somewhere for the stuck finder to look. @param {FindPending} find */
  addPending(find) {
    this.pendings.add(find);
  }

  /**
   * @param {string} name as {@link types} gives it
   * @returns {string | null} which of nodeobs's own types it is
   */
  ownType(name) {
    const source = this.#find(name);
    for (const [type, own] of this.#own) if (own === source) return type;
    return null;
  }

  /** @param {Faults} [faults] takes what callbacks of the application threw */
  types(faults = new Faults()) {
    return [...this.#all(faults)].map(([type, source]) => ({
      type,
      count: faults.guard({ type }, () => source.count()) ?? null,
      fields: faults.guard({ type }, () => source.fields) ?? [],
    }));
  }

  /**
   * kang's schema of a type: that of the application, or the fields of its table.
   * @param {string} type @returns {{summaryFields: readonly string[]} & Record<string, any>}
   */
  schema(type) {
    const source = this.#source(type);
    return { summaryFields: source.fields, ...source.schema };
  }

  /** @param {string} type */
  has(type) {
    return this.#find(type) !== undefined;
  }

  /** @returns {string[]} */
  names() {
    return [...this.#all().keys()];
  }

  /** @param {string} type @param {number} limit */
  ids(type, limit) {
    return this.#source(type).ids(limit).ids;
  }

  /**
   * Some of the objects of a type, from the first on or from `after` on, as rows of a table.
   * @param {string} type @param {number} limit @param {ListOptions} [options]
   */
  list(type, limit, options = {}) {
    const { pageOf } = require('./page');
    return pageOf(type, this.#source(type), limit, this.#keptPlaces(), options);
  }

  /** @param {string} type @param {string} id @returns {any} undefined where there is none */
  get(type, id) {
    return this.look(type, id)?.object;
  }

  /**
   * One object, and what is cut of it.
   * @param {string} type @param {string} id
   * @returns {{object: any, cut?: Cuts} | undefined} undefined where there is none
   */
  look(type, id) {
    const { ANSWER_TIME, OBJECT_LIMITS, remarks } = require('./answers');
    const { Copier } = require('./copier');
    const source = this.#source(type);
    const object = source.get(id);
    if (object === undefined) return undefined;
    const deadline = performance.now() + ANSWER_TIME;
    const copier = new Copier(OBJECT_LIMITS, { run: source.callback, deadline });
    return { object: copier.copy(object), ...remarks(copier.cuts) };
  }

  /**
   * Everything at once, in kang's form; with `cut` where that is not everything, and in that what
   * to ask for `next`.
   * @param {string[]} [types] default: all
   * @param {SnapshotOptions} [options]
   */
  snapshot(types, options = {}) {
    const faults = new Faults();
    const sources = this.#all(faults);
    const chosen = types ?? [...sources.keys()];
    const { Snapshot } = require('./snapshot');
    const snapshot = new Snapshot(this.#stats(faults), chosen, faults, this.#keptPlaces(), options);
    for (const type of chosen) {
      const source = sources.get(type);
      if (source) snapshot.add(type, source);
    }
    return snapshot.done();
  }

  /**
   * What began more than `older` ms ago and has not ended, the oldest first.
   * @param {number} older ms @param {number} limit
   * @param {string | null} [only] a type or a kind
   */
  stuck(older, limit, only = null) {
    const { findStuck } = require('./pending');
    return findStuck(this.pendings, this.#ownNames(), older, limit, only);
  }

  /** @param {Faults} [faults] @returns {Map<string, Source>} */
  #all(faults = new Faults()) {
    /** @type {Map<string, Source>} */
    const all = new Map();
    for (const [type, source] of this.#sources) {
      if (source.alive !== false) all.set(type, source);
    }
    this.#provided?.addTo(all, faults);
    for (const [type, source] of this.#own) all.set(freeName(type, all), source);
    return all;
  }

  /** nodeobs's own types, and what they are called. */
  #ownNames() {
    /** @type {Map<string, {name: string, source: Source}>} */
    const named = new Map();
    for (const [name, source] of this.#all()) {
      for (const [type, own] of this.#own) if (own === source) named.set(type, { name, source });
    }
    return named;
  }

  /** @param {string} type @returns {Source | undefined} what the application has of that name */
  #taken(type) {
    if (typeof type !== 'string' || type === '') throw badArgument('type must be a string');
    const known = this.#sources.get(type);
    return known?.alive === false ? undefined : known;
  }

  /** @param {string} type */
  #source(type) {
    const source = this.#find(type);
    if (!source) throw badArgument(`no type "${type}"`);
    return source;
  }

  // What the application registered comes first: its callbacks need not be asked for more types.
  /** @param {string} type */
  #find(type) {
    const known = this.#sources.get(type);
    return known !== undefined && known.alive !== false ? known : this.#all().get(type);
  }

  #keptPlaces() {
    const { Places } = require('./places');
    this.#places ??= new Places();
    return this.#places;
  }

  /** @param {Faults} faults */
  #stats(faults) {
    return {
      ...this.#provided?.stats(faults),
      started: startedAt(),
      memory: process.memoryUsage(),
    };
  }
}

/** @param {string} type @param {Map<string, any>} taken */
function freeName(type, taken) {
  let name = type;
  while (taken.has(name)) name = OWN + name;
  return name;
}

module.exports = { Registry };
