'use strict';
// Lines that the kernel took only in part: a disk became full in the middle of one.

const { Buffer } = require('node:buffer');
const fs = require('node:fs');

const LF = 0x0a;

class CutChunk {
  /**
   * @param {number} fd that it was being written to
   * @param {Buffer} bytes whole lines
   * @param {number} written how many of the bytes
   */
  constructor(fd, bytes, written) {
    this.bytes = bytes;
    this.written = written;
    this.#remember(fd);
  }

  /**
   * Writes the rest. Where another process has written in between, the line that was cut is
   * written again, whole, on a line of its own.
   * @param {number} fd
   * @returns {number} bytes written
   * @throws {NodeJS.ErrnoException} what the write did not take is kept
   */
  goOn(fd) {
    let total = 0;
    if (this.size !== sizeOf(fd)) this.#beginAnew();
    while (this.written < this.bytes.length) {
      const n = fs.writeSync(fd, this.bytes, this.written);
      if (n === 0) throw Object.assign(new Error('nothing is written'), { code: 'EIO' });
      this.written += n;
      total += n;
      this.#remember(fd);
    }
    return total;
  }

  /** What is left, from the beginning of the line that was cut on: for another file. */
  lines() {
    return this.bytes.toString('utf8', this.#start());
  }

  #beginAnew() {
    const start = this.#start();
    if (start === this.written) return; // it was cut between two lines
    this.bytes = Buffer.concat([Buffer.of(LF), this.bytes.subarray(start)]);
    this.written = 0;
  }

  #start() {
    return this.written === 0 ? 0 : this.bytes.lastIndexOf(LF, this.written - 1) + 1;
  }

  /** @param {number} fd */
  #remember(fd) {
    this.size = sizeOf(fd);
  }
}

/** Of the file in bytes; null where it has none. @param {number} fd */
function sizeOf(fd) {
  try {
    return fs.fstatSync(fd).size;
  } catch {
    return null;
  }
}

module.exports = { CutChunk };
