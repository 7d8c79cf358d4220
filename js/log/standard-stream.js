'use strict';
// The short way to stdout and stderr. Going through the stream costs more than the record; it is
// only needed where somebody has replaced its `write`, and where the reader is slow.

const { Buffer } = require('node:buffer');
const fs = require('node:fs');
const { isMainThread } = require('node:worker_threads');

const DESCRIPTORS = new Set([1, 2]);

class StandardStream {
  /** @param {any} stream process.stdout or process.stderr */
  constructor(stream) {
    this.stream = stream;
    this.inherited = Object.getPrototypeOf(stream).write;
  }

  /**
   * What the stream still has to write comes first, and what the descriptor does not take, or
   * takes with an error, is left to the stream: it waits, and emits errors.
   * @param {string} line
   */
  write(line) {
    const { stream } = this;
    const direct =
      stream.write === this.inherited &&
      stream.writableLength === 0 &&
      stream.writableCorked === 0 &&
      stream.writable;
    if (!direct) return stream.write(line);
    let written = 0;
    try {
      written = fs.writeSync(stream.fd, line);
    } catch {
      return stream.write(line);
    }
    if (written >= Buffer.byteLength(line)) return true;
    return stream.write(Buffer.from(line).subarray(written));
  }
}

/** @param {any} stream @returns {StandardStream | undefined} undefined: it is another stream */
function standardStream(stream) {
  if (!isMainThread || !DESCRIPTORS.has(stream?.fd)) return undefined;
  return stream === process.stdout || stream === process.stderr
    ? new StandardStream(stream)
    : undefined;
}

module.exports = { standardStream };
