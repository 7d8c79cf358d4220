'use strict';
// What can be looked at in this process: types of objects, held weakly where JavaScript allows.

const os = require('node:os');
const { app } = require('../agent/app');
const { toPlain } = require('./plain');

const ROW_LIMITS = Object.freeze({ nodes: 200, depth: 3, string: 256 });

/**
 * @typedef {object} Source where the objects of one type come from
 * @property {readonly string[]} fields shown in a table; empty: the first object's
 * @property {() => number | null} count null where only the application could tell
 * @property {(limit: number) => {ids: string[], total: number}} ids
 * @property {(id: string) => any} get undefined where there is no such object
 */

/**
 * @typedef {object} KangCallbacks kang's way of offering state
 * @property {() => string[]} list_types
 * @property {(type: string) => string[]} list_objects
 * @property {(type: string, id: string) => any} get
 * @property {(type: string) => {summaryFields?: string[]}} [schema]
 * @property {() => object} [stats]
 */

/** @typedef {{fields?: readonly string[], inspect?: (object: any) => any}} TypeOptions */

/** @param {string} message */
function badArgument(message) {
  return Object.assign(new TypeError(message), { code: 'ERR_NODEOBS_ARGUMENT' });
}

/**
 * Objects that the application has added, by id. Objects and functions are held weakly: one that
 * is collected is gone from the list.
 * @implements {Source}
 */
class Members {
  /** @param {TypeOptions} options */
  constructor(options) {
    this.fields = options.fields ?? [];
    this.inspect = options.inspect ?? ((object) => object);
    /** @type {Map<string, {value?: any, ref?: WeakRef<any>}>} */
    this.objects = new Map();
    this.nextId = 1;
    this.collected = new FinalizationRegistry((/** @type {string} */ id) => {
      const held = this.objects.get(id);
      if (held?.ref && held.ref.deref() === undefined) this.objects.delete(id);
    });
  }

  /** @param {any} object @param {string} id */
  add(object, id) {
    this.remove(id);
    const weak = (typeof object === 'object' && object !== null) || typeof object === 'function';
    if (!weak) {
      this.objects.set(id, { value: object });
      return;
    }
    const ref = new WeakRef(object);
    this.objects.set(id, { ref });
    this.collected.register(object, id, ref);
  }

  /** @param {string} id */
  remove(id) {
    const held = this.objects.get(id);
    if (held?.ref) this.collected.unregister(held.ref);
    return this.objects.delete(id);
  }

  newId() {
    while (this.objects.has(String(this.nextId))) this.nextId += 1;
    return String(this.nextId++);
  }

  count() {
    return this.objects.size;
  }

  /** @param {number} limit */
  ids(limit) {
    const ids = [];
    for (const id of this.objects.keys()) {
      if (ids.length >= limit) break;
      ids.push(id);
    }
    return { ids, total: this.objects.size };
  }

  /** @param {string} id */
  get(id) {
    const held = this.objects.get(id);
    if (!held) return undefined;
    const object = held.ref ? held.ref.deref() : held.value;
    return object === undefined ? undefined : this.inspect(object);
  }
}

/**
 * One type of a kang-style set of callbacks.
 * @implements {Source}
 */
class KangType {
  /** @param {KangCallbacks} callbacks @param {string} type */
  constructor(callbacks, type) {
    this.callbacks = callbacks;
    this.type = type;
    this.fields = callbacks.schema?.(type)?.summaryFields ?? [];
  }

  count() {
    return null;
  }

  /** @param {number} limit */
  ids(limit) {
    const ids = this.callbacks.list_objects(this.type);
    return { ids: ids.slice(0, limit).map(String), total: ids.length };
  }

  /** @param {string} id */
  get(id) {
    return this.callbacks.get(this.type, id);
  }
}

class Registry {
  constructor() {
    /** @type {Map<string, Source>} */
    this.sources = new Map();
    /** @type {Set<KangCallbacks>} */
    this.kangs = new Set();
  }

  /**
   * Names a type of objects.
   * @param {string} type
   * @param {TypeOptions} [options] `inspect` turns an object into what is shown of it (default:
   *   its own data properties); `fields` are the keys of that for the table
   */
  define(type, options = {}) {
    if (typeof type !== 'string' || type === '') throw badArgument('type must be a string');
    const known = this.sources.get(type);
    if (known instanceof Members) {
      if (options.fields) known.fields = options.fields;
      if (options.inspect) known.inspect = options.inspect;
    } else if (known) {
      throw badArgument(`type "${type}" is nodeobs's own`);
    } else {
      this.sources.set(type, new Members(options));
    }
  }

