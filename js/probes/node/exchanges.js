'use strict';
// The requests that this thread's HTTP servers answer: from the moment their head was read until
// the response is with the kernel, or the connection is gone. One is told from another by its
// response object, so neither keep-alive nor pipelining mixes them up.
//
// This runs for every request that a server gets while somebody looks. So an exchange only notes
// what will not be there any more later, and makes the rest of what it is asked for.

const http = require('node:http');
const net = require('node:net');
const { performance } = require('node:perf_hooks');
const agent = require('../../agent');
const { connectionIfAny, connectionOf } = require('./connection');
const { Hooks } = require('./hooks');
const { errorText, headersOf, text } = require('./reading');
const { Routes } = require('./route');
const { createStamp } = require('./stamp');

const { getHeader } = http.OutgoingMessage.prototype;
const now = performance.now.bind(performance);

let lastId = 0;

/** A number for a request or call, unique in this thread. */
function nextId() {
  lastId += 1;
  return lastId;
}

/**
 * On the responses that are not found with their connections: those that began before anybody
 * looked, and those that were aborted, whose 'close' may be yet to come.
 * @type {ReturnType<typeof createStamp<Exchange>>}
 */
const EXCHANGE = createStamp();

/**
 * The request that a response is for.
 * @param {any} response @param {any} socket
 * @returns {Exchange | undefined}
 */
function exchangeOf(response, socket) {
  const open = connectionIfAny(socket)?.open;
  // Hardly ever more than one.
  if (open !== undefined) for (const one of open) if (one.response === response) return one;
  return EXCHANGE.get(response);
}

/** One request and what became of it. */
class Exchange {
  /**
   * @param {object} owner the hooks that it was seen with
   * @param {any} request @param {any} response @param {any} socket @param {number} start
   */
  constructor(owner, request, response, socket, start) {
    this.owner = owner;
    this.id = nextId();
    /** When it came, ms of performance.now(); -1: before anybody looked. */
    this.start = start;
    /** When it was over; -1: it is not. */
    this.end = -1;
    this.request = request;
    this.response = response;
    this.socket = socket;
    this.connection = connectionOf(socket);
    this.method = request.method;
    // Frameworks cut the mount point off `url` and leave the whole in `originalUrl`.
    this.url = (start < 0 && request.originalUrl) || request.url;
    /** @type {ReturnType<typeof headersOf> | null} */
    this.read = null;
    this.aborted = false;
    this.error = '';
    this.bytes = -1;
    /** @type {string | undefined} route that the framework told us */
    this.route = undefined;
    /** @type {any} koa's context */
    this.context = undefined;
    /** @type {{name: string, framework: string, start: number, latency: number, error: string} | null} the one that has it now */
    this.handler = null;
  }

  get done() {
    return this.end >= 0;
  }

  get headers() {
    this.read ??= headersOf(this.request.rawHeaders);
    return this.read;
  }

  /** The client's, or else the one that the application gave it. */
  get requestId() {
    const given = this.headers['x-request-id'];
    return given || !this.done ? given : text(getHeader.call(this.response, 'x-request-id'));
  }

  get status() {
    return this.aborted ? 0 : this.response.statusCode;
  }

  /** ns; -1: not known */
  get latency() {
    return this.start < 0 ? -1 : Math.round((this.end - this.start) * 1e6);
  }
}

/**
 * @typedef {object} Follower
 * @property {(exchange: Exchange) => void} [began]
 * @property {(exchange: Exchange) => void} [ending] before all that is told of its end
 * @property {(exchange: Exchange) => void} [ended] answered or aborted
 * @property {() => void} [server] a server that was not seen before has its first request
 * @property {() => boolean} [counts] whether it wants to know the bytes of responses
 */

/** All requests of all servers, while somebody follows them. */
class Exchanges {
  /** @type {readonly Follower[]} */
  #followers = [];
  /** @type {Hooks | null} */
  #hooks = null;
  /** @type {WeakSet<object>} */
  #servers = new WeakSet();

