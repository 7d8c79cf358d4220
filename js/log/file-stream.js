'use strict';
// The file behind a `file` stream. What `write` was given is with the kernel when it returns, so
// that neither process.exit nor a signal nor a crash can lose it; with `sync: false` it is there a
// millisecond later, or when the process exits. An error loses nothing either, for as long as it
// fits into HELD_MAX: a full disk or a missing directory is tried again, and the lines wait.

const { Buffer } = require('node:buffer');
const { EventEmitter } = require('node:events');
const fs = require('node:fs');
const { setTimeout } = require('node:timers'); // before anybody fakes the global
const { CutChunk } = require('./cut-chunk');

const BUFFER_CHARS = 1 << 16; // with sync: false
const BUFFER_MS = 1;
const RETRY_MS = 1000;
const HELD_MAX = 8 << 20; // characters kept while the file cannot be written

/** Those with lines that are not written yet. @type {Set<FileStream>} */
const behind = new Set();
let exiting = false;
let hooked = false;

function flushAtExit() {
  if (hooked) return;
  hooked = true;
  process.on('exit', () => {
    exiting = true; // what other listeners still log is written at once
    for (const stream of behind) stream.flush();
  });
}

/**
 * Appends to a file. Several processes may do so at once: a line is written by one system call.
 * Emits 'open', 'ready', 'finish' and 'close' as fs.WriteStream does; 'error' with the first error
 * in a row, and when lines had to be dropped, with their number in `dropped`.
 */
class FileStream extends EventEmitter {
  /** The lines that wait; in order behind #cut. */
  #held = '';
  /** @type {CutChunk | null} what was written in part */
  #cut = null;
  #dropped = 0;
  #failing = false;
  #retryAt = 0;
  /** @type {NodeJS.Timeout | null} */
  #timer = null;
  #scheduled = false;
  #reopening = false;
  #ended = false;

  /** @param {string} path @param {{sync?: boolean, mode?: number}} [options] */
  constructor(path, { sync = true, mode = 0o666 } = {}) {
    super();
    this.path = path;
    this.sync = sync;
    this.mode = mode;
    this.fd = -1;
    this.writable = true;
    this.destroyed = false;
    /** Of the present file: bytes that we have written, its identity, and since when it is. */
    this.bytesWritten = 0;
    this.dev = 0;
    this.ino = 0;
    this.openedAt = 0;
    if (typeof path !== 'string') fs.accessSync(path); // says what it must be
    flushAtExit();
    this.#open();
  }

