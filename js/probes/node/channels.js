'use strict';
// `channel:::NAME`: any diagnostics channel as a probe, made when somebody asks for it by name.

const http = require('node:http');
const net = require('node:net');
const { toPlain } = require('../../state/plain');
const { headersOf, own, text } = require('./reading');
const { NodeProvider, Source } = require('./source');

const TYPES = ['char *', 'json', 'char *'];
const NAME_MAX = 256;
const PROBES_MAX = 256;
const KEYS_MAX = 16;
const LIMITS = Object.freeze({ nodes: 64, depth: 4, string: 1024 });
const TRACING = 'tracing:';
const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];

/** Channels of Node 20 to 26 and its fetch; there is no way to ask Node for a list. */
const KNOWN = Object.freeze([
  'child_process',
  'console.debug',
  'console.error',
  'console.info',
  'console.log',
  'console.warn',
  'http.client.request.created',
  'http.client.request.error',
  'http.client.request.start',
  'http.client.response.finish',
  'http.server.request.start',
  'http.server.response.created',
  'http.server.response.finish',
  'http2.client.stream.close',
  'http2.client.stream.created',
  'http2.client.stream.error',
  'http2.client.stream.finish',
  'http2.client.stream.start',
  'http2.server.stream.close',
  'http2.server.stream.created',
  'http2.server.stream.error',
  'http2.server.stream.finish',
  'http2.server.stream.start',
  'net.client.socket',
  'net.server.socket',
  'process',
  'tracing:child_process.spawn',
  'tracing:fastify.request.handler',
  'tracing:module.import',
  'tracing:module.require',
  'tracing:net.server.listen',
  'udp.socket',
  'undici:client:beforeConnect',
  'undici:client:connectError',
  'undici:client:connected',
  'undici:client:sendHeaders',
  'undici:request:bodySent',
  'undici:request:create',
  'undici:request:error',
  'undici:request:headers',
  'undici:request:trailers',
  'undici:websocket:close',
  'undici:websocket:open',
  'worker_threads',
]);

/** @typedef {import('./source').NodeProbe} NodeProbe */

/** The provider `channel`. */
class ChannelProvider extends NodeProvider {
  constructor() {
    super('channel', 'diagnostics_channel');
    this.enable();
  }

  /**
   * The probe of a channel, the same as long as it is observed or there is room for it.
   * @param {string} name
   * @returns {NodeProbe | null} null: no name for a channel
   */
  named(name) {
    const known = this.probes.get(name);
    if (known) return /** @type {NodeProbe} */ (known);
    if (name === '' || name.length > NAME_MAX) return null;
    if (this.probes.size >= PROBES_MAX) this.#forget();
    if (this.probes.size >= PROBES_MAX) return null;
    return this.add(name, TYPES, new Source(() => installer(name)));
  }

  /** Not those that somebody asked for once and that nobody observes. @override */
  describe() {
    return super.describe().filter(({ listeners }) => listeners.length > 0);
  }

  #forget() {
    for (const probe of this.probes.values()) {
      if (!(/** @type {NodeProbe} */ (probe).live)) this.probes.delete(probe.name);
    }
  }
}

/** @param {string} name @returns {import('./source').Install} */
function installer(name) {
  return (hooks, probes) => {
    const probe = probes[name];
    /** @param {string} channel @param {string} event */
    const listen = (channel, event) => (/** @type {any} */ message) => {
      probe.tell(ARGUMENTS, { channel, event, message });
    };
    if (name.startsWith(TRACING) && !EVENTS.some((event) => name.endsWith(`:${event}`))) {
      for (const event of EVENTS) {
        hooks.channel(`${name}:${event}`, listen(`${name}:${event}`, event));
      }
    } else {
      hooks.channel(name, listen(name, EVENTS.find((event) => name.endsWith(`:${event}`)) ?? ''));
    }
  };
}

/** @type {readonly import('./firing').Maker<{channel: string, event: string, message: any}>[]} */
const ARGUMENTS = [
  ({ channel }) => channel,
  ({ message }) => payload(message),
  ({ event }) => event,
];

/**
 * Each member gets its share, or the first, a socket perhaps, would leave nothing for the others.
 * @param {any} message
 */
function payload(message) {
  if (message === null || typeof message !== 'object' || Array.isArray(message)) {
    return toPlain(message, LIMITS);
  }
  /** @type {Record<string, any>} */
  const shown = {};
  for (const key of Object.keys(message).slice(0, KEYS_MAX)) {
    if (key !== '__proto__') shown[key] = member(own(message, key));
  }
  return shown;
}

/** What is large in Node's own messages, in short. @param {any} value */
function member(value) {
  if (value instanceof http.IncomingMessage) {
    const { host, 'x-request-id': requestId } = headersOf(own(value, 'rawHeaders'));
    return {
      method: text(own(value, 'method')),
      url: text(own(value, 'url')),
      statusCode: own(value, 'statusCode') ?? null,
      host,
      requestId,
    };
  }
  if (value instanceof http.ClientRequest) {
    return {
      method: text(own(value, 'method')),
      path: text(value.path),
      host: text(value.host),
    };
  }
  if (value instanceof http.ServerResponse) return { statusCode: own(value, 'statusCode') ?? null };
  if (value instanceof net.Socket) {
    // Not remembered: it may not be connected yet.
    const { remoteAddress = '', remotePort = 0 } = value;
    return { remoteAddress, remotePort };
  }
  if (value instanceof net.Server) return { listening: value.listening };
  return toPlain(value, LIMITS);
}

module.exports = { ChannelProvider, KNOWN };