  /**
   * @param {Follower} follower
   * @returns {() => void} ends it
   */
  follow(follower) {
    this.#followers = [...this.#followers, follower];
    if (this.#hooks === null) this.#install();
    return () => {
      this.#followers = this.#followers.filter((other) => other !== follower);
      if (this.#followers.length > 0) return;
      this.#hooks?.remove();
      this.#hooks = null;
    };
  }

  /** @param {any} response of whatever kind @returns {Exchange | undefined} */
  of(response) {
    if (!(response instanceof http.ServerResponse)) return undefined;
    return exchangeOf(response, response.socket ?? response.req.socket);
  }

  #install() {
    const hooks = new Hooks(agent.costs);
    this.#hooks = hooks;
    this.#servers = new WeakSet();
    const routes = new Routes(hooks, (response) => this.of(response));
    hooks.channel('http.server.request.start', (message) => this.#started(message, routes));
    hooks.channel('http.server.response.finish', ({ request, response, socket }) => {
      this.#finished(exchangeOf(response, socket) ?? this.#inFlight(request, response, socket));
    });
    // No channel tells of a response that will never be finished. Listening to 'close' would show
    // up among the response's listeners, and might be the one that makes Node warn.
    const closed = hooks.guarded((/** @type {any} */ response) => this.#closed(response));
    hooks.replaceEmit(http.ServerResponse.prototype, (response, event) => {
      if (event === 'close') closed(response);
    });
  }

  /** @param {{request: any, response: any, socket: any, server: any}} message @param {Routes} routes */
  #started({ request, response, socket, server }, routes) {
    if (!this.#servers.has(server)) {
      this.#servers.add(server);
      routes.search();
      for (const { server: met } of this.#followers) met?.();
    }
    const hooks = /** @type {Hooks} */ (this.#hooks);
    const exchange = new Exchange(hooks, request, response, socket, now());
    const { connection } = exchange;
    if (connection.owner !== hooks) {
      connection.owner = hooks; // what was open then was done when nobody looked
      connection.open = [];
    }
    if (connection.open.length === 0) {
      connection.written = this.#counted() ? (socket.bytesWritten ?? 0) : -1;
    }
    connection.open.push(exchange);
    const followers = this.#followers;
    for (let i = 0; i < followers.length; i++) followers[i].began?.(exchange);
  }

  /** Whether anybody wants to know the bytes, which are not quickly told. */
  #counted() {
    const followers = this.#followers;
    for (let i = 0; i < followers.length; i++) if (followers[i].counts?.()) return true;
    return false;
  }

  /** One that began before the hooks went in. @param {any} request @param {any} response @param {any} socket */
  #inFlight(request, response, socket) {
    const exchange = new Exchange(
      /** @type {Hooks} */ (this.#hooks),
      request,
      response,
      socket,
      -1,
    );
    EXCHANGE.set(response, exchange);
    return exchange;
  }

  /** @param {Exchange} exchange */
  #finished(exchange) {
    if (exchange.done) return;
    const { connection, socket } = exchange;
    if (this.#counted()) {
      const written = socket.bytesWritten ?? 0;
      if (exchange.start >= 0 && connection.written >= 0) {
        exchange.bytes = Math.max(0, written - connection.written);
      }
      connection.written = written;
    } else {
      connection.written = -1;
    }
    this.#end(exchange);
  }

  /** @param {any} response whose socket is gone, unless it is finished */
  #closed(response) {
    const exchange = this.of(response) ?? this.#closedInFlight(response);
    if (exchange === undefined || exchange.done) return;
    // It began while an earlier observer was there, and was done when nobody was.
    if (exchange.owner !== this.#hooks && response.writableFinished) return;
    this.#abort(exchange);
    // The others that were sent ahead on the same connection never had their turn.
    if (exchange.socket.destroyed) {
      for (const other of [...exchange.connection.open]) this.#abort(other);
    }
  }

  /** @param {any} response */
  #closedInFlight(response) {
    const { req: request } = response;
    if (response.writableFinished || !(request instanceof http.IncomingMessage)) return undefined;
    if (!(request.socket instanceof net.Socket)) return undefined; // a test's, not a server's
    return this.#inFlight(request, response, request.socket);
  }

  /** @param {Exchange} exchange */
  #abort(exchange) {
    const { request, response, socket, connection } = exchange;
    EXCHANGE.set(response, exchange);
    exchange.aborted = true;
    exchange.error = errorText(response.errored ?? request.errored ?? socket.errored) || 'aborted';
    if (exchange.start >= 0 && connection.written >= 0 && response.headersSent) {
      exchange.bytes = Math.max(0, (socket.bytesWritten ?? 0) - connection.written);
    }
    this.#end(exchange);
  }

  /** @param {Exchange} exchange */
  #end(exchange) {
    exchange.end = now();
    const { open } = exchange.connection;
    const at = open.indexOf(exchange);
    if (at === open.length - 1) open.pop();
    else if (at >= 0) open.splice(at, 1);
    const followers = this.#followers;
    for (let i = 0; i < followers.length; i++) followers[i].ending?.(exchange);
    for (let i = 0; i < followers.length; i++) followers[i].ended?.(exchange);
  }
}

module.exports = { Exchange, exchanges: new Exchanges(), nextId };
