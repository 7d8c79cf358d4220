'use strict';
// `nodeobs/dtrace-provider`: what `require('dtrace-provider')` gives, with probes that fire.

const { Probe, Provider, createProvider } = require('./provider');

module.exports = {
  DTraceProvider: Provider,
  DTraceProbe: Probe,
  createDTraceProvider: createProvider,
};
