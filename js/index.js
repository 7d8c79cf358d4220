'use strict';
// The public names of the npm package. Requiring it starts this thread's agent.

const agent = require('./agent');
const { vasync } = require('./flow/lazy');
const log = require('./log');
const dtraceProvider = require('./probes/dtrace-provider');

module.exports = {
  ...log,
  createProvider: dtraceProvider.createDTraceProvider,
  ...dtraceProvider, // so that npm's overrides can put this package in dtrace-provider's place
  vasync,
  registry: agent.registry,
  agent: {
    /** Whether observers can reach this thread, and why not. */
    status: () => agent.status(),
    /** Closes the endpoint for good. */
    stop: () => agent.stop(),
  },
};
