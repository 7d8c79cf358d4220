'use strict';
// Several services' snapshots as one: objects by type and id, each as often as it is reported.

const { urlOf } = require('./sources');

/** @typedef {Record<string, any>} Data */

class Snapshot {
  constructor() {
    /** @type {Record<string, Record<string, Data[]>>} */
    this.cs_objects = {};
  }

  types() {
    return Object.keys(this.cs_objects);
  }

  /** @param {string} type @returns {string[]} ids */
  list(type) {
    return Object.keys(own(this.cs_objects, type) ?? {});
  }

  /** @param {string} type @param {string} ident @returns {Data[]} one for each who reports it */
  lookup(type, ident) {
    return own(own(this.cs_objects, type) ?? {}, ident) ?? [];
  }

  /** @param {string} type @param {string} ident @returns {Data | undefined} */
  lookupFirst(type, ident) {
    return this.lookup(type, ident)[0];
  }

  /** @param {string} query `type` or `type:id` */
  queryParse(query) {
    const colon = query.indexOf(':');
    if (colon < 0) return { type: query };
    return { type: query.slice(0, colon), id: query.slice(colon + 1) };
  }

  /**
   * A table of the objects that are meant; `type` alone asks for the types.
   * @param {string} query `type` or `type:id`
   */
  query(query) {
    const { type, id } = this.queryParse(query);
    return { fields: this.fieldsFor(type, this.#meant(type, id)), objects: this.#meant(type, id) };
  }

  /** @param {string} type @param {string | undefined} id @returns {Data[]} */
  #meant(type, id) {
    if (id !== undefined) return this.lookup(type, id);
    if (type === 'type') return this.types().map((name) => ({ type: name }));
    return this.list(type).flatMap((ident) => this.lookup(type, ident));
  }

  /** @param {string} type @param {Data[]} objects @returns {string[]} the type, then the others */
  fieldsFor(type, objects) {
    const fields = new Set(objects.flatMap((object) => Object.keys(object)));
    fields.delete(type);
    return [type, ...[...fields].sort()];
  }

  /**
   * The objects that a value names, as `type:id` in its keys and texts.
   * @param {any} value
   * @returns {string[]}
   */
  links(value) {
    const found = [];
    const left = [value];
    while (left.length > 0) {
      const one = left.pop();
      if (typeof one === 'string') {
        const { type, id } = this.queryParse(one);
        if (id !== undefined && this.lookup(type, id).length > 0) found.push(one);
      } else if (typeof one === 'object' && one !== null) {
        const inner = Array.isArray(one) ? one : Object.entries(one).flat();
        for (let i = inner.length - 1; i >= 0; i--) left.push(inner[i]);
      }
    }
    return found;
  }

  /** @param {string} type @param {string} ident @param {any} value @param {Data} [more] */
  add(type, ident, value, more) {
    const objects = own(this.cs_objects, type) ?? set(this.cs_objects, type, {});
    const reported = own(objects, ident) ?? set(objects, ident, []);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    reported.push({ ...(isObject ? value : { body: value }), ...more, [type]: ident });
  }
}

/**
 * @template T @param {Record<string, T>} object @param {string} key
 * @returns {T | undefined}
 */
function own(object, key) {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

// A plain assignment of "__proto__" would set the prototype.
/** @template T @param {object} object @param {string} key @param {T} value */
function set(object, key, value) {
  Object.defineProperty(object, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
  return value;
}

/**
 * Why this is no snapshot, or null where it is one.
 * @param {any} data
 */
function faultOf(data) {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return 'it is no object';
  const service = own(data, 'service');
  if (typeof service !== 'object' || service === null) return 'it has no "service"';
  const types = own(data, 'types');
  return types === undefined || Array.isArray(types) ? null : '"types" is no list';
}

/**
 * @param {any[]} snapshots each with its `source`; what is none is left out
 */
function knMergeSnapshots(snapshots) {
  const merged = new Snapshot();
  for (const snapshot of snapshots) {
    if (faultOf(snapshot) !== null) continue;
    const { service, source } = snapshot;
    const words = [service.name, ...('component' in service ? [service.component] : [])];
    const origin = [...words, service.ident].map(String).join('.');
    merged.add('service', origin, { ...service, source: urlOf(source) });
    if ('stats' in snapshot) merged.add('stats', origin, snapshot.stats);
    for (const type of snapshot.types ?? []) {
      const objects = typeof type === 'string' ? own(snapshot, type) : undefined;
      if (typeof objects !== 'object' || objects === null) continue;
      for (const [id, object] of Object.entries(objects)) merged.add(type, id, object, { origin });
    }
  }
  return merged;
}

module.exports = { Snapshot, knMergeSnapshots, faultOf };
