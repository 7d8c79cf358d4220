'use strict';
// The `trace.…` requests of docs/protocol.md. The rest is loaded with the first of them.

const { RequestError } = require('../agent/request-error');

/**
 * @typedef {import('../agent/agent').Agent} Agent
 * @typedef {import('../agent/peer').Peer} Peer
 * @typedef {Record<string, any>} Request
 */

/** @param {Agent} agent */
function tracesOf(agent) {
  if (agent.traces === null) {
    const { Traces } = require('./traces');
    agent.traces = new Traces(agent);
  }
  return agent.traces;
}

/**
 * Names what is wrong with a request.
 * @template T @param {() => T} action @returns {T}
 */
function checked(action) {
  const { ProgramError } = require('./compiler');
  try {
    return action();
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    const { message, path } = error;
    throw new RequestError('bad_request', message, 'see docs/protocol.md', { path });
  }
}

/** @param {Agent} agent @param {Peer} peer @param {Request} request */
function watchOf(agent, peer, { watch }) {
  const traces = tracesOf(agent);
  const found = traces.find(peer, watch);
  if (found !== undefined) return found;
  throw new RequestError(
    'not_found',
    `you have no program "${String(watch).slice(0, 60)}"`,
    'start it with trace.start on the same connection',
    { candidates: traces.names(peer).slice(0, 3) },
  );
}

/** @type {Record<string, (agent: Agent, request: Request, peer: Peer) => any>} */
const OPS = {
  'trace.start'(agent, request, peer) {
    const watch = checked(() => tracesOf(agent).start(peer, request));
    return { watch: watch.id, topic: watch.topic.name, probes: watch.probes() };
  },

  'trace.go'(agent, request, peer) {
    return tracesOf(agent).go(watchOf(agent, peer, request));
  },

  'trace.read'(agent, request, peer) {
    const watch = watchOf(agent, peer, request);
    return checked(() => tracesOf(agent).read(watch, request.globals));
  },

  'trace.set'(agent, request, peer) {
    const watch = watchOf(agent, peer, request);
    checked(() => tracesOf(agent).set(watch, request.globals));
    return {};
  },

  'trace.list'(agent, request) {
    return checked(() => tracesOf(agent).list(request.glob));
  },

  'trace.stop'(agent, request, peer) {
    const watch = watchOf(agent, peer, request);
    return checked(() => tracesOf(agent).stop(watch, request.globals));
  },
};

module.exports = { OPS };
