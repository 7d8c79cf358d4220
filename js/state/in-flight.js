'use strict';
// `request`: HTTP requests that have come and have no complete answer, and calls of this thread
// that have none. They are found from servers, sockets and agents when somebody looks.

const http = require('node:http');
const net = require('node:net');
const { performance } = require('node:perf_hooks');
const { routeOf } = require('../probes/node/route');
const { own, text } = require('../probes/node/reading');
const { hostPort, remoteAddress } = require('./addresses');
const { activeHandles, attempt, bySymbol, listFrom } = require('./internals');
const { Numbers } = require('./numbers');
const { httpSockets, listeningServers } = require('./servers');
const { beganAt, sessions, streamStart } = require('./starts');

/**
 * @typedef {object} InFlight
 * @property {'in' | 'out'} kind
 * @property {any} key the object that it is known by
 * @property {any} server null: a call, or not known
 * @property {number} since ms of performance.now()
 * @property {() => Record<string, any>} describe
 */

const ID_HEADERS = ['x-request-id', 'request-id', 'x-correlation-id'];

/** @type {WeakMap<object, number>} of those that began before anybody took notes */
const firstSeen = new WeakMap();
const numbers = new Numbers();

/** @param {object} key @param {number | undefined} began */
function sinceWhen(key, began) {
  if (began !== undefined) return began;
  const seen = firstSeen.get(key) ?? performance.now();
  firstSeen.set(key, seen);
  return seen;
}

/** @param {any} except a server of nodeobs's own @returns {Generator<InFlight>} */
function* requestsInFlight(except) {
  const seen = new Set();
  for (const one of all(except)) {
    if (seen.has(one.key)) continue;
    seen.add(one.key);
    yield one;
  }
}

/** @param {any} except @returns {Generator<InFlight>} */
function* all(except) {
  const handles = activeHandles();
  for (const server of listeningServers(except)) {
    for (const socket of httpSockets(server)) yield* answering(socket, server);
  }
  for (const session of sessions) yield* streams(session);
  const agents = globalAgents();
  // Connections of a server that listens no more, and those of calls.
  for (const socket of handles) {
    if (!(socket instanceof net.Socket)) continue;
    yield* answering(socket, own(socket, 'server') ?? null);
    for (const call of calling(socket)) {
      agents.add(own(call.key, 'agent'));
      yield call;
    }
    yield* fetching(socket);
  }
  for (const agent of agents) yield* ofAgent(agent);
}

/** @param {any} socket @param {any} server @returns {Generator<InFlight>} */
function* answering(socket, server) {
  const response = own(socket, '_httpMessage');
  if (!(response instanceof http.ServerResponse)) return;
  const request = /** @type {any} */ (response.req);
  if (!request) return;
  yield {
    kind: 'in',
    key: response,
    server,
    since: sinceWhen(
      response,
      attempt(() => beganAt(request, socket)),
    ),
    describe: () => ({
      method: text(request.method),
      url: text(request.originalUrl) || text(request.url),
      status: own(response, '_header') ? response.statusCode : null,
      route: attempt(() => route(request, response)) || null,
      req_id: requestId(request),
      remote: remoteAddress(socket),
      received: request.complete === true,
      sent: Boolean(own(response, '_header')),
    }),
  };
}

/** @param {any} request @param {any} response */
function route(request, response) {
  return routeOf(/** @type {any} */ ({ request, response, route: undefined, context: undefined }));
}

/**
 * As restify, pino-http and others keep it, or else as the client sent it.
 * @param {any} request @returns {string | null}
 */
function requestId(request) {
  for (const key of ['_id', 'id', 'reqId']) {
    const id = own(request, key);
    if (typeof id === 'string' || typeof id === 'number') return text(String(id));
  }
  // Not `headers`, which Node only makes when it is asked.
  const raw = listFrom(() => own(request, 'rawHeaders'));
  for (const wanted of ID_HEADERS) {
    const at = raw.findIndex((name, i) => i % 2 === 0 && String(name).toLowerCase() === wanted);
    if (at >= 0) return text(raw[at + 1]);
  }
  return null;
}

/** @param {any} headers of HTTP/2 @returns {string | null} */
function headerId(headers) {
  for (const name of ID_HEADERS) if (text(headers?.[name])) return text(headers[name]);
  return null;
}

