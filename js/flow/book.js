'use strict';
// The flows that can be looked at. The newest are in a log, over or not, so that a flow which soon
// ends costs one write into a young array; those that stay live longer than the log reaches move to
// a set, and the oldest of very many are held weakly: an application that has dropped their
// callbacks for ever does not keep them.

/** @typedef {import('./flow').Flow} Flow */

const CHUNK_BITS = 6;
const CHUNK = 1 << CHUNK_BITS;
const CHUNKS_MAX = 8; // 512 flows: more would cost the garbage collector more than the rest of all
const CHUNKS_MASK = 15;
const OLDER_MAX = 4096;
const WEAK_MAX = 16384;
const RECENT_MAX = 256;

class Book {
  constructor() {
    /** How many there have been. */
    this.made = 0;
    /** Tells this copy of the package from others in the thread. */
    this.prefix = '';
    /** The number up to which flows are out of the log. */
    this.aged = 0;
    /** Flows that were collected before they ended. */
    this.abandoned = 0;
    /** Callbacks that were called again. */
    this.twice = 0;
    /** Live, but there are too many of them to be listed. */
    this.unlisted = 0;
    /** @type {(Flow | null)[]} */
    this.chunk = new Array(CHUNK).fill(null);
    this.used = 0;
    /** @type {(Flow | null)[][]} the oldest first */
    this.chunks = [];
    /** By chunk: its flows that are not over. One that has none is not looked through. */
    this.open = new Uint8Array(CHUNKS_MASK + 1);
    this.open[0] = CHUNK;
    /** @type {Map<number, Flow>} live, out of the log */
    this.older = new Map();
    /** @type {Map<number, WeakRef<Flow>>} live, the oldest of all */
    this.weak = new Map();
    /** @type {Flow[]} ended after they were out of the log; a ring */
    this.recent = [];
    this.recentAt = 0;
    this.collected = new FinalizationRegistry((/** @type {number} */ seq) => {
      if (this.weak.delete(seq)) this.abandoned += 1;
    });
  }

  /** @param {Flow} flow @returns {number} its number */
  add(flow) {
    if (this.used === CHUNK) this.#turn();
    this.chunk[this.used++] = flow;
    return ++this.made;
  }

  #turn() {
    this.chunks.push(this.chunk);
    this.chunk = new Array(CHUNK).fill(null);
    this.used = 0;
    this.open[(this.made >> CHUNK_BITS) & CHUNKS_MASK] = CHUNK;
    if (this.chunks.length < CHUNKS_MAX) return;
    const oldest = /** @type {Flow[]} */ (this.chunks.shift());
    const open = this.open[(this.aged >> CHUNK_BITS) & CHUNKS_MASK];
    this.aged += CHUNK;
    if (open === 0) return;
    for (const flow of oldest) if (!flow.over) this.#age(flow);
  }

  /** @param {Flow} flow */
  #age(flow) {
    this.older.set(flow.seq, flow);
    if (this.older.size <= OLDER_MAX) return;
    const [oldest] = this.older.values();
    this.older.delete(oldest.seq);
    if (this.weak.size >= WEAK_MAX) {
      this.unlisted += 1;
      return;
    }
    const ref = new WeakRef(oldest);
    this.weak.set(oldest.seq, ref);
    this.collected.register(oldest, oldest.seq, oldest);
  }

  /** @param {number} seq */
  idOf(seq) {
    return `${this.prefix}${seq}`;
  }

  /** A flow has ended. @param {Flow} flow */
  end(flow) {
    const { seq } = flow;
    if (seq > this.aged) this.open[((seq - 1) >> CHUNK_BITS) & CHUNKS_MASK]--;
    else this.#leave(flow);
  }

  /** @param {Flow} flow */
  #leave(flow) {
    if (!this.older.delete(flow.seq)) {
      if (this.weak.delete(flow.seq)) this.collected.unregister(flow);
      else this.unlisted -= 1;
    }
    this.recent[this.recentAt] = flow;
    this.recentAt = (this.recentAt + 1) % RECENT_MAX;
  }

  /** Live flows, the oldest first. @returns {Generator<Flow>} */
  *live() {
    for (const ref of this.weak.values()) {
      const flow = ref.deref();
      if (flow) yield flow;
    }
    yield* this.older.values();
    for (const flow of this.#log()) if (!flow.over) yield flow;
  }

  /**
   * All of them, live ones first, each once: for somebody who goes on later, when some have ended.
   * @returns {Generator<Flow>}
   */
  *walk() {
    /** @type {Set<number>} */
    const seen = new Set();
    for (const flows of [this.live(), this.over()]) {
      for (const flow of flows) {
        if (seen.has(flow.seq)) continue;
        seen.add(flow.seq);
        yield flow;
      }
    }
  }

  /** Ended ones, the newest first. @returns {Generator<Flow>} */
  *over() {
    for (let seq = this.made; seq > this.aged; seq--) {
      const flow = this.#logged(seq);
      if (flow?.over) yield flow;
    }
    const { length } = this.recent;
    for (let i = 1; i <= length; i++) yield this.recent[(this.recentAt - i + length) % length];
  }

  // Those that leave the log meanwhile are found where they are then.
  /** @returns {Generator<Flow>} */
  *#log() {
    const { made } = this;
    for (let seq = this.aged + 1; seq <= made; seq++) {
      const flow = seq > this.aged ? this.#logged(seq) : this.#older(seq);
      if (flow) yield flow;
    }
  }

  /** @param {number} seq @returns {Flow | undefined} a live one that is out of the log */
  #older(seq) {
    return this.older.get(seq) ?? this.weak.get(seq)?.deref();
  }

  /** @param {number} seq @returns {Flow | null | undefined} */
  #logged(seq) {
    const at = seq - this.aged - 1;
    return (this.chunks[Math.floor(at / CHUNK)] ?? this.chunk)[at % CHUNK];
  }

  /** @param {number} seq @returns {Flow | null | undefined} */
  find(seq) {
    if (seq > this.aged) return seq <= this.made ? this.#logged(seq) : undefined;
    return this.#older(seq) ?? this.recent.find((flow) => flow.seq === seq);
  }

  /** How many can be looked at. */
  count() {
    return this.older.size + this.weak.size + this.recent.length + this.made - this.aged;
  }
}

/** All flows that this copy of the package makes. */
const book = new Book();

module.exports = { Book, book };
