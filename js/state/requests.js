'use strict';
// The `state.…` requests of docs/protocol.md.

const { nearest } = require('../agent/nearest');
const { RequestError } = require('../agent/request-error');
const { Faults } = require('./faults');
const { LostPlace } = require('./source');
const { errorText } = require('./texts');

const LIST_LIMIT = 1000;
const NAMES_COMPARED = 1000;

/**
 * @typedef {import('../agent/agent').Agent} Agent
 * @typedef {import('../agent/peer').Peer} Peer
 * @typedef {Record<string, any>} Request
 */

/** @type {Record<string, (agent: Agent, request: Request, peer: Peer) => any>} */
const OPS = {
  'state.types'(agent) {
    const faults = new Faults();
    const types = agent.registry.types(faults);
    return { types, ...(faults.total > 0 ? { failed: faults.shown() } : {}) };
  },

  'state.list'(agent, request, peer) {
    const limit = positive(request, 'limit');
    const { after = null, fields = null } = request;
    if (after !== null && typeof after !== 'string') throw badRequest('after', 'an id');
    if (fields !== null && !isNames(fields)) throw badRequest('fields', 'a list of names');
    const type = knownType(agent, request.type);
    return guarded(() => agent.registry.list(type, limit, { after, fields, holder: peer }));
  },

  'state.get'(agent, request, peer) {
    const type = knownType(agent, request.type);
    const id = String(request.object ?? '');
    if (agent.registry.ownType(type) === 'process') agent.watchLoop(peer);
    const seen = guarded(() => agent.registry.look(type, id));
    if (seen === undefined) {
      const ids = guarded(() => agent.registry.ids(type, NAMES_COMPARED));
      const candidates = nearest(
        id,
        ids.filter((/** @type {string} */ one) => one !== ''),
      );
      const hint = `list them: nodeobs state ${type}`;
      throw new RequestError('not_found', `no ${type} "${id}"`, hint, { candidates });
    }
    return { type, id, ...seen };
  },

  'state.snapshot'(agent, request, peer) {
    const { types, after = {} } = request;
    if (types !== undefined && !isNames(types)) throw badRequest('types', 'a list of types');
    if (typeof after !== 'object' || after === null) throw badRequest('after', 'ids by type');
    agent.watchLoop(peer);
    const chosen = types?.map((/** @type {any} */ type) => knownType(agent, type));
    return guarded(() => agent.registry.snapshot(chosen, { after, holder: peer }));
  },

  'state.stuck'(agent, request) {
    const { older_ms: older = 10_000, type = null } = request;
    if (!Number.isFinite(older) || older < 0) throw badRequest('older_ms', 'milliseconds');
    if (type !== null && typeof type !== 'string') throw badRequest('type', 'a name');
    return agent.registry.stuck(older, positive(request, 'limit'), type);
  },
};

/** @param {any} value */
function isNames(value) {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

/** @param {Request} request @param {string} key */
function positive(request, key) {
  const value = request[key] ?? LIST_LIMIT;
  if (Number.isInteger(value) && value > 0) return value;
  throw badRequest(key, 'a positive integer');
}

/** @param {string} key @param {string} wanted */
function badRequest(key, wanted) {
  return new RequestError('bad_request', `"${key}" must be ${wanted}`, 'see docs/protocol.md');
}

/** @param {Agent} agent @param {any} type */
function knownType(agent, type) {
  if (typeof type === 'string' && agent.registry.has(type)) return type;
  const names = agent.registry.names();
  throw new RequestError('not_found', `no type "${type}"`, 'list them: nodeobs state', {
    candidates: nearest(String(type), names),
  });
}

/**
 * Runs callbacks of the application.
 * @template T @param {() => T} action @returns {T}
 */
function guarded(action) {
  try {
    return action();
  } catch (error) {
    if (error instanceof LostPlace) {
      throw new RequestError('not_found', error.message, 'list them from the start');
    }
    throw new RequestError(
      'failed',
      `the application's callback threw: ${errorText(error)}`,
      'the fault is in the application, not in nodeobs',
    );
  }
}

module.exports = { OPS };
