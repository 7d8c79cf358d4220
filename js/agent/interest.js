'use strict';
// What one peer gets of one topic, and what it misses: every record is sent or counted as dropped.

const { HEAD_BYTES } = require('./batch');
const { Entry } = require('./outbox');
const { textFrame } = require('./zmtp');

const PROTOCOL = 1;
const HEADER_BYTES = 96; // of a header frame, its order left aside, with the longest numbers

/** @typedef {import('./batch').Batch} Batch */
/** @typedef {import('./topic').Topic} Topic */

/** One peer's wish for one topic. */
class Interest {
  /** @param {import('./peer').Peer} peer @param {Topic} topic */
  constructor(peer, topic) {
    this.peer = peer;
    this.topic = topic;
    this.position = 0; // records accounted for: queued, sent or dropped
    this.unreported = 0; // dropped and not yet told to the peer
  }

  /** @param {number} records @param {string} order with its leading comma */
  #header(records, order) {
    const { position, unreported } = this;
    this.position += records;
    this.unreported = 0;
    return textFrame(
      `{"v":${PROTOCOL},"seq":${position},"n":${records},"dropped":${unreported}${order}}`,
      true,
    );
  }

  /** @param {Batch} batch */
  offer(batch) {
    const { bus, frame } = this.topic;
    const { outbox } = this.peer;
    const { records } = batch;
    if (!bus.fits(outbox, batch, frame.length + HEADER_BYTES + batch.order.length)) {
      this.position += records;
      this.unreported += records;
      this.#count('dropped', records);
      if (outbox.empty) this.report(); // nothing will drain, so nothing else would tell
      return;
    }
    const header = this.#header(records, batch.order);
    if (outbox.empty && frame.length + header.length <= HEAD_BYTES) {
      this.#sendNow(batch, header);
    } else {
      bus.hold(batch);
      outbox.push(new Entry([frame, header, batch.payload()], this, records, batch));
    }
  }

  /** @param {Batch} batch @param {Buffer} header */
  #sendNow(batch, header) {
    const { frame } = this.topic;
    const room = /** @type {Buffer} */ (batch.room);
    const start = HEAD_BYTES - frame.length - header.length;
    room.set(frame, start);
    room.set(header, start + frame.length);
    const message = room.subarray(start, HEAD_BYTES + batch.bytes);
    if (this.peer.outbox.sendNow(message, this, batch.records)) this.#count('sent', batch.records);
  }

  /** Tells the peer of drops that no later batch has told. */
  report() {
    if (this.unreported === 0) return;
    const buffers = [this.topic.frame, this.#header(0, ''), textFrame('', false)];
    this.peer.outbox.push(new Entry(buffers, null, 0, null));
  }

  /** The kernel has taken a queued message. @param {Entry} entry */
  sent(entry) {
    if (entry.batch !== null) this.topic.bus.release(entry.batch);
    this.#count('sent', entry.records);
  }

  /** The peer went before it had a queued message. @param {Entry} entry */
  lost(entry) {
    if (entry.batch !== null) this.topic.bus.release(entry.batch);
    this.#count('dropped', entry.records);
  }

  /** @param {'sent' | 'dropped'} what @param {number} records */
  #count(what, records) {
    this.topic[what] += records;
    this.peer[what] += records;
    this.topic.bus.costs.records[what] += records;
  }
}

module.exports = { Interest, PROTOCOL };
