'use strict';
// The public names of the npm package. Requiring it starts this thread's agent.

const agent = require('./agent');
const log = require('./log');
const { createProvider } = require('./probes/provider');

module.exports = {
  ...log,
  createProvider,
  createDTraceProvider: createProvider,
  registry: agent.registry,
  agent: {
    /** Whether observers can reach this thread, and why not. */
    status: () => agent.status(),
    /** Closes the endpoint for good. */
    stop: () => agent.stop(),
  },
};