  /**
   * Makes an object visible until it is removed or collected.
   * @param {string} type @param {any} object
   * @param {string | number} [id] default: the next number of this type
   * @returns {string} the id; an object of the same type and id is replaced
   */
  add(type, object, id) {
    if (!this.sources.has(type)) this.define(type);
    const members = this.sources.get(type);
    if (!(members instanceof Members)) throw badArgument(`type "${type}" is nodeobs's own`);
    const key = id === undefined ? members.newId() : String(id);
    members.add(object, key);
    return key;
  }

  /**
   * @param {string} type @param {string | number} id
   * @returns {boolean} whether it was there
   */
  remove(type, id) {
    const members = this.sources.get(type);
    return members instanceof Members && members.remove(String(id));
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
    this.kangs.add(callbacks);
    return () => {
      this.kangs.delete(callbacks);
    };
  }

  /** @param {string} type @param {Source} source one of nodeobs's own types */
  builtIn(type, source) {
    this.sources.set(type, source);
  }

  /** @returns {Map<string, Source>} */
  #all() {
    const all = new Map(this.sources);
    for (const callbacks of this.kangs) {
      for (const type of callbacks.list_types()) {
        if (!all.has(type)) all.set(type, new KangType(callbacks, type));
      }
    }
    return all;
  }

  /** @param {string} type */
  #source(type) {
    const source = this.#all().get(type);
    if (!source) throw badArgument(`no type "${type}"`);
    return source;
  }

  types() {
    return [...this.#all()].map(([type, source]) => ({
      type,
      count: source.count(),
      fields: source.fields,
    }));
  }

  /** @param {string} type @param {number} limit */
  ids(type, limit) {
    return this.#source(type).ids(limit).ids;
  }

  /** @param {string} type @param {number} limit */
  list(type, limit) {
    const source = this.#source(type);
    const { ids, total } = source.ids(limit);
    const objects = [];
    let { fields } = source;
    for (const id of ids) {
      const object = toPlain(source.get(id), ROW_LIMITS);
      if (object === null) continue; // collected since it was listed
      const row = typeof object === 'object' && !Array.isArray(object) ? object : { value: object };
      if (fields.length === 0) fields = scalarKeys(row);
      objects.push({ id, ...pick(row, fields) });
    }
    return { type, fields, objects, total, truncated: total > ids.length };
  }

  /** @param {string} type @param {string} id @returns {any} undefined where there is none */
  get(type, id) {
    const object = this.#source(type).get(id);
    return object === undefined ? undefined : toPlain(object);
  }

  /**
   * Everything at once, in kang's form.
   * @param {string[]} [types] default: all
   */
  snapshot(types) {
    const sources = this.#all();
    const chosen = types ?? [...sources.keys()];
    /** @type {Record<string, any>} */
    const snapshot = { service: describeService(), stats: this.#stats(), types: chosen };
    for (const type of chosen) {
      const source = /** @type {Source} */ (sources.get(type));
      /** @type {Record<string, any>} */
      const objects = {};
      for (const id of source.ids(1000).ids) {
        const object = source.get(id);
        if (object !== undefined) objects[id] = toPlain(object);
      }
      snapshot[type] = objects;
    }
    return snapshot;
  }

  #stats() {
    const stats = {};
    for (const callbacks of this.kangs) Object.assign(stats, callbacks.stats?.());
    return {
      ...toPlain(stats),
      started: new Date(Date.now() - process.uptime() * 1000).toISOString(),
      memory: process.memoryUsage(),
    };
  }
}

function describeService() {
  const service = app();
  return {
    name: service?.name ?? process.title,
    ident: `${os.hostname()}/${process.pid}`,
    version: service?.version ?? '',
  };
}

/** @param {Record<string, any>} row */
function scalarKeys(row) {
  return Object.keys(row).filter((key) => typeof row[key] !== 'object' && key !== 'id');
}

/** @param {Record<string, any>} row @param {readonly string[]} fields */
function pick(row, fields) {
  return Object.fromEntries(fields.map((field) => [field, row[field] ?? null]));
}

module.exports = { Registry };
