'use strict';
// What a kang server is told: kang's options checked, and the registry where one is not given.

const { service, startedAt } = require('../agent/app');
const { assertion } = require('../log/assertion');
const { callbackText } = require('./callback');

const LIMITS = Object.freeze({
  objects: 10_000, // of one type
  bytes: 32 << 20, // of an answer
  callback_ms: 2000, // that a callback may take to answer later
  answer_ms: 5000, // that all of an answer may take; clients wait for 10 s and more
  read_ms: 10_000, // that a client may take none of its answer
});

/**
 * @typedef {Partial<typeof LIMITS>} Limits
 * @typedef {object} Options kang's, all optional
 * @property {string} [uri_base] `/kang`
 * @property {string} [service_name] the application's name in its package.json
 * @property {string} [version] the application's
 * @property {string} [ident] `HOST/PID`
 * @property {string} [component]
 * @property {() => any} [list_types] here and below: what this thread's registry has
 * @property {(type: string) => any} [list_objects]
 * @property {(type: string, id: any) => any} [get]
 * @property {() => any} [stats]
 * @property {(type: string) => any} [schema]
 * @property {Limits} [limits]
 */

/** @param {boolean} holds @param {string} message */
function check(holds, message) {
  if (!holds) throw assertion(message);
}

/** @param {any} options */
function checkOptions(options) {
  check(typeof options === 'object' && options !== null, '"args" must be an object');
  for (const key of ['uri_base', 'service_name', 'version', 'ident', 'component']) {
    check(['string', 'undefined'].includes(typeof options[key]), `"${key}" must be a string`);
  }
  for (const key of ['list_types', 'list_objects', 'get', 'stats', 'schema']) {
    check(['function', 'undefined'].includes(typeof options[key]), `"${key}" must be a function`);
  }
  for (const [key, value] of Object.entries(options.limits ?? {})) {
    check(Object.hasOwn(LIMITS, key), `"limits" has no "${key}"`);
    check(Number.isFinite(value) && value > 0, `"limits.${key}" must be a positive number`);
  }
}

class Service {
  /** @param {Options} options */
  constructor(options) {
    checkOptions(options);
    this.options = options;
    this.limits = { ...LIMITS, ...options.limits };
    this.base = (options.uri_base ?? '/kang').replace(/\/+$/, '');
    this.registry = threadRegistry();
    const known = service();
    /** @type {Record<string, string>} */
    this.service = {
      name: options.service_name ?? known.name,
      ident: options.ident ?? known.ident,
      version: options.version ?? known.version,
    };
    if (options.component !== undefined) this.service.component = options.component;
    this.started = startedAt();
  }

  /** Whether there is something to answer for `schema`. */
  get hasSchema() {
    return this.options.schema !== undefined || this.options.list_types === undefined;
  }

  listTypes() {
    if (this.options.list_types) return this.options.list_types();
    return this.registry.names();
  }

  /** @param {string} type */
  listObjects(type) {
    if (this.options.list_objects) return this.options.list_objects(type);
    return this.registry.ids(type, this.limits.objects + 1);
  }

  /** @param {string} type @param {any} id as it was listed */
  get(type, id) {
    if (this.options.get) return this.options.get(type, id);
    return this.registry.get(type, String(id));
  }

  stats() {
    if (this.options.stats) return this.options.stats();
    return this.options.list_types ? {} : this.registry.snapshot([]).stats;
  }

  /** @param {string} type */
  schema(type) {
    if (this.options.schema) return this.options.schema(type);
    return { summaryFields: this.registry.schema(type).summaryFields };
  }

  /**
   * Shows the callbacks to observers on this thread's socket as well.
   * @returns {() => void} takes them back
   */
  provide() {
    const { list_types: listTypes, list_objects: listObjects, get, stats, schema } = this.options;
    // With some of them only, the others are the registry's: it would ask itself.
    if (!listTypes || !listObjects || !get) return () => {};
    return this.registry.provide({
      list_types: () => now(() => texts(listTypes()), []),
      list_objects: (type) => now(() => texts(listObjects(type)), []),
      get: (type, id) => told(() => get(type, id)),
      ...(stats && { stats: () => now(stats, {}) }),
      ...(schema && { schema: (type) => now(() => schema(type), {}) }),
    });
  }
}

/** @param {any} list */
function texts(list) {
  return Array.isArray(list) ? list.map(String) : [];
}

/**
 * The registry asks without waiting, for all types in one go: a callback that throws, or answers
 * later, must not cost the others.
 * @template T @param {() => T} action @param {T} otherwise
 */
function now(action, otherwise) {
  try {
    const value = action();
    if (typeof (/** @type {any} */ (value)?.then) !== 'function') return value ?? otherwise;
    /** @type {any} */ (value).then(undefined, () => {});
  } catch {
    // The observer sees that there is nothing.
  }
  return otherwise;
}

/** @param {() => any} action */
function told(action) {
  try {
    const value = action();
    if (typeof value?.then !== 'function') return value;
    value.then(undefined, () => {});
    return { nodeobs_error: 'get answers later; ask over HTTP' };
  } catch (error) {
    return { nodeobs_error: callbackText('get', error) };
  }
}

// Not before it is needed: it opens this thread's endpoint, and a client needs none.
function threadRegistry() {
  return require('../agent').registry;
}

module.exports = { LIMITS, Service };
