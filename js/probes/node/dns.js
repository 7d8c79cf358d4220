'use strict';
// dns-lookup: dns.lookup and dns.promises.lookup, which http, net and fetch use as well. Node has
// no channel for it, and its PerformanceObserver does not tell of lookups that failed.

const dns = require('node:dns');
const { performance } = require('node:perf_hooks');
const { errorText, own, text } = require('./reading');

const ADDRESSES_MAX = 16;

/** @typedef {{host: string, start: number, latency: number, addresses: string, error: string}} Lookup */

/** @type {readonly import('./firing').Maker<Lookup>[]} */
const ARGUMENTS = [
  ({ host }) => host,
  ({ latency }) => latency,
  ({ error }) => error,
  ({ addresses }) => addresses,
];

/** @param {any} found one address, or with `all` a list of objects */
function addressesOf(found) {
  if (typeof found === 'string') return text(found);
  if (!Array.isArray(found)) return text(own(found, 'address'));
  return found
    .slice(0, ADDRESSES_MAX)
    .map((one) => text(own(one, 'address')))
    .join();
}

/** @type {import('./source').Install} */
function install(hooks, probes) {
  const probe = probes['dns-lookup'];
  const begun = (/** @type {any} */ host) => {
    return { host: text(host), start: performance.now(), latency: 0, addresses: '', error: '' };
  };
  const done = hooks.guarded(
    (/** @type {Lookup} */ lookup, /** @type {any} */ error, /** @type {any} */ found = '') => {
      lookup.latency = Math.round((performance.now() - lookup.start) * 1e6);
      lookup.error = errorText(error);
      lookup.addresses = addressesOf(found);
      probe.tell(ARGUMENTS, lookup);
    },
  );

  hooks.replace(
    dns,
    'lookup',
    (original) =>
      function lookup(...args) {
        const callback = args.at(-1);
        if (!hooks.on || typeof callback !== 'function') return original.apply(this, args);
        const about = begun(args[0]);
        args[args.length - 1] = /** @this {any} @param {any[]} results */ function (...results) {
          done(about, results[0], results[1]);
          return callback.apply(this, results);
        };
        return original.apply(this, args);
      },
    true,
  );

  hooks.replace(
    dns.promises,
    'lookup',
    (original) =>
      function lookup(...args) {
        const answer = original.apply(this, args);
        if (!hooks.on || !(answer instanceof Promise)) return answer;
        const about = begun(args[0]);
        return answer.then(
          (found) => {
            done(about, null, found);
            return found;
          },
          (error) => {
            done(about, error);
            throw error; // handing on a promise of ours leaves it to the application to handle it
          },
        );
      },
    true,
  );
}

module.exports = install;
