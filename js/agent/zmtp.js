'use strict';
// ZMTP 3.1 (ZeroMQ RFC 37) with the NULL mechanism, from the accepting side: greeting, handshake
// and framing as pure functions of bytes. No sockets here, so that every byte split can be tested.

const GREETING_SIZE = 64;
const LONG_HEADER_BYTES = 9;
const MORE = 0x01;
const LONG = 0x02;
const COMMAND = 0x04;

/** Limits for what a peer may send. Sizes in bytes. */
const LIMITS = Object.freeze({ message: 1 << 20, parts: 16, command: 4096, prefix: 512 });

/** A peer broke the protocol; `reason` is one of those listed in docs/protocol.md. */
class ProtocolError extends Error {
  /** @param {string} reason @param {string} message */
  constructor(reason, message) {
    super(message);
    this.reason = reason;
  }
}

const GREETING = Buffer.alloc(GREETING_SIZE);
GREETING[0] = 0xff;
GREETING[8] = 1; // libzmq writes 1 here so that a ZMTP 1.0 peer reads a harmless length
GREETING[9] = 0x7f;
GREETING[10] = 3;
GREETING[11] = 1;
GREETING.write('NULL', 12, 'latin1');

/**
 * Writes a long frame's header, which any length may have.
 * @param {Buffer} out @param {number} at @param {number} flags @param {number} length of the body
 */
function longHeader(out, at, flags, length) {
  out[at] = flags | LONG;
  out.writeUInt32BE(Math.floor(length / 2 ** 32), at + 1);
  out.writeUInt32BE(length >>> 0, at + 5);
}

/**
 * The bytes before a frame's body.
 * @param {number} flags @param {number} length of the body
 */
function frameHeader(flags, length) {
  if (length < 256) return Buffer.from([flags, length]);
  const header = Buffer.allocUnsafe(LONG_HEADER_BYTES);
  longHeader(header, 0, flags, length);
  return header;
}

/** @param {number} flags @param {Buffer} body */
function frame(flags, body) {
  return Buffer.concat([frameHeader(flags, body.length), body]);
}

/**
 * One frame of text.
 * @param {string} text @param {boolean} more true unless it is the last of its message
 */
function textFrame(text, more) {
  return frame(more ? MORE : 0, Buffer.from(text));
}

/** @param {string} name @param {Buffer} data */
function command(name, data) {
  const body = Buffer.allocUnsafe(1 + name.length + data.length);
  body[0] = name.length;
  body.write(name, 1, 'latin1');
  data.copy(body, 1 + name.length);
  return frame(COMMAND, body);
}

/** @param {string} name @param {string} value */
function property(name, value) {
  const out = Buffer.allocUnsafe(5 + name.length + value.length);
  out[0] = name.length;
  out.write(name, 1, 'latin1');
  out.writeUInt32BE(value.length, 1 + name.length);
  out.write(value, 5 + name.length, 'latin1');
  return out;
}

/**
 * The READY command that answers a peer's.
 * @param {'XPUB' | 'ROUTER'} type
 */
function ready(type) {
  const properties = [property('Socket-Type', type)];
  if (type === 'ROUTER') properties.push(property('Identity', ''));
  return command('READY', Buffer.concat(properties));
}

/**
 * The properties of a READY command; names in lower case, for they compare without regard to case.
 * @param {Buffer} data
 */
function parseProperties(data) {
  /** @type {Map<string, string>} */
  const properties = new Map();
  let at = 0;
  while (at < data.length) {
    const nameEnd = at + 1 + data[at];
    if (data[at] === 0 || nameEnd + 4 > data.length) throw malformed('READY property');
    const valueEnd = nameEnd + 4 + data.readUInt32BE(nameEnd);
    if (valueEnd > data.length) throw malformed('READY property value');
    properties.set(
      data.toString('latin1', at + 1, nameEnd).toLowerCase(),
      data.toString('latin1', nameEnd + 4, valueEnd),
    );
    at = valueEnd;
  }
  return properties;
}

