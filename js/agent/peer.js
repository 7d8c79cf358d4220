'use strict';
// One connection: a socket, its ZMTP session, what waits to be written, and what it asked for.

const { clearTimeout, setTimeout } = require('node:timers');
const { Entry, Outbox } = require('./outbox');
const { GREETING, MORE, ProtocolError, Session, frameHeader } = require('./zmtp');

const HANDSHAKE_MS = 5000;
/** Unref'd immediates would do, if they did not wait until something else wakes an idle loop. */
const NEXT_TURN_MS = 1;
const SUBSCRIPTIONS_MAX = 1024;
const REQUESTS_WAITING_MAX = 256;
const NAME_PREFIX = 'agent.name.';

/**
 * @typedef {object} PeerOwner what a peer reports to: the agent
 * @property {import('./bus').Bus} bus
 * @property {import('./costs').Costs} costs
 * @property {(peer: Peer, body: Buffer) => string} answer one request; never throws
 * @property {(peer: Peer) => void} gone
 */

class Peer {
  /**
   * @param {number} id @param {import('node:net').Socket} socket @param {PeerOwner} owner
   */
  constructor(id, socket, owner) {
    this.id = id;
    this.socket = socket;
    this.owner = owner;
    this.since = new Date();
    this.name = '';
    this.sent = 0; // records
    this.dropped = 0; // records
    /** @type {Map<string, number>} prefix → times subscribed */
    this.subscriptions = new Map();
    /** @type {Map<import('./topic').Topic, any>} */
    this.interests = new Map();
    /** @type {Buffer[][]} */
    this.requests = [];
    this.working = false;
    this.closed = false;
    /** @type {(() => void)[]} run when the connection ends, for what it started */
    this.endings = [];

    this.session = new Session({
      send: (bytes) => this.#write([bytes]),
      ready: () => this.#ready(),
      subscribe: (prefix, on) => this.#subscribe(prefix, on),
      message: (parts) => this.#request(parts),
    });
    this.outbox = new Outbox(() => /** @type {any} */ (socket)._handle?.fd ?? -1, {
      failed: () => this.close(),
      drained: () => this.#guard(() => this.#reportDrops()),
      retry: () => this.#guard(() => this.outbox.flush()),
    });
    this.handshake = setTimeout(() => this.#tooLate(), HANDSHAKE_MS);
    this.handshake.unref();

    socket.unref();
    socket.on('error', () => this.close());
    socket.on('close', () => this.close());
    socket.on('end', () => this.close());
    socket.on('data', (chunk) => this.#received(chunk));
    this.#write([GREETING]);
  }

  get type() {
    return this.session.type;
  }

  /** @param {import('./topic').Topic} topic */
  wants(topic) {
    for (const prefix of this.subscriptions.keys()) if (topic.matches(prefix)) return true;
    return false;
  }

  /** Cuts the peer off. @param {string} reason one of the refusals in docs/protocol.md */
  refuse(reason) {
    if (this.closed) return;
    this.owner.costs.refuse(reason);
    this.close();
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.handshake);
    this.session.end();
    this.requests = [];
    this.owner.costs.guard(() => this.owner.bus.gone(this));
    this.outbox.close();
    this.owner.costs.bytes.sent += this.outbox.written;
    const { endings } = this;
    this.endings = [];
    for (const ending of endings) this.#guard(ending);
    this.socket.destroy();
    this.owner.gone(this);
  }

  /** @param {Buffer} chunk */
  #received(chunk) {
    if (this.closed) return;
    this.owner.costs.bytes.received += chunk.length;
    this.#guard(() => this.session.feed(chunk));
  }

  // Nothing that a peer sends may surface in the application, our own mistakes included.
  /** @param {() => void} action */
  #guard(action) {
    try {
      action();
    } catch (error) {
      this.refuse(error instanceof ProtocolError ? error.reason : 'internal');
    }
  }

  #ready() {
    clearTimeout(this.handshake);
  }

  // If it was our event loop that was stuck, what the peer sent in time is read in this turn.
  #tooLate() {
    setTimeout(() => {
      if (this.type === null) this.refuse('handshake');
    }, NEXT_TURN_MS).unref();
  }

  /** @param {string} prefix @param {boolean} on */
  #subscribe(prefix, on) {
    const times = this.subscriptions.get(prefix) ?? 0;
    if (on) {
      if (times === 0 && this.subscriptions.size >= SUBSCRIPTIONS_MAX) {
        throw new ProtocolError('subscriptions', 'too many subscriptions');
      }
      if (prefix.startsWith(NAME_PREFIX)) this.name = prefix.slice(NAME_PREFIX.length);
      this.subscriptions.set(prefix, times + 1);
      if (times === 0) this.owner.bus.subscribed(this, prefix, true);
    } else if (times === 1) {
      this.subscriptions.delete(prefix);
      this.owner.bus.subscribed(this, prefix, false);
    } else if (times > 1) {
      this.subscriptions.set(prefix, times - 1);
    }
  }

  // One request a turn of the loop, so that a peer that sends thousands does not hold up the application.
  /** @param {Buffer[]} parts */
  #request(parts) {
    if (this.requests.length >= REQUESTS_WAITING_MAX) {
      throw new ProtocolError('request-flood', 'too many requests wait');
    }
    this.requests.push(parts);
    if (!this.working) this.#work();
  }

  #work() {
    this.working = false;
    const parts = this.requests.shift();
    if (parts === undefined || this.closed) return;
    this.working = true;
    this.#guard(() => this.#answer(parts));
    setTimeout(() => this.#work(), NEXT_TURN_MS).unref();
  }

  /** @param {Buffer[]} parts */
  #answer(parts) {
    // REQ puts an empty frame before the body and wants it back (RFC 28).
    const envelope = parts.length > 1 && parts[0].length === 0 ? 1 : 0;
    const body = parts[envelope];
    const answer = Buffer.from(this.owner.answer(this, body));
    const delimiter = envelope ? [frameHeader(MORE, 0)] : [];
    this.#write([...delimiter, frameHeader(0, answer.length), answer]);
  }

  #reportDrops() {
    for (const interest of this.interests.values()) interest.report();
  }

  /** @param {Buffer[]} buffers */
  #write(buffers) {
    const entry = new Entry(buffers, null, 0, null);
    if (this.outbox.bytes + entry.bytes > this.owner.bus.limits.peer) {
      throw new ProtocolError('request-flood', 'answers are not read');
    }
    this.outbox.push(entry);
  }
}

module.exports = { Peer };
