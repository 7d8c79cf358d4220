'use strict';

const { attempt } = require('./internals');

/** `127.0.0.1:80`, `[::1]:80`. @param {any} host @param {any} port @returns {string | null} */
function hostPort(host, port) {
  if (typeof host !== 'string' || host === '') return null;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * @param {any} endpoint a server or a socket of dgram
 * @returns {string | null} the path of a unix socket as it is
 */
function ownAddress(endpoint) {
  const at = attempt(() => endpoint.address());
  if (typeof at === 'string') return at;
  return at ? hostPort(at.address, at.port) : null;
}

/** @param {any} socket */
function localAddress(socket) {
  return attempt(() => hostPort(socket.localAddress, socket.localPort)) ?? null;
}

/** @param {any} socket */
function remoteAddress(socket) {
  return attempt(() => hostPort(socket.remoteAddress, socket.remotePort)) ?? null;
}

module.exports = { hostPort, localAddress, ownAddress, remoteAddress };
