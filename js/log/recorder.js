'use strict';
// The flight recorder: a thread's latest log records. Of what was logged the line is kept, which
// was made anyway. Of what was not, and that is kept only where a logger asks for it, the call is:
// it becomes a line when somebody wants to see it.

const fs = require('node:fs');
const { inspect } = require('node:util');
const { resolveLevel } = require('./levels');

const RECORDS = 1000;
const CHARS = 1 << 20;
const FILE_MODE = 0o600; // records may be nobody else's business

/** @typedef {import('./kept-call').KeptCall} KeptCall */

/**
 * @typedef {object} Slot
 * @property {string | KeptCall} record
 * @property {number} size characters that it counts for
 * @property {number} level
 * @property {string} name of the logger
 * @property {number} n its number on the bus; -1: was not published
 */

class Recorder {
  /** @type {Slot[]} a ring */
  #slots = [];
  #next = 0;
  #count = 0;
  #size = 0;
  /** @type {Set<string>} */
  #crashFiles = new Set();

  constructor() {
    this.limits = { records: RECORDS, chars: CHARS };
    /** Whether anything is kept. */
    this.on = true;
  }

  /**
   * Keeps a record; older ones make room.
   * @param {string | KeptCall} record
   * @param {number} level
   * @param {string} name of the logger
   * @param {number} n its number on the bus, or -1
   */
  keep(record, level, name, n) {
    if (!this.on) return;
    const { records, chars } = this.limits;
    const size = typeof record === 'string' ? record.length : record.size;
    const slot = this.#slots[this.#next];
    if (slot === undefined) {
      this.#slots[this.#next] = { record, size, level, name, n };
    } else {
      this.#size -= slot.size; // 0 when it is empty
      slot.record = record;
      slot.size = size;
      slot.level = level;
      slot.name = name;
      slot.n = n;
    }
    if (this.#count < records) this.#count += 1;
    this.#next = this.#next + 1 === records ? 0 : this.#next + 1;
    this.#size += size;
    while (this.#size > chars) this.#forgetOldest();
  }

  /** The records kept, the oldest first. @returns {{line: string, level: number, name: string, n: number}[]} */
  recent() {
    const { records } = this.limits;
    const found = [];
    for (let i = this.#count; i > 0; i--) {
      const { record, level, name, n } = this.#slots[(this.#next - i + records) % records];
      found.push({ line: typeof record === 'string' ? record : record.line(), level, name, n });
    }
    return found;
  }

  /** Forgets what it has. @param {{records?: number, bytes?: number}} limits from now on */
  limit({ records = RECORDS, bytes = CHARS }) {
    this.limits = { records, chars: bytes };
    this.#slots = [];
    this.#next = 0;
    this.#count = 0;
    this.#size = 0;
  }

  /**
   * Writes the records to a file when the process dies of an uncaught exception.
   * @param {string} path `%p` in it becomes the pid
   */
  writeOnCrash(path) {
    if (this.#crashFiles.size === 0) {
      process.on('uncaughtExceptionMonitor', (error, origin) => {
        // With a listener the application lives on.
        if (process.listenerCount('uncaughtException') === 0) this.#write(error, origin);
      });
    }
    this.#crashFiles.add(path);
  }

  /** @param {unknown} error @param {string} origin */
  #write(error, origin) {
    for (const path of this.#crashFiles) {
      try {
        const lines = this.recent().map(({ line }) => line);
        const died = { time: new Date().toISOString(), pid: process.pid, origin };
        lines.push(`${JSON.stringify({ crash: { ...died, error: inspect(error) } })}\n`);
        fs.writeFileSync(path.replaceAll('%p', String(process.pid)), lines.join(''), {
          mode: FILE_MODE,
        });
      } catch {
        // The process is dying of something else.
      }
    }
  }

  #forgetOldest() {
    const { records } = this.limits;
    const oldest = this.#slots[(this.#next - this.#count + records) % records];
    this.#size -= oldest.size;
    this.#count -= 1;
    oldest.record = '';
    oldest.size = 0;
  }
}

/**
 * The `recorder` option of a logger: what of the records of its name is kept.
 * @typedef {object} RecorderOptions
 * @property {number} level from which on; Infinity: what is logged anyway, -1: nothing
 * @property {number} [records]
 * @property {number} [bytes]
 * @property {string} [onCrash]
 */

/**
 * @param {any} option
 * @returns {RecorderOptions | null} null: it is none, but a field
 * @throws {TypeError} what is wrong with it
 */
function recorderOptions(option) {
  if (typeof option === 'boolean') return { level: option ? 0 : -1 };
  if (typeof option !== 'object' || option === null) return null;
  const { level = 0, records, bytes, onCrash, ...more } = option;
  const [unknown] = Object.keys(more);
  if (unknown !== undefined) throw invalid(`has no "${unknown}"`);
  for (const [name, value] of Object.entries({ records, bytes })) {
    if (value === undefined || (Number.isInteger(value) && value > 0)) continue;
    throw invalid(`"${name}" must be a number from 1`);
  }
  if (onCrash !== undefined && typeof onCrash !== 'string')
    throw invalid('"onCrash" must be a path');
  return { level: resolveLevel(level), records, bytes, onCrash };
}

/** @param {string} what */
function invalid(what) {
  return new TypeError(`invalid options.recorder: ${what}`);
}

module.exports = { Recorder, recorderOptions };
