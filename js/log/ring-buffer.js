'use strict';
// The stream that keeps the latest records in memory, to be looked at when something went wrong.

const { EventEmitter } = require('node:events');

/** Holds the last `limit` records (100) in `records`, oldest first. Use it as a raw stream. */
class RingBuffer extends EventEmitter {
  /** @param {{limit?: number}} [options] */
  constructor(options) {
    super();
    this.limit = options?.limit || 100;
    this.writable = true;
    /** @type {any[]} */
    this.records = [];
  }

  /**
   * @param {unknown} record
   * @returns {true}
   * @throws {Error} after end() or destroy()
   */
  write(record) {
    if (!this.writable) throw new Error('RingBuffer has been ended already');
    this.records.push(record);
    if (this.records.length > this.limit) this.records.shift();
    return true;
  }

  /** @param {[record?: unknown]} last a last record to hold */
  end(...last) {
    if (last.length > 0) this.write(last[0]);
    this.writable = false;
  }

  destroy() {
    this.writable = false;
    this.emit('close');
  }

  destroySoon() {
    this.destroy();
  }
}

module.exports = { RingBuffer };