  /**
   * @param {string} line
   * @returns {boolean} false while lines wait because of an error
   */
  write(line) {
    if (this.#ended) return this.#late();
    if (this.#held === '' && (this.sync || exiting) && this.#cut === null && this.fd >= 0) {
      this.#append(line);
      return !this.#failing;
    }
    if (this.#failing) {
      if (this.#isTime() && this.flush()) return this.write(line);
      if (this.#held.length + line.length <= HELD_MAX) this.#held += line;
      else this.#dropped += 1;
      return false;
    }
    if (this.#held === '') behind.add(this);
    this.#held += line;
    if (this.sync || exiting || this.#held.length >= BUFFER_CHARS) {
      this.flush();
    } else if (!this.#scheduled) {
      this.#schedule(BUFFER_MS);
    }
    return !this.#failing;
  }

  /** Writes what waits. Never throws. @returns {boolean} whether nothing waits any more */
  flush() {
    if (this.fd < 0 && !this.#open()) return false;
    if (this.#cut !== null && !this.#goOn()) return false;
    if (this.#held !== '') {
      const text = this.#held;
      this.#held = '';
      this.#append(text);
    }
    if (this.#held !== '' || this.#cut !== null) return false;
    behind.delete(this);
    if (this.#failing) this.#recovered();
    if (this.#reopening) this.reopen();
    return true;
  }

  /**
   * Goes on in a new file of this path, for log rotation that moves the old one away. What was
   * logged before is in the old file, what comes after in the new one. When it cannot be opened
   * the old one is kept until it can.
   * @returns {boolean} whether it could
   */
  reopen() {
    this.#reopening = false;
    this.#ended = false;
    this.writable = true;
    this.destroyed = false;
    if (this.fd < 0) return this.#open();
    if (this.#held !== '' || this.#cut !== null) this.flush();
    const old = this.fd;
    if (!this.#open()) {
      this.fd = old;
      this.#reopening = true;
      return false;
    }
    if (this.#cut !== null) this.#held = this.#cut.lines() + this.#held;
    this.#cut = null;
    close(old);
    return true;
  }

  /** As of a stream.Writable: `end([line], [encoding], [callback])`. @param {any[]} args */
  end(...args) {
    const done = args.findLast((arg) => typeof arg === 'function');
    if (this.#ended) {
      if (done) process.nextTick(done);
      return this;
    }
    if (typeof args[0] === 'string') this.write(args[0]);
    this.flush();
    process.nextTick(() => {
      done?.();
      this.emit('finish');
      this.emit('close');
    });
    this.#close();
    return this;
  }

  /** Closes it without writing what waits. @param {Error} [error] to be emitted */
  destroy(error) {
    if (this.#ended) return this;
    this.#close();
    process.nextTick(() => {
      if (error) this.emit('error', error);
      this.emit('close');
    });
    return this;
  }

  destroySoon() {
    return this.end();
  }

  /** @param {string} text lines that nothing waits before */
  #append(text) {
    let bytes = 0;
    try {
      bytes = fs.writeSync(this.fd, text);
    } catch (error) {
      this.#held = text + this.#held;
      this.#fail(error);
      return;
    }
    this.bytesWritten += bytes;
    if (bytes >= Buffer.byteLength(text)) return;
    this.#cut = new CutChunk(this.fd, Buffer.from(text), bytes);
    this.#goOn();
  }

  /** @returns {boolean} whether all of it has been written */
  #goOn() {
    try {
      this.bytesWritten += this.#cut?.goOn(this.fd) ?? 0;
      this.#cut = null;
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  /** @returns {boolean} whether it could be opened; else `fd` is -1 */
  #open() {
    this.fd = -1;
    try {
      this.fd = fs.openSync(this.path, 'a', this.mode);
    } catch (error) {
      this.#fail(error);
      return false;
    }
    const { fd } = this;
    const { dev, ino } = fs.fstatSync(fd);
    Object.assign(this, { dev, ino, openedAt: Date.now(), bytesWritten: 0 });
    process.nextTick(() => {
      this.emit('open', fd);
      this.emit('ready');
    });
    if (this.#failing && this.#held === '' && this.#cut === null) this.#recovered();
    return true;
  }

  /** @param {unknown} error */
  #fail(error) {
    this.#retryAt = Date.now() + RETRY_MS;
    behind.add(this);
    this.#schedule(RETRY_MS);
    if (this.#failing) return;
    this.#failing = true;
    process.nextTick(() => this.emit('error', error));
  }

  /** Whether to try again what failed. */
  #isTime() {
    const wait = this.#retryAt - Date.now();
    return exiting || wait <= 0 || wait > RETRY_MS; // beyond: the clock was set
  }

  #recovered() {
    const dropped = this.#dropped;
    this.#failing = false;
    this.#dropped = 0;
    process.nextTick(() => this.emit('drain'));
    if (dropped === 0) return;
    const error = new Error(`${dropped} records were dropped while ${this.path} failed`);
    const coded = Object.assign(error, { code: 'ERR_NODEOBS_RECORDS_DROPPED', dropped });
    process.nextTick(() => this.emit('error', coded));
  }

  /** @param {number} ms until the next flush; an idle process is not kept alive by it */
  #schedule(ms) {
    this.#scheduled = true;
    if (this.#timer !== null && ms === BUFFER_MS) {
      this.#timer.refresh();
      return;
    }
    const timer = setTimeout(() => {
      this.#scheduled = false;
      if (!this.#ended) this.flush();
    }, ms).unref();
    if (ms === BUFFER_MS) this.#timer = timer;
  }

  #late() {
    if (this.#failing) return false;
    this.#failing = true;
    const error = Object.assign(new Error('write after end'), {
      code: 'ERR_STREAM_WRITE_AFTER_END',
    });
    process.nextTick(() => this.emit('error', error));
    return false;
  }

  #close() {
    this.#ended = true;
    this.writable = false;
    this.destroyed = true;
    behind.delete(this);
    if (this.fd >= 0) close(this.fd);
    this.fd = -1;
  }
}

/** @param {number} fd */
function close(fd) {
  try {
    fs.closeSync(fd);
  } catch {
    // EIO of a network file system; what it was about has been reported by the writes.
  }
}

module.exports = { FileStream };
