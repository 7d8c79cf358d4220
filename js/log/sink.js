'use strict';
// Where the records of a logger go: its streams with their levels. A logger and its simple
// children have one sink in common, any other child has its own, which shares the list of streams
// until one of the two changes it: a child per request costs one small object.

const { levelBits } = require('./levels');

/** @typedef {import('./streams').StreamEntry} StreamEntry */

class Sink {
  #shared = false; // another sink has the same list
  #exposed = false; // the application has the list, so nobody may share it
  #forked = false; // the streams are the parent's

  /**
   * @param {import('./channel').LogChannel} channel
   * @param {StreamEntry[]} entries
   * @param {number} level
   */
  constructor(channel, entries, level) {
    this.channel = channel;
    this.entries = entries;
    /** The lowest level of the streams. */
    this.level = level;
    /** Log methods that reach a stream: bit 0 is trace, bit 5 fatal. */
    this.mask = levelBits(level);
    /** Whether a stream gets records as objects, and whether one gets lines. */
    this.raw = false;
    this.lines = false;
  }

  /** The sink of a child. */
  fork() {
    const fork = new Sink(this.channel, this.entries, this.level);
    fork.raw = this.raw;
    fork.lines = this.lines;
    fork.#shared = true;
    fork.#forked = true;
    if (this.#exposed) fork.#own();
    else this.#shared = true;
    return fork;
  }

  /** The list as the application sees it: it may change entries in place. */
  expose() {
    this.#own();
    this.#exposed = true;
    return this.entries;
  }

  /** @param {StreamEntry[]} entries */
  replace(entries) {
    this.entries = entries;
    this.#shared = false;
    this.#exposed = true;
    this.#update();
  }

  /** @param {StreamEntry} entry */
  add(entry) {
    this.#own();
    this.entries.push(entry);
    this.#update();
  }

  /** @param {number} level of all streams */
  setLevel(level) {
    this.#own();
    for (const entry of this.entries) entry.level = level;
    this.level = level;
    this.mask = levelBits(level);
  }

  /** @param {number} index of a stream @param {number} level */
  setStreamLevel(index, level) {
    this.#own();
    this.entries[index].level = level;
    this.#update();
  }

  /** For the `loggers` request. */
  describe() {
    const streams = this.entries.map(({ type, level, name }) => ({
      type: String(type),
      level,
      name: name === undefined ? null : String(name),
    }));
    return { level: this.level, streams };
  }

  #own() {
    if (!this.#shared) return;
    this.entries = this.entries.map((entry) => ({
      ...entry,
      closeOnExit: entry.closeOnExit && !this.#forked,
    }));
    this.#shared = false;
  }

  #update() {
    this.level = Math.min(...this.entries.map(({ level }) => level));
    this.mask = levelBits(this.level);
    this.raw = this.entries.some(({ raw }) => raw);
    this.lines = this.entries.some(({ raw }) => !raw);
  }
}

module.exports = { Sink };