/** @param {string} what */
function malformed(what) {
  return new ProtocolError('command', `malformed ${what}`);
}

/** What the other side of a {@link Session} may announce, and what we are to it. */
const ROLES = Object.freeze({ SUB: 'XPUB', XSUB: 'XPUB', DEALER: 'ROUTER', REQ: 'ROUTER' });

/**
 * @typedef {object} SessionEvents
 * @property {(bytes: Buffer) => void} send bytes for the peer, to be written now
 * @property {(type: string) => void} ready the handshake is done; type is the peer's socket type
 * @property {(prefix: string, on: boolean) => void} subscribe SUBSCRIBE or CANCEL, in either form
 * @property {(parts: Buffer[]) => void} message a whole message of a DEALER or REQ
 */

/**
 * The receiving half of one connection. `feed` takes bytes cut anywhere and throws a
 * {@link ProtocolError} for what cannot be gone on from; the caller then closes the connection.
 */
class Session {
  /** @param {SessionEvents} events */
  constructor(events) {
    this.events = events;
    /** @type {string | null} the peer's socket type, null until its READY */
    this.type = null;
    /** @type {(() => void) | null} what to do when `wanted` bytes are there */
    this.next = this.#greeting;
    this.wanted = GREETING_SIZE;
    this.held = Buffer.allocUnsafe(GREETING_SIZE);
    this.have = 0;
    this.flags = 0;
    /** @type {Buffer[]} */
    this.parts = [];
    this.partBytes = 0;
  }

  /** @param {Buffer} chunk */
  feed(chunk) {
    let at = 0;
    for (;;) {
      const take = Math.min(this.wanted - this.have, chunk.length - at);
      this.#hold(chunk, at, take);
      at += take;
      if (this.next === this.#greeting) this.#checkGreeting();
      if (this.have < this.wanted || this.next === null) return;
      this.have = 0;
      this.next();
    }
  }

  /** Ends the session: whatever else arrives is ignored. */
  end() {
    this.next = null;
    this.parts = [];
    this.held = Buffer.alloc(0);
    this.have = 0;
    this.wanted = 0;
  }

  // Room grows with what has arrived, never with what a length field promises.
  /** @param {Buffer} chunk @param {number} at @param {number} take */
  #hold(chunk, at, take) {
    const need = this.have + take;
    if (need > this.held.length) {
      const grown = Buffer.allocUnsafe(Math.min(this.wanted, Math.max(need, 2 * this.held.length)));
      this.held.copy(grown, 0, 0, this.have);
      this.held = grown;
    }
    chunk.copy(this.held, this.have, at, at + take);
    this.have = need;
  }

