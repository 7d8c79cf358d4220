'use strict';
// `node -r nodeobs/register app.js`: an application that knows nothing of nodeobs gets an agent,
// and `require('dtrace-provider')` anywhere in it gets ours: a restify server's probes then fire.

const Module = require('node:module');
require('./index');

const REPLACED = new Map([['dtrace-provider', require.resolve('./probes/dtrace-provider')]]);

// _resolveFilename is the one hook on require() that every Node from 20 to 26 has; it is what
// ts-node, tsconfig-paths and others rely on, so it is as good as public.
const loader = /** @type {any} */ (Module);
const resolve = loader._resolveFilename;
/** @param {string} request @param {any[]} rest */
loader._resolveFilename = function resolveFilename(request, ...rest) {
  return REPLACED.get(request) ?? resolve.call(this, request, ...rest);
};
