'use strict';
// The file behind a `rotating-file` stream: bunyan's, with sizes, compression, and any number of
// processes on one path. Nobody tells them of a rotation: each looks, before it writes, whether the
// path still is the file it has open. Until it looks it writes to the one that was moved away,
// where nothing is lost.

const fs = require('node:fs');
const { clearTimeout, setTimeout } = require('node:timers'); // before anybody fakes the globals
const { format } = require('node:util');
const { assertion } = require('./assertion');
const { FileStream } = require('./file-stream');
const { withPathLock } = require('./path-lock');
const { Period } = require('./period');
const { RotatedFiles } = require('./rotated-files');

const LOOK_MS = 100;
const LOOK_CHARS = 1 << 16;
const BUSY_MS = 5; // until another process has rotated
const FAILED_MS = 10_000;
const TIMER_MAX_MS = 2 ** 31 - 1;

const UNITS = { '': 1, b: 1, k: 1 << 10, m: 1 << 20, g: 1 << 30 };

/**
 * @typedef {object} RotationOptions
 * @property {string} path
 * @property {string | null} [period] default 1d, with `size` none
 * @property {number | null} [count] rotated files kept, default 10
 * @property {number | string | null} [size] bytes from which on the file is rotated, or '10m'
 * @property {number | string | null} [totalSize] bytes of all rotated files
 * @property {boolean} [gzip] whether all but the latest of them are compressed
 * @property {boolean} [sync]
 */

class RotatingFileStream extends FileStream {
  /** @type {Period | null} */
  #period;
  #size;
  #gzip;
  #files;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;
  #lookAt = 0;
  #written = 0; // characters since we looked
  #compressing = false;
  #uncompressed = false; // there may be more to compress

  /** @param {RotationOptions} options @throws {Error} what is wrong with them */
  constructor(options) {
    const { path, count, period, size, totalSize } = checked(options);
    const modified = statOf(path)?.mtimeMs ?? null;
    super(path, options);
    this.count = count;
    /** When the next rotation is due; undefined: never by time. @type {number | undefined} */
    this.rotAt = undefined;
    this.rotating = false;
    this.periodNum = period?.number;
    this.periodScope = period?.scope;
    this.#period = period;
    this.#size = size;
    this.#gzip = Boolean(options.gzip);
    this.#files = new RotatedFiles(path, { count, totalSize });
    const now = Date.now();
    const stale = period !== null && modified !== null && modified < period.start(now);
    this.rotAt = period?.next(now);
    this.#schedule();
    if (stale) this.#rotate((stat) => stat.size > 0 && stat.mtimeMs < period.start(now));
  }

  /** @override @param {string} line */
  write(line) {
    this.#written += line.length;
    if (this.#written >= LOOK_CHARS || Date.now() >= this.#lookAt) this.#look();
    return super.write(line);
  }

  /** @override */
  flush() {
    if (Date.now() >= this.#lookAt) this.#look();
    return super.flush();
  }

  /** Rotates now, unless another process has, since we last looked. */
  rotate() {
    this.#rotate(() => true);
  }

  /** @override @param {any[]} args */
  end(...args) {
    clearTimeout(this.#timer);
    return super.end(...args);
  }

  /** @override @param {Error} [error] */
  destroy(error) {
    clearTimeout(this.#timer);
    return super.destroy(error);
  }

  /** Whether we have the path's file open, and it may stay. */
  #look() {
    const now = Date.now();
    this.#lookAt = now + LOOK_MS;
    this.#written = 0;
    if (this.destroyed || this.fd < 0) return;
    const stat = statOf(this.path);
    if (!this.#isOurs(stat)) this.reopen();
    else if (stat.size >= this.#size) this.#rotate(({ size }) => size >= this.#size);
    if (this.rotAt !== undefined && now >= this.rotAt) this.#periodOver(now);
  }

  /** @param {number} now */
  #periodOver(now) {
    const due = /** @type {number} */ (this.rotAt);
    // What was opened since is not to be rotated: another process has just made it.
    const outcome = this.openedAt < due ? this.#rotate((stat) => stat.size > 0) : 'done';
    if (outcome === 'done') this.rotAt = this.#period?.next(now, due);
    this.#schedule(outcome === 'failed' ? FAILED_MS : BUSY_MS);
  }

  /**
   * @param {(stat: fs.Stats) => boolean} due asked when nobody else can rotate
   * @returns {'done' | 'busy' | 'failed'} busy: another process is at it
   */
  #rotate(due) {
    let rotated = false;
    try {
      const free = withPathLock(this.path, () => {
        const stat = statOf(this.path);
        if (this.#isOurs(stat)) {
          if (!due(stat)) return;
          this.flush();
          this.#files.shift();
          rotated = true;
        }
        this.reopen();
      });
      this.#lookAt = Date.now() + (free ? LOOK_MS : BUSY_MS);
      if (rotated && this.#gzip) this.#compress();
      return free ? 'done' : 'busy';
    } catch (error) {
      this.#lookAt = Date.now() + FAILED_MS;
      process.nextTick(() => this.emit('error', error));
      return 'failed';
    }
  }

  /** @param {fs.Stats | null} stat @returns {stat is fs.Stats} */
  #isOurs(stat) {
    return stat !== null && stat.ino === this.ino && stat.dev === this.dev;
  }

  /**
   * A process that writes nothing rotates too, as bunyan's does.
   * @param {number} [least] ms
   */
  #schedule(least = BUSY_MS) {
    clearTimeout(this.#timer);
    if (this.rotAt === undefined) return;
    const wait = Math.max(least, this.rotAt - Date.now());
    this.#timer = setTimeout(() => this.#look(), Math.min(wait, TIMER_MAX_MS)).unref();
  }

  async #compress() {
    this.#uncompressed = true;
    if (this.#compressing) return;
    this.#compressing = true;
    const { compressAll } = require('./compression'); // only here: zlib is slow to load
    try {
      while (this.#uncompressed) {
        this.#uncompressed = false;
        await compressAll(this.#files);
      }
    } catch (error) {
      if (!this.destroyed) this.emit('error', error);
    } finally {
      this.#compressing = false;
    }
  }
}

/** @param {RotationOptions} options */
function checked({ path, count, period, size, totalSize }) {
  const files = count ?? 10;
  const shown = { path, count: files };
  if (typeof files !== 'number') {
    throw assertion(
      format(
        'rotating-file stream "count" is not a number: %j (%s) in %j',
        files,
        typeof files,
        shown,
      ),
    );
  }
  if (!(files >= 0)) {
    throw assertion(format('rotating-file stream "count" is not >= 0: %j in %j', files, shown));
  }
  return {
    path,
    count: files,
    period: period ? new Period(period) : size ? null : new Period('1d'),
    size: bytesOf('size', size),
    totalSize: bytesOf('totalSize', totalSize),
  };
}

/** @param {string} option @param {number | string | null | undefined} value */
function bytesOf(option, value) {
  if (value === undefined || value === null) return Number.POSITIVE_INFINITY;
  const match = /^(\d+(?:\.\d+)?)([bkmg]?)$/i.exec(String(value));
  const bytes = match
    ? Number(match[1]) * UNITS[/** @type {keyof typeof UNITS} */ (match[2].toLowerCase())]
    : 0;
  if (bytes >= 1) return bytes;
  throw new TypeError(
    format('rotating-file stream "%s" is not a size such as 1048576 or "10m": %j', option, value),
  );
}

/** @param {string} path */
function statOf(path) {
  try {
    return fs.statSync(path);
  } catch {
    return null;
  }
}

module.exports = { RotatingFileStream };