/** @param {any} session of an HTTP/2 server @returns {Generator<InFlight>} */
function* streams(session) {
  // A Map of Node's own kind, which is no instance of Map.
  const open = attempt(() => [...bySymbol(session, 'state').streams.values()]);
  for (const stream of open ?? []) {
    const start = streamStart(stream);
    if (start === undefined || stream.destroyed || stream.writableFinished) continue;
    const { at, headers } = start;
    yield {
      kind: 'in',
      key: stream,
      server: attempt(() => bySymbol(session, 'server')) ?? null,
      since: at,
      describe: () => ({
        method: text(headers?.[':method']),
        url: text(headers?.[':path']),
        status: attempt(() => stream.sentHeaders?.[':status']) ?? null,
        route: null,
        req_id: headerId(headers),
        remote: remoteAddress(session.socket),
        received: stream.readableEnded === true,
        sent: stream.headersSent === true,
        stream: stream.id,
      }),
    };
  }
}

/** @param {any} socket @returns {Generator<InFlight>} */
function* calling(socket) {
  const call = own(socket, '_httpMessage');
  if (call instanceof http.ClientRequest) yield described(call, socket);
}

/** @param {any} call @param {() => any} describe @returns {InFlight} */
function outgoing(call, describe) {
  return { kind: 'out', key: call, server: null, since: sinceWhen(call, beganAt(call)), describe };
}

/** @param {any} call a ClientRequest @param {any} socket */
function described(call, socket) {
  return outgoing(call, () => ({
    method: text(call.method),
    url: `${text(call.protocol)}//${attempt(() => text(call.getHeader('host'))) || text(call.host)}${text(call.path)}`,
    status: call.res?.statusCode ?? null,
    route: null,
    req_id: attempt(() => text(call.getHeader('x-request-id'))) || null,
    remote: remoteAddress(socket),
    sent: call.finished === true,
    waiting_for: socket === null ? 'socket' : socket.connecting ? 'connection' : 'answer',
  }));
}

/** @returns {Set<any>} */
function globalAgents() {
  // That of https is not loaded by us: it would load all of TLS.
  return new Set([attempt(() => http.globalAgent), attempt(() => httpsLoaded()?.globalAgent)]);
}

/** @returns {any} node:https where the application has loaded it */
function httpsLoaded() {
  const loaded = /** @type {any} */ (process).moduleLoadList;
  return listFrom(() => loaded).includes('NativeModule https') ? require('node:https') : null;
}

// Calls that wait for a connection, or for a socket of their agent to be free.
/** @param {any} agent @returns {Generator<InFlight>} */
function* ofAgent(agent) {
  for (const sockets of Object.values(own(agent, 'sockets') ?? {})) {
    for (const socket of listFrom(() => sockets)) yield* calling(socket);
  }
  for (const calls of Object.values(own(agent, 'requests') ?? {})) {
    for (const call of listFrom(() => calls)) {
      if (call instanceof http.ClientRequest) yield described(call, null);
    }
  }
}

// The calls of fetch: undici's client has its sockets carry it.
/** @param {any} socket @returns {Generator<InFlight>} */
function* fetching(socket) {
  const client = attempt(() => bySymbol(socket, 'client'));
  if (client === null || typeof client !== 'object') return;
  const queue = listFrom(() => bySymbol(client, 'queue'));
  const first = attempt(() => bySymbol(client, 'running index'));
  for (const call of queue.slice(typeof first === 'number' ? first : 0)) {
    if (call === null || typeof call !== 'object' || call.completed || call.aborted) continue;
    yield outgoing(call, () => ({
      method: text(call.method),
      url: `${text(call.origin) || text(call.origin?.origin)}${text(call.path)}`,
      status: null,
      route: null,
      req_id: null,
      remote: remoteAddress(socket) ?? hostPort(client.host, client.port),
      waiting_for: 'answer',
    }));
  }
}

/** @param {InFlight} one */
function idOf({ key }) {
  return String(numbers.of(key));
}

/** @param {InFlight} one @param {number} [now] */
function shown({ kind, since, describe }, now = performance.now()) {
  return { kind, ms: Math.round(now - since), ...(attempt(describe) ?? {}) };
}

module.exports = { idOf, requestsInFlight, shown };
