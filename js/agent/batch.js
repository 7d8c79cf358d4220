'use strict';
// The records of one topic that travel together, and the buffer they are written from.

const { LONG_HEADER_BYTES, longHeader } = require('./zmtp');

const BATCH_CHARS = 64 * 1024;

// Batches are written from one buffer, which holds a message as it goes over the wire: the topic
// and the header, which differ from peer to peer, are put right before the payload. Only what the
// kernel does not take at once is copied. Its size: a batch with one giant still fits, in UTF-8.
const HEAD_BYTES = 8192;
const SCRATCH_BYTES = HEAD_BYTES + LONG_HEADER_BYTES + 3 * 2 * BATCH_CHARS;

/** The records of one topic and loop turn; one payload for all the peers that want it. */
class Batch {
  /** @param {import('./bus').Bus} bus @param {string} text @param {number} records @param {string} order */
  constructor(bus, text, records, order) {
    this.records = records;
    this.order = order;
    this.holders = 0; // queues that hold it
    /** @type {Buffer | null} in which it lies, from HEAD_BYTES on; null: larger than any queue */
    this.room = null;
    this.bytes = Number.POSITIVE_INFINITY; // with the frame's header
    /** @type {Buffer | null} */
    this.copy = null;
    if (text.length <= bus.limits.peer) this.#encode(bus, text);
  }

  /** @param {import('./bus').Bus} bus @param {string} text */
  #encode(bus, text) {
    const start = HEAD_BYTES + LONG_HEADER_BYTES;
    const shared = text.length <= 2 * BATCH_CHARS;
    this.room = shared ? bus.scratch() : Buffer.allocUnsafe(start + Buffer.byteLength(text));
    const length = this.room.write(text, start, 'utf8');
    longHeader(this.room, HEAD_BYTES, 0, length);
    this.bytes = LONG_HEADER_BYTES + length;
  }

  /** The payload's frame, to be kept. */
  payload() {
    const room = /** @type {Buffer} */ (this.room);
    this.copy ??= Buffer.from(room.subarray(HEAD_BYTES, HEAD_BYTES + this.bytes));
    return this.copy;
  }
}

module.exports = { BATCH_CHARS, Batch, HEAD_BYTES, SCRATCH_BYTES };
