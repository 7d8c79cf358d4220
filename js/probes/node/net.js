'use strict';
// net-server-connection and net-stream-end.

const net = require('node:net');
const agent = require('../../agent');
const { connectionOf, descriptor } = require('./connection');
const { TranslatedConnection } = require('./translated');

/** @param {any} socket whether it is an observer's: the agent does not show itself */
function isOurs(socket) {
  const ours = agent.endpoint?.server;
  return ours !== undefined && ours !== null && socket?.server === ours;
}

/** @typedef {readonly import('./firing').Maker<any>[]} Makers of what is told of a socket */

/** @type {Makers} */
const CONNECTION = [
  (socket) => connectionOf(socket).shown(socket),
  (socket) => connectionOf(socket).address,
  (socket) => connectionOf(socket).port,
  (socket) => connectionOf(socket).fd,
  (socket) => socket.localPort ?? 0,
];

const addressOf = (/** @type {any} */ socket) => socket.remoteAddress ?? '';
const portOf = (/** @type {any} */ socket) => socket.remotePort ?? 0;

// A client's socket may end before it was ever connected; nothing is remembered of such a one.
/** @type {Makers} */
const END = [
  (socket) =>
    new TranslatedConnection(
      descriptor(socket),
      addressOf(socket),
      portOf(socket),
      socket.writableLength ?? 0,
    ),
  addressOf,
  portOf,
  descriptor,
  (socket) => socket.bytesRead ?? 0,
  (socket) => socket.bytesWritten ?? 0,
];

/** @type {import('./source').Install} */
function installConnections(hooks, probes) {
  hooks.channel('net.server.socket', ({ socket }) => {
    if (!isOurs(socket)) probes['net-server-connection'].tell(CONNECTION, socket);
  });
}

/** @type {import('./source').Install} */
function installEnds(hooks, probes) {
  const ended = hooks.guarded((/** @type {any} */ socket) => {
    if (!socket.writableEnded && !isOurs(socket)) probes['net-stream-end'].tell(END, socket);
  });
  hooks.replace(net.Socket.prototype, 'end', (original) => {
    return function end(...args) {
      ended(this);
      return original.apply(this, args);
    };
  });
}

module.exports = { installConnections, installEnds };
