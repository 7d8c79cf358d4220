'use strict';
// Which route a framework chose for a request. Each leaves it somewhere else.

const Module = require('node:module');
const { errorText, own, text } = require('./reading');

const KOA = /[\\/]koa[^\\/]*[\\/]lib[\\/]application\.js$/;

/** @typedef {import('./exchanges').Exchange} Exchange */

/**
 * The route of a request that is done.
 * @param {Exchange} exchange
 * @returns {string} '' where there is none, or the framework is none that we know
 */
function routeOf(exchange) {
  if (exchange.route !== undefined) return exchange.route;
  if (exchange.context !== undefined) return pattern(own(exchange.context, '_matchedRoute'));
  if (!('route' in exchange.request)) return ''; // quickly said, and true where there is no framework
  const route = own(exchange.request, 'route');
  if (route === undefined || route === null) return '';
  const spec = own(route, 'spec'); // restify's
  if (spec !== undefined) return pattern(own(spec, 'path') ?? own(route, 'path'));
  return text(own(exchange.request, 'baseUrl')) + pattern(own(route, 'path')); // express
}

/**
 * @param {any} path as the application gave it: text, a regular expression or a list of them
 * @returns {string}
 */
function pattern(path) {
  if (typeof path === 'string') return text(path);
  if (path instanceof RegExp) return text(RegExp.prototype.toString.call(path));
  if (Array.isArray(path)) return text(path.slice(0, 16).map(pattern).join());
  return '';
}

/**
 * What CommonJS modules of the application whose file name matches export. ES modules that import
 * CommonJS packages have them here too; a bundle has not.
 * @param {RegExp} file
 */
function* loaded(file) {
  const cache = /** @type {Record<string, any>} */ (/** @type {any} */ (Module)._cache ?? {});
  for (const name of Object.keys(cache)) {
    if (file.test(name)) yield own(cache[name], 'exports');
  }
}

/** Learns the routes that are not to be found in the request itself. */
class Routes {
  /** @type {WeakSet<object>} prototypes that are hooked */
  #hooked = new WeakSet();

  /**
   * @param {import('./hooks').Hooks} hooks
   * @param {(response: any) => Exchange | undefined} exchangeOf
   */
  constructor(hooks, exchangeOf) {
    this.hooks = hooks;
    this.exchangeOf = exchangeOf;
    hooks.channel('tracing:fastify.request.handler:start', ({ reply, route }) => {
      const exchange = exchangeOf(reply?.raw);
      if (exchange) exchange.route = text(route?.url);
    });
    hooks.channel('tracing:fastify.request.handler:error', ({ reply, error }) => {
      const exchange = exchangeOf(reply?.raw);
      if (exchange) exchange.error = errorText(error);
    });
    this.search();
  }

  /** Hooks the frameworks that are loaded by now. */
  search() {
    for (const Application of loaded(KOA)) this.#koa(own(Application, 'prototype'));
  }

  /** @param {any} prototype */
  #koa(prototype) {
    if (typeof own(prototype, 'handleRequest') !== 'function' || this.#hooked.has(prototype))
      return;
    this.#hooked.add(prototype);
    const met = this.hooks.guarded((/** @type {any} */ context) => {
      const exchange = this.exchangeOf(own(context, 'res'));
      if (exchange) exchange.context = context;
    });
    this.hooks.replace(prototype, 'handleRequest', (original) => {
      return function handleRequest(...args) {
        met(args[0]);
        return original.apply(this, args);
      };
    });
  }
}

module.exports = { Routes, loaded, routeOf };
