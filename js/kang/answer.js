'use strict';
// The body of an answer: kang's JSON, built in slices, bounded, with a note of what is not in it.

const { cut } = require('../log/walk');
const { outcome } = require('./callback');
const { Group, NAME_MAX } = require('./group');
const { JsonText } = require('./json-text');
const { Pace } = require('./pace');

const CHUNK = 1 << 16;
/** Callbacks that answer later are asked so many at a time. */
const AT_ONCE = 32;
const NOTES_MAX = 100;
/** Characters of a name in a note. */
const NOTED_NAME_MAX = 100;
/** Kept for what follows the objects. */
const RESERVE = 64 << 10;
/** Members of a snapshot that are no types. */
const RESERVED = new Set(['service', 'stats', 'types', 'nodeobs']);

/**
 * @typedef {import('./service').Service} Service
 * @typedef {import('./callback').Outcome} Outcome
 * @typedef {object} Note what is not in the answer
 * @property {string} error
 * @property {string} [type]
 * @property {string} [id]
 */

class Answer {
  /** @type {Buffer[]} */
  #chunks = [];
  #text = '';
  #size = 0;
  /** @type {Note[]} */
  #notes = [];
  #noted = 0;

  /** @param {Service} service @param {() => boolean} [unwanted] whether nobody waits any more */
  constructor(service, unwanted = () => false) {
    this.service = service;
    this.unwanted = unwanted;
    this.pace = new Pace(service.limits.answer_ms);
    this.room = service.limits.bytes;
  }

  /** @returns {Promise<Buffer[]>} */
  async snapshot() {
    const { service } = this;
    this.#put(`{"service":${JSON.stringify(service.service)},"stats":`);
    await this.#write({ type: 'stats' }, 'stats', await this.#stats());
    const types = await this.#types();
    this.#put(`,"types":${JSON.stringify(types)}`);
    for (const type of new Set(types)) {
      if (this.unwanted()) break;
      if (this.#left() === 'limits.bytes') {
        this.#note({ type, error: 'limits.bytes: left out' });
        continue;
      }
      this.#put(`,${JSON.stringify(type)}:{`);
      await this.#objects(type);
      this.#put('}');
    }
    return this.#finish();
  }

  /** @returns {Promise<Buffer[]>} */
  async schema() {
    const { service } = this;
    if (!service.hasSchema) {
      this.#put('{');
      return this.#finish(false);
    }
    const types = await this.#types();
    this.#put(`{"service":${JSON.stringify(service.service)},"types":${JSON.stringify(types)}`);
    this.#put(',"schemas":{');
    let first = true;
    for (const type of new Set(types)) {
      const got = await this.#ask('schema', () => service.schema(type));
      if ('error' in got) this.#note({ type, error: got.error });
      else if (await this.#entry(first, { type }, type, got.value)) first = false;
    }
    this.#put('}');
    return this.#finish();
  }

  async #stats() {
    const got = await this.#ask('stats', () => this.service.stats());
    if ('error' in got) this.#note({ type: 'stats', error: got.error });
    /** @type {Record<string, any>} */
    const stats = {};
    try {
      if ('value' in got) for (const key in got.value) stats[key] = got.value[key];
    } catch (error) {
      this.#note({ type: 'stats', error: `stats threw: ${error}` });
    }
    stats.started = this.service.started;
    stats.memory = process.memoryUsage();
    return stats;
  }

