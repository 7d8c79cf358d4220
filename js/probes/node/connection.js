'use strict';
// A socket as Node's old probes showed it.

const { createStamp } = require('./stamp');
const { TranslatedConnection } = require('./translated');

/** What is remembered of a socket: once it is closed it does not know its peer any more. */
class Connection {
  /** @param {any} socket @param {string} address @param {number} port */
  constructor(socket, address, port) {
    this.address = address;
    this.port = port;
    this.fd = descriptor(socket);
    /** @type {object | null} who keeps the rest */
    this.owner = null;
    /** @type {any[]} requests on it that are not answered, hardly ever more than one */
    this.open = [];
    /** Bytes written to it when the last response was done; -1: not known. */
    this.written = -1;
    this.idle = new TranslatedConnection(this.fd, address, port, 0);
  }

  /** @param {any} socket @returns {TranslatedConnection} the same object while nothing is buffered */
  shown(socket) {
    const buffered = socket?.writableLength ?? 0;
    if (buffered === 0) return this.idle;
    return new TranslatedConnection(this.fd, this.address, this.port, buffered);
  }
}

/** @param {any} socket */
function descriptor(socket) {
  const fd = socket?._handle?.fd;
  return typeof fd === 'number' ? fd : -1;
}

/** @type {ReturnType<typeof createStamp<Connection>>} on sockets */
const CONNECTION = createStamp();

/**
 * The connection of a socket that is or was connected.
 * @param {any} socket
 * @returns {Connection}
 */
function connectionOf(socket) {
  if (socket === null || typeof socket !== 'object') return new Connection(null, '', 0);
  let connection = CONNECTION.get(socket);
  if (connection === undefined) {
    connection = new Connection(socket, socket.remoteAddress ?? '', socket.remotePort ?? 0);
    CONNECTION.set(socket, connection);
  }
  return connection;
}

/** The connection of a socket if it has been seen. @param {any} socket */
const connectionIfAny = (socket) => CONNECTION.get(socket);

module.exports = { Connection, connectionIfAny, connectionOf, descriptor };
