'use strict';
// What waits to be written to one peer. Writes go to the descriptor directly and never block.
//
// Why not socket.write(): libuv keeps the event loop alive while a write is pending, unref'd or
// not, so one observer that stopped reading would keep a finished application from exiting. Here
// nothing is ever pending in libuv; a full kernel buffer is tried again by an unref'd timer.

// Taken now, before anybody fakes or watches them: what is sent must not cause records to be sent.
const { writeSync, writevSync } = require('node:fs');
const { clearTimeout, setTimeout } = require('node:timers');

const RETRY_FIRST_MS = 1;
const RETRY_LAST_MS = 100;
const BUFFERS_PER_WRITE = 64;
// What a queued message takes in memory besides its bytes: objects, and buffers' headers.
const OVERHEAD = 1024;

/** @typedef {{sent(entry: Entry): void, lost(entry: Entry): void}} EntryOwner */

/** One message that waits, or what is left of one. */
class Entry {
  /**
   * @param {Buffer[]} buffers
   * @param {EntryOwner | null} owner told what became of it
   * @param {number} records in it
   * @param {import('./batch').Batch | null} batch whose payload it shares with other queues
   */
  constructor(buffers, owner, records, batch) {
    this.buffers = buffers;
    this.owner = owner;
    this.records = records;
    this.batch = batch;
    this.bytes = 0;
    for (const { length } of buffers) this.bytes += length;
  }
}

class Outbox {
  /**
   * @param {() => number} descriptor the non-blocking descriptor, asked before every write because
   *   its number belongs to somebody else once the socket is closed; -1 when it is
   * @param {object} events
   * @param {(error: Error) => void} events.failed the peer can't be written to any more
   * @param {() => void} events.drained the queue is empty again
   * @param {() => void} events.retry time to flush again
   */
  constructor(descriptor, events) {
    this.descriptor = descriptor;
    this.events = events;
    /** @type {Entry[]} */
    this.queue = [];
    this.head = 0; // first entry of the queue that is not sent
    this.offset = 0; // bytes of that entry that are sent
    this.bytes = 0; // held in memory for what is queued
    this.written = 0;
    this.retryMs = RETRY_FIRST_MS;
    /** @type {NodeJS.Timeout | null} */
    this.timer = null;
    this.closed = false;
  }

  get empty() {
    return this.head === this.queue.length;
  }

  /**
   * Writes past an empty queue, so that a peer that keeps up costs no memory. What the kernel does
   * not take is copied and queued.
   * @param {Buffer} message @param {EntryOwner} owner @param {number} records in it
   * @returns {boolean} whether the kernel has all of it; else the owner is told later
   */
  sendNow(message, owner, records) {
    let written = 0;
    try {
      if (!this.closed) written = this.#counted(writeSync(this.#open(), message));
    } catch (error) {
      this.#failed(error);
    }
    if (written === message.length) return true;
    const rest = Buffer.from(message.subarray(written));
    // Trying again at once would only find the kernel's buffer full again.
    if (this.#queue(new Entry([rest], owner, records, null))) this.#retryLater();
    return false;
  }

  /** @param {Entry} entry */
  push(entry) {
    if (this.#queue(entry) && this.timer === null) this.flush();
  }

  /** Writes what the kernel takes now; the rest is tried again by itself. */
  flush() {
    const backlog = this.timer !== null;
    while (!this.closed && !this.empty && this.#write());
    if (this.closed) return;
    if (!this.empty) {
      this.#retryLater();
    } else if (backlog) {
      this.#stopTimer();
      this.events.drained();
    }
  }

  /** Gives up: what is still queued is lost. */
  close() {
    if (this.closed) return;
    this.closed = true;
    this.#stopTimer();
    const rest = this.queue.slice(this.head);
    this.queue = [];
    this.head = 0;
    this.bytes = 0;
    for (const entry of rest) entry.owner?.lost(entry);
  }

  /** @param {Entry} entry @returns {boolean} false: it is lost, for the peer is gone */
  #queue(entry) {
    if (this.closed) {
      entry.owner?.lost(entry);
      return false;
    }
    this.queue.push(entry);
    this.bytes += entry.bytes + OVERHEAD;
    return true;
  }

  #open() {
    const fd = this.descriptor();
    if (fd < 0) throw new Error('the socket is closed');
    return fd;
  }

  /** @param {number} count bytes that the kernel took */
  #counted(count) {
    this.written += count;
    this.retryMs = RETRY_FIRST_MS;
    return count;
  }

  /** @param {unknown} error of a write; a full kernel buffer is none */
  #failed(error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EAGAIN') return;
    this.#stopTimer();
    this.events.failed(/** @type {Error} */ (error));
  }

  /** @returns {boolean} whether the kernel took something */
  #write() {
    /** @type {Buffer[]} */
    const buffers = [];
    let skip = this.offset;
    for (let i = this.head; i < this.queue.length && buffers.length < BUFFERS_PER_WRITE; i++) {
      for (const buffer of this.queue[i].buffers) {
        if (skip >= buffer.length) skip -= buffer.length;
        else {
          buffers.push(skip > 0 ? buffer.subarray(skip) : buffer);
          skip = 0;
        }
      }
    }
    try {
      this.#advance(this.#counted(writevSync(this.#open(), buffers)));
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  /** @param {number} count bytes just written */
  #advance(count) {
    this.offset += count;
    while (!this.empty && this.offset >= this.queue[this.head].bytes) {
      const entry = this.queue[this.head];
      this.offset -= entry.bytes;
      this.bytes -= entry.bytes + OVERHEAD;
      this.head += 1;
      entry.owner?.sent(entry);
    }
    if (this.empty) {
      this.queue.length = 0;
      this.head = 0;
    } else if (this.head > 256) {
      this.queue.splice(0, this.head);
      this.head = 0;
    }
  }

  #retryLater() {
    this.#stopTimer();
    this.timer = setTimeout(() => this.events.retry(), this.retryMs);
    this.timer.unref();
    this.retryMs = Math.min(2 * this.retryMs, RETRY_LAST_MS);
  }

  #stopTimer() {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}

module.exports = { Entry, OVERHEAD, Outbox };
