'use strict';
// Which handler of express or fastify has a request, and for how long. A handler has it until it
// calls next(), or else until the response is done.

const { performance } = require('node:perf_hooks');
const { errorText, own, text } = require('./reading');
const { exchanges } = require('./exchanges');
const { loaded, routeOf } = require('./route');

// express 4 has the layers of its router in itself, express 5 in the package `router`.
const LAYER = /[\\/](?:express[^\\/]*[\\/]lib[\\/]router|router[\\/]lib)[\\/]layer\.js$/;
const METHODS = ['handle_request', 'handleRequest'];

/** @typedef {import('./exchanges').Exchange} Exchange */
/** @typedef {NonNullable<Exchange['handler']>} Handler */
/** @typedef {import('./firing').Maker<Exchange>} Maker */

const handlerOf = (/** @type {Exchange} */ exchange) => /** @type {Handler} */ (exchange.handler);

/** @type {readonly Maker[]} */
const START = [
  ({ id }) => id,
  (exchange) => handlerOf(exchange).name,
  routeOf,
  (exchange) => handlerOf(exchange).framework,
];
/** @type {readonly Maker[]} */
const DONE = [
  ...START,
  (exchange) => handlerOf(exchange).latency,
  (exchange) => handlerOf(exchange).error,
];

class Handlers {
  /** @type {WeakSet<object>} prototypes that are hooked */
  #hooked = new WeakSet();
  /** @type {WeakMap<object, string>} layer → the name of its handler, '' where it is none */
  #names = new WeakMap();

  /** @param {import('./hooks').Hooks} hooks @param {Record<string, import('./source').NodeProbe>} probes */
  constructor(hooks, probes) {
    this.hooks = hooks;
    this.start = probes['http-handler-start'];
    this.done = probes['http-handler-done'];
    const name = 'tracing:fastify.request.handler:';
    hooks.channel(`${name}start`, ({ reply, request }) => {
      const exchange = underWay(reply?.raw);
      if (exchange) this.#entered(exchange, fastifyName(request), 'fastify');
    });
    hooks.channel(`${name}asyncEnd`, ({ reply, error }) => {
      const exchange = underWay(reply?.raw);
      if (exchange) this.left(exchange, error);
    });
    this.search();
  }

  /** Hooks the layers that are loaded by now. */
  search() {
    for (const Layer of loaded(LAYER)) {
      const prototype = own(Layer, 'prototype');
      for (const method of METHODS) {
        if (typeof own(prototype, method) === 'function') this.#layer(prototype, method);
      }
    }
  }

  /** The request is no longer with the handler that had it. @param {Exchange} exchange @param {any} [error] */
  left(exchange, error) {
    const { handler } = exchange;
    if (handler === null) return;
    const at = performance.now();
    handler.latency = Math.round((at - handler.start) * 1e6);
    handler.error = errorText(error);
    this.done.tell(DONE, exchange, at);
    exchange.handler = null;
  }

  /** @param {Exchange} exchange @param {string} name @param {string} framework */
  #entered(exchange, name, framework) {
    this.left(exchange);
    const start = performance.now();
    exchange.handler = { name, framework, start, latency: -1, error: '' };
    this.start.tell(START, exchange, start);
  }

  /** @param {any} layer */
  #nameOf(layer) {
    let name = this.#names.get(layer);
    if (name === undefined) {
      name = isHandler(layer) ? layerName(layer) : '';
      this.#names.set(layer, name);
    }
    return name;
  }

  /** @param {any} prototype @param {string} method */
  #layer(prototype, method) {
    if (this.#hooked.has(prototype)) return;
    this.#hooked.add(prototype);
    /** @type {Exchange | undefined} */
    let entered;
    const enter = this.hooks.guarded((/** @type {any} */ layer, /** @type {any} */ response) => {
      const name = this.#nameOf(layer);
      const exchange = name === '' ? undefined : underWay(response);
      if (exchange === undefined) return;
      this.#entered(exchange, name, 'express');
      entered = exchange;
    });
    const leave = this.hooks.guarded(
      (
        /** @type {Exchange} */ exchange,
        /** @type {Exchange['handler']} */ handler,
        /** @type {any} */ error,
      ) => {
        if (exchange.handler === handler) this.left(exchange, isFault(error) ? error : undefined);
      },
    );
    this.hooks.replace(prototype, method, (original) => {
      return function handle(...args) {
        entered = undefined;
        enter(this, args[1]);
        const exchange = entered;
        const next = args[2];
        if (exchange === undefined || typeof next !== 'function') return original.apply(this, args);
        const { handler } = exchange;
        const [request, response, , ...rest] = args;
        const ours = /** @this {any} @param {any[]} results */ function (...results) {
          leave(exchange, handler, results[0]);
          return next.apply(this, results);
        };
        return original.call(this, request, response, ours, ...rest);
      };
    });
  }
}

/** @param {any} response @returns {Exchange | undefined} */
function underWay(response) {
  const exchange = exchanges.of(response);
  return exchange === undefined || exchange.done ? undefined : exchange;
}

/** Not what only hands the request on: a mounted router, a route's own layers come by themselves. @param {any} layer */
function isHandler(layer) {
  const handle = own(layer, 'handle');
  if (typeof handle !== 'function' || handle.length > 3) return false; // 4: handles errors
  if (own(layer, 'route') || own(handle, 'name') === 'mounted_app') return false;
  return !Array.isArray(own(handle, 'stack')) && typeof own(handle, 'handle') !== 'function';
}

/** next('route') and next('router') are no errors. @param {any} error */
function isFault(error) {
  return error && error !== 'route' && error !== 'router';
}

/** @param {any} layer */
function layerName(layer) {
  return text(own(layer, 'name')) || text(own(own(layer, 'handle'), 'name')) || '(anonymous)';
}

/** @param {any} request */
function fastifyName(request) {
  const options = request?.routeOptions;
  return text(own(options?.handler, 'name')).replace(/^bound /, '') || 'handler';
}

/** @type {import('./source').Install} */
function install(hooks, probes) {
  const handlers = new Handlers(hooks, probes);
  const leave = exchanges.follow({
    server: () => handlers.search(),
    ending: (exchange) => handlers.left(exchange),
  });
  hooks.atEnd(leave);
}

module.exports = install;
