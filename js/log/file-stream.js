'use strict';
// The file behind a `file` stream. It can be reopened without losing a record, for all loggers
// that write to it at once, and goes on after an error such as a full disk.

const { EventEmitter } = require('node:events');
const fs = require('node:fs');

const RETRY_MS = 1000;
const PASSED_ON = ['open', 'ready', 'drain', 'finish', 'close'];

/**
 * Appends to a file. Emits the events of fs.WriteStream; after an 'error' it opens the file anew
 * with a write that comes a second later or more. What is written in between is lost.
 */
class FileStream extends EventEmitter {
  /** @type {fs.WriteStream} */
  #out;
  #opened = 0;
  #ended = false;

  /** @param {string} path */
  constructor(path) {
    super();
    this.path = path;
    this.writable = true;
    this.#out = this.#open();
  }

  #open() {
    this.#opened = Date.now();
    const out = fs.createWriteStream(this.path, { flags: 'a', encoding: 'utf8' });
    out.on('error', (error) => this.emit('error', error));
    for (const event of PASSED_ON) {
      out.on(event, (...args) => {
        if (out === this.#out) this.emit(event, ...args);
      });
    }
    return out;
  }

  /** @param {string} line */
  write(line) {
    if (this.#out.destroyed && !this.#ended) {
      const since = Date.now() - this.#opened;
      if (since < RETRY_MS && since >= 0) return false;
      this.#out = this.#open();
    }
    return this.#out.write(line);
  }

  /**
   * Goes on in a new file of this path, for log rotation that moves the old one away. What was
   * written before goes to the old file, in the background.
   */
  reopen() {
    const old = this.#out;
    this.#ended = false;
    this.#out = this.#open();
    old.end();
  }

  /** @param {any[]} args of fs.WriteStream.end */
  end(...args) {
    this.#ended = true;
    this.writable = false;
    this.#out.end(...args);
    return this;
  }

  /** @param {Error} [error] */
  destroy(error) {
    this.#ended = true;
    this.writable = false;
    this.#out.destroy(error);
    return this;
  }

  destroySoon() {
    this.end();
  }
}

module.exports = { FileStream };