  /** @returns {Promise<string[]>} */
  async #types() {
    const got = await this.#ask('list_types', () => this.service.listTypes());
    if ('error' in got) this.#note({ error: got.error });
    else if (!Array.isArray(got.value)) this.#note({ error: 'list_types gave no array' });
    else return this.#chosen(got.value);
    return [];
  }

  /** @param {unknown[]} types */
  #chosen(types) {
    const { objects } = this.service.limits;
    const left = types.length - objects;
    if (left > 0)
      this.#note({ error: `limits.objects: left out ${left} of ${types.length} types` });
    return /** @type {string[]} */ (types.slice(0, objects).filter((type) => this.#isType(type)));
  }

  /** @param {unknown} type */
  #isType(type) {
    if (typeof type !== 'string') this.#note({ error: `a type is no string: ${typeof type}` });
    else if (type.length > NAME_MAX) this.#note({ type, error: 'the name is too long' });
    else if (RESERVED.has(type)) this.#note({ type, error: 'no type can have this name' });
    else return true;
    return false;
  }

  /** @param {string} type */
  async #objects(type) {
    const { limits } = this.service;
    const got = await this.#ask('list_objects', () => this.service.listObjects(type));
    if ('error' in got) {
      this.#note({ type, error: got.error });
      return;
    }
    if (!Array.isArray(got.value)) {
      this.#note({ type, error: 'list_objects gave no array' });
      return;
    }
    const listed = got.value;
    let end = Math.min(listed.length, limits.objects);
    let limit = end < listed.length ? 'limits.objects' : null;
    const group = new Group(this.service, type);
    /** @type {Set<string>} */
    const seen = new Set();
    let first = true;
    for (let i = 0; i < end || group.waiting.length > 0; ) {
      if (this.unwanted()) return;
      const reached = this.#left();
      if (reached !== null && i < end) {
        limit = reached;
        end = i; // those that were asked for are written
        continue;
      }
      if (i < end) group.ask(listed[i++], seen, Math.min(limits.callback_ms, this.pace.left()));
      if (group.later && group.waiting.length < AT_ONCE && i < end) continue;
      // Nothing is awaited where nothing has to be: that would cost more than the objects.
      for (const [id, outcome] of group.later ? await group.settled() : group.taken()) {
        const value = this.#valueOf(type, id, outcome);
        const written = this.#entry(first, { type, id }, id, value);
        if (written === true || (written !== false && (await written))) first = false;
      }
      if (this.pace.over()) await this.pace.pause();
    }
    if (limit !== null) {
      const left = listed.length - end;
      this.#note({ type, error: `${limit}: left out ${left} of ${listed.length} objects` });
    }
  }

  /** @param {string} type @param {string} id @param {Outcome} outcome */
  #valueOf(type, id, outcome) {
    if ('value' in outcome) return outcome.value;
    this.#note({ type, id, error: outcome.error });
    return { nodeobs_error: outcome.error };
  }

  /** Which limit is reached. @returns {string | null} */
  #left() {
    if (this.room - this.#size < RESERVE) return 'limits.bytes';
    return this.pace.left() <= 0 ? 'limits.answer_ms' : null;
  }

  /** @param {string} name @param {() => any} action */
  async #ask(name, action) {
    const ms = Math.min(this.service.limits.callback_ms, this.pace.left());
    const got = await outcome(name, action, ms);
    await this.pace.pause();
    return got;
  }

  /**
   * A member of an object.
   * @param {boolean} first @param {Omit<Note, 'error'>} what @param {string} key
   * @param {unknown} value
   * @returns {boolean | Promise<boolean>} whether there is one: JSON has no undefined
   */
  #entry(first, what, key, value) {
    return this.#write(what, key, value, `${first ? '' : ','}${JSON.stringify(key)}:`);
  }

  /**
   * @param {Omit<Note, 'error'>} what @param {string} key @param {unknown} value
   * @param {string} [before]
   * @returns {boolean | Promise<boolean>} a promise only where it takes more than this slice
   */
  #write(what, key, value, before = '') {
    const text = new JsonText(key, value, Math.max(0, this.room - this.#size - RESERVE));
    if (!text.run(this.pace.over)) return this.#writeOn(what, text, before);
    return this.#written(what, text, before);
  }

  /** @param {Omit<Note, 'error'>} what @param {JsonText} text @param {string} before */
  async #writeOn(what, text, before) {
    this.#put(before + text.take()); // more is to come, so there is something
    do await this.pace.pause();
    while (!this.#more(text));
    this.#written(what, text, '');
    return true;
  }

  /** @param {JsonText} text */
  #more(text) {
    const done = text.run(this.pace.over);
    this.#put(text.take());
    return done;
  }

  /** @param {Omit<Note, 'error'>} what @param {JsonText} text @param {string} before */
  #written(what, text, before) {
    const all = text.take();
    if (all !== '') this.#put(before + all);
    if (text.cut) this.#note({ ...what, error: 'is cut off' });
    return all !== '';
  }

  /** @param {string} text */
  #put(text) {
    this.#text += text;
    this.#size += text.length;
    if (this.#text.length >= CHUNK) this.#flush();
  }

  #flush() {
    const chunk = Buffer.from(this.#text);
    this.#size += chunk.length - this.#text.length; // what takes more than a byte
    this.#chunks.push(chunk);
    this.#text = '';
  }

  /** @param {Note} note */
  #note(note) {
    this.#noted += 1;
    if (this.#notes.length === NOTES_MAX) return;
    const { type, id, error } = note;
    this.#notes.push({ type: shortName(type), id: shortName(id), error });
  }

  /** @param {boolean} [notes] */
  #finish(notes = true) {
    if (notes && this.#noted > 0) {
      const told = { errors: this.#notes, more: this.#noted - this.#notes.length };
      this.#put(`,"nodeobs":${JSON.stringify(told)}`);
    }
    this.#put('}');
    this.#flush();
    return this.#chunks;
  }
}

/** @param {string | undefined} name */
function shortName(name) {
  return name === undefined ? undefined : cut(name, NOTED_NAME_MAX);
}

module.exports = { Answer };
