'use strict';
// http-client-request and -response: the calls this thread makes with http, https and fetch. One
// is told from another by its request object, however many go to one host at once.

const http = require('node:http');
const { performance } = require('node:perf_hooks');
const { descriptor } = require('./connection');
const { nextId } = require('./exchanges');
const { errorText, text } = require('./reading');
const { createStamp } = require('./stamp');
const { TranslatedConnection, TranslatedRequest } = require('./translated');
const { hookUndici } = require('./undici');

const { getHeader } = http.OutgoingMessage.prototype;

/** @type {ReturnType<typeof createStamp<Call>>} on ClientRequests and undici's requests */
const CALL = createStamp();

/** One call. */
class Call {
  constructor() {
    this.id = nextId();
    /** ms of performance.now(); -1: it began before anybody looked */
    this.start = -1;
    /** When the head of the response was there; -1: not yet. */
    this.answered = -1;
    this.ended = -1;
    this.method = '';
    this.url = '';
    /** As the application named it; Node's old probes had no address there either. */
    this.host = '';
    this.port = 0;
    this.hostHeader = '';
    this.requestId = '';
    this.forwardedFor = '';
    this.address = '';
    this.fd = -1;
    this.buffered = 0;
    this.status = 0;
    this.bytes = -1;
    this.readBefore = -1;
    this.error = '';
    this.aborted = false;
    this.done = false;
  }

  /** @param {number} until ms of performance.now(), or -1 */
  since(until) {
    return this.start < 0 || until < 0 ? -1 : Math.round((until - this.start) * 1e6);
  }
}

/** @typedef {import('./firing').Maker<Call>} Maker */

/** @type {Record<string, Maker>} */
const ARGUMENTS = {
  request: ({ url, method, forwardedFor }) => new TranslatedRequest(url, method, forwardedFor),
  connection: ({ fd, host, port, buffered }) => new TranslatedConnection(fd, host, port, buffered),
  name: ({ host }) => host,
  port: ({ port }) => port,
  fd: ({ fd }) => fd,
  id: ({ id }) => id,
  method: ({ method }) => method,
  url: ({ url }) => url,
  requestId: ({ requestId }) => requestId,
  host: ({ hostHeader }) => hostHeader,
  status: ({ aborted, status }) => (aborted ? 0 : status),
  latency: (call) => call.since(call.ended),
  answered: (call) => call.since(call.answered),
  bytes: ({ bytes }) => bytes,
  error: ({ error }) => error,
  aborted: ({ aborted }) => (aborted ? 1 : 0),
  address: ({ address }) => address,
};

/** @param {string} names @returns {readonly Maker[]} */
function makers(names) {
  return names.split(' ').map((name) => ARGUMENTS[name]);
}

const REQUEST = makers('request connection name port method url fd id requestId host');
const RESPONSE = makers(
  'connection name port fd id status latency method url answered bytes requestId host error aborted address',
);

/**
 * @typedef {object} CallWatch
 * @property {(call: Call) => void} began
 * @property {(call: Call) => void} ended
 */

/** @type {import('./source').Install} */
function install(hooks, probes) {
  const requestProbe = probes['http-client-request'];
  const responseProbe = probes['http-client-response'];
  const watch = {
    began: (/** @type {Call} */ call) => requestProbe.tell(REQUEST, call),
    ended(/** @type {Call} */ call) {
      if (call.done) return;
      call.done = true;
      call.ended = performance.now();
      responseProbe.tell(RESPONSE, call, call.ended);
    },
  };
  new Calls(hooks, watch);
  hookUndici(hooks, Call, CALL, watch);
}

/** The calls made with http.request and https.request. */
class Calls {
  /** @param {import('./hooks').Hooks} hooks @param {CallWatch} watch */
  constructor(hooks, watch) {
    this.watch = watch;
    hooks.channel('http.client.request.start', ({ request }) => {
      const call = this.#of(request);
      if (call.done) return;
      call.start = performance.now();
      const { socket } = request;
      call.fd = descriptor(socket);
      call.buffered = socket?.writableLength ?? 0;
      watch.began(call);
    });
    // The channels tell of the response's head; these events also tell of its end, of a request
    // that never had one, and of what came of one that was under way before.
    hooks.replaceEmit(
      http.ClientRequest.prototype,
      hooks.guarded((request, event, value) => this.#event(request, event, value)),
    );
  }

  /** @param {any} request @param {string} event @param {any} value */
  #event(request, event, value) {
    switch (event) {
      case 'socket': // where its bytes are counted from
        this.#of(request).readBefore = value?.bytesRead ?? -1;
        break;
      case 'response':
      case 'upgrade':
      case 'connect': {
        const call = this.#of(request);
        call.status = value?.statusCode ?? 0;
        call.answered = performance.now();
        this.#locate(call, request.socket);
        break;
      }
      case 'error':
        this.#of(request).error = errorText(value) || 'error';
        break;
      case 'close':
        this.#closed(request);
    }
  }

  /** @param {any} request */
  #closed(request) {
    const call = this.#of(request);
    if (call.done) return;
    const { res: response, socket } = request;
    if (response) call.status = response.statusCode ?? call.status;
    call.aborted = call.status === 0 || response?.complete === false;
    if (call.aborted && call.error === '') call.error = 'ECONNRESET';
    this.#locate(call, socket);
    if (call.readBefore >= 0 && socket)
      call.bytes = Math.max(0, socket.bytesRead - call.readBefore);
    this.watch.ended(call);
  }

  // The socket of a new connection has no descriptor when the request starts, and once it is
  // closed no address any more.
  /** @param {Call} call @param {any} socket */
  #locate(call, socket) {
    if (call.fd < 0) call.fd = descriptor(socket);
    if (call.address === '') call.address = text(socket?.remoteAddress);
  }

  /** @param {any} request */
  #of(request) {
    let call = CALL.get(request);
    if (call === undefined) {
      call = new Call();
      CALL.set(request, call);
      call.method = text(request.method);
      call.url = text(request.path);
      call.host = text(request.host);
      call.hostHeader = text(getHeader.call(request, 'host'));
      call.requestId = text(getHeader.call(request, 'x-request-id'));
      call.forwardedFor = text(getHeader.call(request, 'x-forwarded-for'));
      const port = /:(\d+)$/.exec(call.hostHeader)?.[1];
      call.port = port ? Number(port) : request.protocol === 'https:' ? 443 : 80;
    }
    return call;
  }
}

module.exports = install;
