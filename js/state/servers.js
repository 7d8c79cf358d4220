'use strict';
// `server`: what listens in this thread.

const net = require('node:net');
const { ownAddress } = require('./addresses');
const { activeHandles, attempt, bySymbol, listFrom } = require('./internals');
const { servers: known } = require('./starts');

const TIMEOUTS = ['timeout', 'headersTimeout', 'requestTimeout', 'keepAliveTimeout'];

/**
 * Those that listen, but for nodeobs's own.
 * @param {any} except @returns {Set<any>}
 */
function listeningServers(except) {
  const found = new Set();
  for (const server of [...activeHandles(), ...known]) {
    if (server instanceof net.Server && server.listening && server !== except) found.add(server);
  }
  return found;
}

/**
 * The connections of a server of http or https that a parser reads, idle ones too.
 * @param {any} server @returns {any[]} their sockets
 */
function httpSockets(server) {
  const connections = attempt(() => bySymbol(server, 'http.server.connections'));
  return listFrom(() => connections.all().map((/** @type {any} */ parser) => parser.socket)).filter(
    Boolean,
  );
}

/** @param {any} server @returns {'net' | 'tls' | 'http' | 'https' | 'http2' | 'http2+tls'} */
function kindOf(server) {
  const tls = typeof server.setSecureContext === 'function';
  if (typeof server.updateSettings === 'function') return tls ? 'http2+tls' : 'http2';
  const http = attempt(() => bySymbol(server, 'http.server.connections')) !== undefined;
  if (http) return tls ? 'https' : 'http';
  return tls ? 'tls' : 'net';
}

/** @param {any} server @param {number | null} requests in flight; null: cannot be known */
function describe(server, requests) {
  const kind = kindOf(server);
  /** @type {Record<string, any>} */
  const shown = {
    address: ownAddress(server),
    kind,
    connections:
      kind.startsWith('http') && !kind.startsWith('http2')
        ? httpSockets(server).length
        : (server._connections ?? null),
    requests,
  };
  for (const name of TIMEOUTS) {
    if (typeof server[name] === 'number') shown[name] = server[name];
  }
  for (const name of ['maxConnections', 'maxRequestsPerSocket', 'maxHeadersCount']) {
    if (typeof server[name] === 'number') shown[name] = server[name];
  }
  return shown;
}

/**
 * Servers by what they are called: their address, numbered where several have the same.
 * @param {any} except
 */
function namedServers(except) {
  /** @type {Map<string, any>} */
  const named = new Map();
  for (const server of listeningServers(except)) {
    const address = ownAddress(server) ?? 'unknown';
    let name = address;
    for (let n = 2; named.has(name); n++) name = `${address}~${n}`;
    named.set(name, server);
  }
  return named;
}

module.exports = { describe, httpSockets, listeningServers, namedServers };
