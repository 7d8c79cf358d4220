'use strict';
// What a new flow belongs to: the flow whose function is running, and the HTTP request.
//
// A flow that is made while a function of another one runs is seen at no cost, by a variable. What
// is made later on, after the function has waited for something, needs an AsyncLocalStorage, which
// costs every flow (and, up to Node 22, every asynchronous operation) something: it is there from
// the first HTTP request on, or when NODEOBS_FLOW_CONTEXT=on; with `off` never.

const { HttpRequest } = require('./request');
const settings = require('./settings');

/** @typedef {import('./flow').Flow} Flow */
/** @typedef {Flow | HttpRequest} Origin */

const state = {
  /** @type {Flow | null} whose function is running; not kept up while there is a storage */
  current: null,
  /** @type {import('node:async_hooks').AsyncLocalStorage<Origin> | null} */
  storage: null,
};

function open() {
  if (state.storage !== null) return state.storage;
  const { AsyncLocalStorage } = require('node:async_hooks');
  state.storage = new AsyncLocalStorage();
  return state.storage;
}

/** @returns {Origin | null} where the running code belongs */
function origin() {
  if (state.current !== null) return state.current;
  return state.storage === null ? null : (state.storage.getStore() ?? null);
}

/**
 * Runs something as a part of a flow or request.
 * @template A
 * @param {Origin | null} of @param {(a: A) => any} run @param {A} a
 */
function runIn(of, run, a) {
  const { storage } = state;
  if (storage !== null) {
    const here = storage.getStore();
    if (here === of || (of === null && here === undefined)) return run(a);
    return storage.run(/** @type {any} */ (of ?? undefined), run, a);
  }
  const before = state.current;
  state.current = of === null ? null : of.flow;
  try {
    return run(a);
  } finally {
    state.current = before;
  }
}

/**
 * It, or the next one above that is not over: links between flows that are over would hold all
 * there ever were.
 * @param {Origin} origin
 * @returns {Origin | null}
 */
function liveOrigin(origin) {
  /** @type {Origin | null} */
  let at = origin;
  while (at?.flow?.over) at = at.flow.origin;
  return at;
}

// Requests of Node's own server, from their first moment on. All events of a request and of its
// response run in its context: Node 24 would run those of a body in the connection's.
function followRequests() {
  const http = require('node:http');
  const { Hooks } = require('../probes/node/hooks');
  const agent = require('../agent');
  const hooks = new Hooks(agent.costs);
  agent.endings.add(() => hooks.remove());
  /** @type {WeakMap<object, HttpRequest>} by request, and by response */
  const subjects = new WeakMap();
  let contained = false;
  hooks.channel('http.server.request.start', ({ request, response }) => {
    const storage = open();
    if (!contained) {
      contained = true;
      contain(http.IncomingMessage.prototype);
      contain(http.ServerResponse.prototype);
    }
    const subject = new HttpRequest(request);
    subjects.set(request, subject);
    subjects.set(response, subject);
    storage.enterWith(subject);
  });
  hooks.channel('http.server.response.finish', ({ request }) => subjects.get(request)?.settle());

  /** @param {object} prototype */
  function contain(prototype) {
    hooks.replace(prototype, 'emit', (original) => {
      return function emit(...args) {
        const subject = subjects.get(this);
        if (subject === undefined) return original.apply(this, args);
        if (args[0] === 'close') subject.settle();
        const { storage } = state;
        if (storage === null || storage.getStore()?.request === subject) {
          return original.apply(this, args);
        }
        return storage.run(subject, () => original.apply(this, args));
      };
    });
  }
}

if (settings.tracked && settings.context !== 'off') {
  if (settings.context === 'on') open();
  followRequests();
}

module.exports = { liveOrigin, origin, runIn, state };
