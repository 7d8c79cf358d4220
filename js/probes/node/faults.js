'use strict';
// uncaught-exception and unhandled-rejection. What Node and the application do about them stays as
// it is.

const { toPlain } = require('../../state/plain');
const { errorText, own, text } = require('./reading');

const LIMITS = Object.freeze({ nodes: 16, depth: 2, string: 4096 });

/** @param {any} reason whatever was thrown */
function describe(reason) {
  if (!(reason instanceof Error)) {
    const plain = toPlain(reason, LIMITS);
    return ['', typeof plain === 'string' ? plain : JSON.stringify(plain), '', ''];
  }
  const { name, message, stack } = toPlain(reason, LIMITS);
  const code = own(reason, 'code');
  return [text(name), text(message), code === undefined ? '' : errorText(reason), text(stack)];
}

/** @type {readonly import('./firing').Maker<string[]>[]} */
const REJECTION = [0, 1, 2, 3].map((i) => (/** @type {string[]} */ described) => described[i]);
/** @type {typeof REJECTION} */
const EXCEPTION = [...REJECTION, (described) => described[4]];

/** @type {import('./source').Install} */
function installExceptions(hooks, probes) {
  const listener = hooks.guarded((/** @type {any} */ error, /** @type {string} */ origin) => {
    probes['uncaught-exception'].tell(EXCEPTION, [...describe(error), text(origin)]);
  });
  process.on('uncaughtExceptionMonitor', listener);
  hooks.atEnd(() => process.off('uncaughtExceptionMonitor', listener));
}

/** @type {import('./source').Install} */
function installRejections(hooks, probes) {
  const noted = hooks.guarded((/** @type {any} */ reason) => {
    probes['unhandled-rejection'].tell(REJECTION, describe(reason));
  });
  // A listener would count as handling it: the process would live on where it is to end.
  hooks.replaceEmit(process, (_process, event, reason) => {
    if (event === 'unhandledRejection') noted(reason);
  });
}

module.exports = { installExceptions, installRejections };
