'use strict';
// `node -r nodeobs/register app.js`: an application that knows nothing of nodeobs gets an agent,
// and `dtrace-provider` anywhere in it is ours: a restify server's or bunyan's probes then fire.
// NODEOBS_REPLACE=vasync,bunyan puts ours in the place of those packages, too, wherever the
// application or one of its packages (restify has vasync) requires them.

const Module = require('node:module');
const { pathToFileURL } = require('node:url');
require('./index');

const REPLACED = new Map([['dtrace-provider', require.resolve('./probes/dtrace-provider')]]);
const REPLACED_WHEN_ASKED = new Map([
  ['bunyan', './log/bunyan'],
  ['vasync', './flow/vasync'],
]);
for (const wish of (process.env.NODEOBS_REPLACE ?? '').split(',')) {
  const name = wish.trim();
  const ours = REPLACED_WHEN_ASKED.get(name);
  if (ours !== undefined) REPLACED.set(name, require.resolve(ours));
}

// _resolveFilename is the one hook on require() that every Node from 20 to 26 has; it is what
// ts-node, tsconfig-paths and others rely on, so it is as good as public. It also serves CommonJS
// packages that an ES module imports.
const loader = /** @type {any} */ (Module);
const resolve = loader._resolveFilename;
/** @param {string} request @param {any[]} rest */
loader._resolveFilename = function resolveFilename(request, ...rest) {
  return REPLACED.get(request) ?? resolve.call(this, request, ...rest);
};

// An ES module that imports it by itself: Node 22.15 and later have a hook for that. The earlier
// module.register would start a thread, for what hardly any application does.
loader.registerHooks?.({
  /** @param {string} specifier @param {any} context @param {Function} next */
  resolve(specifier, context, next) {
    const ours = REPLACED.get(specifier);
    if (ours === undefined) return next(specifier, context);
    return { url: pathToFileURL(ours).href, format: 'commonjs', shortCircuit: true };
  },
});
