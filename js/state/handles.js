'use strict';
// `handle`: what keeps the event loop busy, each by itself.

const net = require('node:net');
const { localAddress, ownAddress, remoteAddress } = require('./addresses');
const { activeHandles, activeRequests, attempt } = require('./internals');
const { Numbers } = require('./numbers');

const numbers = new Numbers();

/** @returns {Map<string, any>} by id */
function handles() {
  const found = new Map();
  for (const handle of [...activeHandles(), ...activeRequests()]) {
    if (typeof handle === 'object' && handle !== null)
      found.set(String(numbers.of(handle)), handle);
  }
  return found;
}

/** @param {any} handle @returns {Record<string, any>} */
function describe(handle) {
  const shown = attempt(() => described(handle)) ?? { kind: className(handle) };
  return {
    kind: null,
    local: null,
    remote: null,
    read: null,
    written: null,
    detail: null,
    ...shown,
  };
}

/** @param {any} handle @returns {Record<string, any>} */
function described(handle) {
  if (handle instanceof net.Socket) return socket(handle);
  if (handle instanceof net.Server) return { kind: 'server', local: ownAddress(handle) };
  const kind = className(handle);
  switch (kind) {
    case 'ChildProcess':
      return {
        kind: 'child process',
        detail: `${handle.pid} ${handle.spawnfile}`,
        pid: handle.pid,
        args: handle.spawnargs,
        connected: handle.connected,
      };
    case 'FSWatcher':
    case 'StatWatcher':
      return { kind: 'fs watcher' };
    case 'Socket':
      return { kind: 'udp', local: ownAddress(handle), remote: attempt(() => remoteOf(handle)) };
    case 'Pipe': // no socket has it: the channel of child_process.fork()
      return { kind: 'pipe', detail: 'ipc' };
    case 'FSReqCallback':
    case 'FSReqPromise':
      return { kind: 'fs operation' };
    case 'GetAddrInfoReqWrap':
      return { kind: 'dns lookup', detail: handle.hostname ?? null };
    case 'TCPConnectWrap':
      return {
        kind: 'connecting',
        remote: handle.address ? `${handle.address}:${handle.port}` : null,
      };
    case 'PipeConnectWrap':
      return { kind: 'connecting', remote: handle.address ?? null };
    default:
      return { kind };
  }
}

/** @param {any} handle */
function remoteOf(handle) {
  const { address, port } = handle.remoteAddress();
  return `${address}:${port}`;
}

/** @param {any} handle */
function socket(handle) {
  return {
    kind: kindOfSocket(handle),
    local: localAddress(handle),
    remote: remoteAddress(handle),
    read: handle.bytesRead ?? null,
    written: handle.bytesWritten ?? null,
    detail: handle.connecting ? 'connecting' : null,
    fd: handle._handle?.fd ?? null,
    buffered: handle.writableLength,
    timeout: handle.timeout ?? 0,
  };
}

/** @param {any} handle */
function kindOfSocket(handle) {
  if (handle.isTTY === true) return 'tty';
  if (handle.encrypted === true) return 'tls';
  const kind = handle._handle?.constructor?.name;
  return kind === 'Pipe' ? 'pipe' : kind === 'TLSWrap' ? 'tls' : 'tcp';
}

/** @param {any} handle */
function className(handle) {
  const name = attempt(() => handle.constructor.name);
  return typeof name === 'string' && name !== '' ? name : 'Object';
}

/** What Node only counts: timers, immediates. @returns {Map<string, number>} */
function timers() {
  const counts = new Map();
  for (const kind of process.getActiveResourcesInfo()) {
    if (kind === 'Timeout' || kind === 'Immediate') counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

module.exports = { describe, handles, timers };