  // Judged as the bytes come: a peer that is not ZMTP never sends all 64.
  #checkGreeting() {
    const { held, have } = this;
    const wrong =
      (have > 0 && held[0] !== 0xff) ||
      (have > 9 && (held[9] & 1) === 0) ||
      (have > 10 && held[10] < 3);
    if (wrong) throw new ProtocolError('greeting', 'not ZMTP 3');
  }

  #greeting() {
    const end = this.held.indexOf(0, 12);
    const mechanism = this.held.toString('latin1', 12, end < 0 || end > 32 ? 32 : end);
    if (mechanism !== 'NULL') throw new ProtocolError('mechanism', `mechanism ${mechanism}`);
    this.#expect(2, this.#shortHeader);
  }

  /** @param {number} bytes @param {() => void} next */
  #expect(bytes, next) {
    this.wanted = bytes;
    this.next = next;
    if (bytes === 0) next.call(this);
  }

  #shortHeader() {
    this.flags = this.held[0];
    const odd = this.flags & ~(MORE | LONG | COMMAND);
    if (odd || (this.flags & COMMAND && this.flags & MORE)) {
      throw new ProtocolError('frame', `frame flags 0x${this.flags.toString(16)}`);
    }
    if (this.flags & LONG) {
      this.have = 2; // the second byte is already the length's first
      this.#expect(LONG_HEADER_BYTES, this.#longHeader);
    } else {
      this.#body(this.held[1]);
    }
  }

  #longHeader() {
    const high = this.held.readUInt32BE(1);
    const low = this.held.readUInt32BE(5);
    this.#body(high ? Number.POSITIVE_INFINITY : low);
  }

  /** @param {number} length */
  #body(length) {
    const limit = this.flags & COMMAND ? LIMITS.command : LIMITS.message - this.partBytes;
    if (length > limit) throw new ProtocolError('too-large', `frame of ${length} bytes`);
    this.#expect(length, this.flags & COMMAND ? this.#command : this.#part);
  }

  #take() {
    const body = Buffer.from(this.held.subarray(0, this.wanted));
    if (this.held.length > 4096) this.held = Buffer.allocUnsafe(GREETING_SIZE);
    return body;
  }

  #command() {
    const body = this.#take();
    this.#expect(2, this.#shortHeader);
    const nameEnd = 1 + body[0];
    if (body.length === 0 || nameEnd > body.length || nameEnd === 1) throw malformed('command');
    const name = body.toString('latin1', 1, nameEnd);
    const data = body.subarray(nameEnd);
    if (this.type === null) {
      if (name === 'READY') this.#ready(data);
      else throw new ProtocolError('handshake', `${name} before READY`);
    } else if (name === 'PING') {
      if (data.length < 2 || data.length > 18) throw malformed('PING');
      this.events.send(command('PONG', data.subarray(2)));
    } else if (name === 'SUBSCRIBE' || name === 'CANCEL') {
      this.#subscribe(data, name === 'SUBSCRIBE');
    } else if (name === 'READY') {
      throw new ProtocolError('handshake', 'READY twice');
    }
    // Others, ERROR and PONG among them, ask nothing of us; unknown ones are to be ignored.
  }

  /** @param {Buffer} data */
  #ready(data) {
    const type = parseProperties(data).get('socket-type') ?? '';
    if (!Object.hasOwn(ROLES, type)) {
      throw new ProtocolError('socket-type', `socket type "${type}"`);
    }
    this.type = type;
    const role = ROLES[/** @type {keyof typeof ROLES} */ (type)];
    this.events.send(ready(/** @type {'XPUB' | 'ROUTER'} */ (role)));
    this.events.ready(type);
  }

  /** @param {Buffer} prefix @param {boolean} on */
  #subscribe(prefix, on) {
    if (this.type !== 'SUB' && this.type !== 'XSUB') throw malformed('subscription of a DEALER');
    if (prefix.length > LIMITS.prefix) {
      throw new ProtocolError('subscriptions', `subscription of ${prefix.length} bytes`);
    }
    this.events.subscribe(prefix.toString('utf8'), on);
  }

  #part() {
    if (this.type === null) throw new ProtocolError('handshake', 'message before READY');
    const body = this.#take();
    const more = (this.flags & MORE) !== 0;
    this.#expect(2, this.#shortHeader);
    this.parts.push(body);
    this.partBytes += body.length;
    if (this.parts.length > LIMITS.parts) throw new ProtocolError('frame', 'too many frames');
    if (more) return;
    const { parts } = this;
    this.parts = [];
    this.partBytes = 0;
    if (this.type === 'DEALER' || this.type === 'REQ') this.events.message(parts);
    // An XSUB may send anything upstream; only 0x01/0x00 and a prefix has a meaning (RFC 29).
    else if (parts.length === 1 && parts[0].length > 0 && parts[0][0] < 2) {
      this.#subscribe(parts[0].subarray(1), parts[0][0] === 1);
    }
  }
}

module.exports = {
  COMMAND,
  GREETING,
  LIMITS,
  LONG,
  LONG_HEADER_BYTES,
  MORE,
  ProtocolError,
  Session,
  command,
  frame,
  frameHeader,
  longHeader,
  property,
  textFrame,
};
