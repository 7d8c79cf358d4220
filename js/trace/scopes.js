'use strict';
// What `self->` belongs to: the request, or else the async context. One AsyncLocalStorage and one
// set of hooks serve all programs of the thread that use `self->`, and are there only meanwhile.
//
// Every request that an HTTP server gets has a scope of its own from its first moment on, for on a
// kept connection Node 20 and 22 run all requests in one context; and all events of a request and
// of its response run in it, for Node 24 runs those of a body, and all versions that of an abort,
// in the connection's. Elsewhere a scope begins with the first assignment and is what everything
// started from there on inherits.

const { AsyncLocalStorage } = require('node:async_hooks');
const http = require('node:http');
const { Hooks } = require('../probes/node/hooks');

/** The variables of `self->` of one request or context: one set for each program. */
class Scope {
  /** @param {number} epoch */
  constructor(epoch) {
    this.epoch = epoch;
    /** @type {Map<object, any>} program → its variables here */
    this.variables = new Map();
  }
}

class Scopes {
  #users = 0;
  // A context that lives long may still have a scope of programs that are no more.
  #epoch = 0;
  /** @type {AsyncLocalStorage<Scope>} one for good: contexts that live long keep what was in it */
  #storage = new AsyncLocalStorage();
  /** @type {Hooks | null} */
  #hooks = null;
  /** @type {WeakMap<object, Scope>} by request, and by response */
  #subjects = new WeakMap();

  /** @param {import('../agent/costs').Costs} costs */
  constructor(costs) {
    this.costs = costs;
  }

  /** One more program uses `self->`. */
  enter() {
    this.#users += 1;
    if (this.#users > 1) return;
    const hooks = new Hooks(this.costs);
    this.#hooks = hooks;
    hooks.channel('http.server.request.start', ({ request, response }) => {
      this.#storage.enterWith(this.#of(request, response));
    });
    this.#contain(hooks, http.IncomingMessage.prototype);
    this.#contain(hooks, http.ServerResponse.prototype);
  }

  /** A program that used `self->` has ended. */
  leave() {
    this.#users -= 1;
    if (this.#users > 0) return;
    this.#hooks?.remove();
    this.#hooks = null;
    this.#storage.disable();
    this.#subjects = new WeakMap();
    this.#epoch += 1;
  }

  /**
   * The scope of a firing; undefined where there is none yet.
   * @param {any} about what the firing is about, as Node's own probes say: it has the request
   * @returns {Scope | undefined}
   */
  find(about) {
    const request = about?.request;
    if (request instanceof http.IncomingMessage && about.response instanceof http.ServerResponse) {
      return this.#of(request, about.response);
    }
    const scope = this.#storage.getStore();
    return scope?.epoch === this.#epoch ? scope : undefined;
  }

  /** Begins a scope here. @returns {Scope} */
  begin() {
    const scope = new Scope(this.#epoch);
    this.#storage.enterWith(scope);
    return scope;
  }

  /** @param {object} request @param {object} response */
  #of(request, response) {
    let scope = this.#subjects.get(request);
    if (scope === undefined) {
      scope = new Scope(this.#epoch);
      this.#subjects.set(request, scope);
      this.#subjects.set(response, scope);
    }
    return scope;
  }

  /** Makes all events of these objects run in the scope of their request. @param {Hooks} hooks @param {object} prototype */
  #contain(hooks, prototype) {
    const scopes = this;
    hooks.replace(prototype, 'emit', (original) => {
      return function emit(/** @type {any[]} */ ...args) {
        const scope = scopes.#subjects.get(this);
        if (scope === undefined || scopes.#storage.getStore() === scope) {
          return original.apply(this, args);
        }
        return scopes.#storage.run(scope, () => original.apply(this, args));
      };
    });
  }
}

module.exports = { Scope, Scopes };
