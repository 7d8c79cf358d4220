'use strict';
// Where snapshots are fetched from: kang's notation.

const net = require('node:net');

const knSourcesEnvVar = 'KANG_SOURCES';
const PATH = '/kang/snapshot';

/** @typedef {{protocol: 'http' | 'https', host: string, port: number, path: string}} Source */

/**
 * @param {string} text `[http[s]://]host[:port][/uri]`, an IPv6 address in brackets
 * @returns {Source}
 * @throws Error saying what is wrong
 */
function knMakeSource(text) {
  const scheme = /^https?(?=:\/\/)/.exec(text)?.[0] ?? null;
  const rest = scheme === null ? text : text.slice(scheme.length + 3);
  const slash = rest.indexOf('/');
  const authority = slash < 0 ? rest : rest.slice(0, slash);
  const { host, port } = parseAuthority(authority);
  const protocol = scheme === 'https' ? 'https' : 'http';
  return {
    protocol,
    host,
    port: port ?? (protocol === 'https' ? 443 : 80),
    path: slash < 0 ? PATH : rest.slice(slash),
  };
}

/** @param {string} text */
function parseAuthority(text) {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([a-zA-Z0-9._-]+))(?::(.*))?$/s.exec(text);
  if (found === null) throw new Error('no host specified');
  const [, ipv6, name, port] = found;
  if (ipv6 !== undefined && !net.isIPv6(ipv6)) {
    throw new Error(`bad IPv6 address: ${JSON.stringify(ipv6)}`);
  }
  if (name !== undefined && /^\d+(\.\d+){3}$/.test(name) && !net.isIPv4(name)) {
    throw new Error(`bad IPv4 address: ${JSON.stringify(name)}`);
  }
  return { host: ipv6 ?? name, port: port === undefined ? null : parsePort(port) };
}

/** @param {string} text */
function parsePort(text) {
  if (!/^\d+$/.test(text)) throw new Error(`invalid port: ${JSON.stringify(text)} is no number`);
  const port = Number(text);
  if (port < 1 || port > 65535) {
    throw new Error(`invalid port: ${text} (must be in range 1-65535)`);
  }
  return port;
}

/** @param {string} text sources with commas between them */
function knParseSources(text) {
  return text.split(',').filter(Boolean).map(knMakeSource);
}

/** @param {string} [variable] of the environment */
function knParseEnv(variable = knSourcesEnvVar) {
  return knParseSources(process.env[variable] ?? '');
}

/** @param {Source} source */
function urlOf({ protocol, host, port, path }) {
  return `${protocol}://${host}:${port}${path}`;
}

module.exports = { knMakeSource, knParseEnv, knParseSources, knSourcesEnvVar, urlOf };
