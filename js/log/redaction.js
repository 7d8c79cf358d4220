'use strict';
// Redaction: values at given paths of a record's fields are replaced before anybody gets to see
// them: streams, observers, the flight recorder. What the application passed is not changed: along
// a path that is there, objects are copied.

const { isError, serializeError } = require('./errors');

const CENSOR = '[Redacted]';
const ANY = '*';

// A name, or an index or a name in brackets, which quotes may stand around.
const STEP = /([^.[\]]+)|\[(?:"([^"]*)"|'([^']*)'|([^\]]*))\]/g;
const PATH =
  /^(?:[^.[\]]+|\[(?:"[^"]*"|'[^']*'|[^\]'"]+)\])(?:\.[^.[\]]+|\[(?:"[^"]*"|'[^']*'|[^\]'"]+)\])*$/;

/** @typedef {(value: unknown) => unknown} Censor */

class Step {
  /** @type {Map<string, Step>} */
  next = new Map();
  end = false;
}

class Redaction {
  #root = new Step();
  #censor;
  #remove;

  /**
   * @param {any} option paths, or `{paths, censor, remove}`: see docs/logging.md
   * @param {Redaction | null} inherited whose paths hold too
   * @throws {TypeError} what is wrong with the option
   */
  constructor(option, inherited) {
    const {
      paths,
      censor = CENSOR,
      remove = false,
    } = Array.isArray(option) ? { paths: option } : option;
    /** @type {string[]} */
    this.paths = [...(inherited?.paths ?? []), ...checked(paths)];
    this.#censor = censor;
    this.#remove = Boolean(remove);
    for (const path of this.paths) this.#add(path);
  }

  /** Whether something in a field may be redacted. @param {string} field */
  concerns(field) {
    return this.#root.next.has(field) || this.#root.next.has(ANY);
  }

  /**
   * A field's value as everybody may see it; undefined: not at all.
   * @param {string} field @param {unknown} value after its serializer
   * @returns {unknown} the value itself where there is nothing to redact
   */
  field(field, value) {
    try {
      return this.#member(this.#root, field, value);
    } catch {
      return CENSOR; // a getter that throws: better nothing than too much
    }
  }

  /** Redacts fields in place. @param {Record<string, unknown>} fields that are our own copy */
  fields(fields) {
    for (const key of Object.keys(fields)) {
      if (this.concerns(key)) fields[key] = this.field(key, fields[key]);
    }
  }

  /** @param {string} path */
  #add(path) {
    let step = this.#root;
    for (const [, ...names] of path.matchAll(STEP)) {
      const name = /** @type {string} */ (names.find((each) => each !== undefined));
      const next = step.next.get(name) ?? new Step();
      step.next.set(name, next);
      step = next;
    }
    step.end = true;
  }

  /** @param {Step} step @param {string} name @param {unknown} value */
  #member(step, name, value) {
    let result = value;
    for (const next of [step.next.get(name), step.next.get(ANY)]) {
      if (next !== undefined) result = this.#follow(next, name, result);
    }
    return result;
  }

  /** @param {Step} step @param {string} name @param {unknown} value */
  #follow(step, name, value) {
    if (value === undefined) return undefined;
    if (step.end) return this.#replacement(value);
    if (typeof value !== 'object' || value === null) return value;
    const from = asData(name, value);
    if (typeof from !== 'object' || from === null) return value;
    let copy = from;
    for (const key of step.next.has(ANY) ? Object.keys(from) : step.next.keys()) {
      if (!Object.hasOwn(from, key)) continue;
      const member = this.#member(step, key, from[key]);
      if (member === from[key]) continue;
      if (copy === from) copy = Array.isArray(from) ? [...from] : { ...from };
      copy[key] = member; // undefined: JSON leaves it out
    }
    return copy;
  }

  /** @param {unknown} value */
  #replacement(value) {
    if (this.#remove) return undefined;
    return typeof this.#censor === 'function' ? this.#censor(value) : this.#censor;
  }
}

/** What JSON would be made of. @param {string} name @param {any} value @returns {any} */
function asData(name, value) {
  if (typeof value.toJSON === 'function') return value.toJSON(name);
  return isError(value) ? serializeError(value) : value;
}

/** @param {unknown} paths */
function checked(paths) {
  const valid =
    Array.isArray(paths) && paths.every((path) => typeof path === 'string' && PATH.test(path));
  if (valid) return paths;
  throw new TypeError(
    'invalid options.redact: must be a list of paths such as "req.headers.cookie", "users[*].key" ' +
      'or "*.password", or an object with one as "paths"',
  );
}

module.exports = { Redaction };
