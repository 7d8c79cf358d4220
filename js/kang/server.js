'use strict';
// A server for kang alone.

const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const { assertion } = require('../log/assertion');
const { Routes, handlerOf } = require('./handler');
const { Service } = require('./service');

const CONNECTIONS_MAX = 64;
/** That a client may leave a request unfinished. */
const REQUEST_MS = 10_000;
/** That a connection may be silent: longer than an answer, and the one before it, are in the making. */
const SILENT_MS = 30_000;

/**
 * @typedef {import('./service').Options & {port?: number, host?: string, ref?: boolean}} ServerOptions
 * `port` 80, `host` 127.0.0.1; `ref`: whether the server keeps the process alive
 */

/**
 * Starts a server. It keeps no process alive, unless `ref` says so.
 * @param {ServerOptions} [args]
 * @param {(error: Error | null, server?: http.Server) => void} [callback] called once, also where
 *   nothing can listen there
 * @returns {http.Server}
 * @throws AssertionError for options that are none
 */
function knStartServer(args = {}, callback = () => {}) {
  const service = new Service(args);
  const { port = 80, host = '127.0.0.1', ref = false } = args;
  if (!Number.isInteger(port) || port < 0 || port > 65535 || typeof host !== 'string') {
    throw assertion('"port" must be 0-65535 and "host" a string');
  }
  const handler = handlerOf(new Routes(service));
  let loopback = false;
  const server = http.createServer((request, response) => {
    if (loopback && !isLocalName(request.headers.host)) {
      response.writeHead(403, { 'content-type': 'application/json' });
      response.end('{"code":"Forbidden","message":"this server is for clients on this machine"}');
      return;
    }
    handler(request, response);
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.headersTimeout = REQUEST_MS;
  server.requestTimeout = REQUEST_MS;
  server.timeout = SILENT_MS;
  if (!ref) server.on('connection', (socket) => socket.unref());
  const withdraw = service.provide();
  server.once('close', withdraw);
  const failed = (/** @type {Error} */ error) => {
    withdraw();
    callback(error);
  };
  server.once('error', failed);
  server.listen(port, host, () => {
    const address = server.address();
    loopback = typeof address === 'object' && address !== null && isLoopback(address.address);
    server.off('error', failed).on('error', () => {});
    callback(null, server);
  });
  if (!ref) server.unref();
  return server;
}

/** @param {string} address */
function isLoopback(address) {
  return address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.');
}

/**
 * Whether a Host header names this machine: else a page in a browser here may have had its own
 * name resolved to a loopback address.
 * @param {string | undefined} header
 */
function isLocalName(header) {
  if (header === undefined) return true;
  const name = header
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
  return name === 'localhost' || net.isIP(name) !== 0 || name === os.hostname().toLowerCase();
}

module.exports = { knStartServer };
