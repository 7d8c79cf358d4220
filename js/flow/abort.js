'use strict';
// The `label` and `signal` options. A signal cancels a flow: what has not begun does not begin, and
// the callback gets the error.

const { labelText } = require('./flow');

/** @param {AbortSignal} signal @returns {Error} as Node's own functions give it */
function abortError(signal) {
  const error = new Error('The operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  return Object.assign(error, { code: 'ABORT_ERR' });
}

/** @param {any} signal */
function checkSignal(signal) {
  if (signal === undefined || signal === null || typeof signal.addEventListener === 'function') {
    return;
  }
  const error = new TypeError('signal must be an AbortSignal');
  throw Object.assign(error, { code: 'ERR_NODEOBS_ARGUMENT' });
}

/**
 * @param {import('./flow').Flow & {cancel(error: Error): void}} flow
 * @param {{label?: any, signal?: any}} options
 * @returns {boolean} false: it is cancelled already, and will say so in a later turn
 */
function applyOptions(flow, { label, signal }) {
  const extra = flow.more();
  extra.label = labelText(label);
  if (signal === undefined || signal === null) return true;
  if (signal.aborted) {
    setImmediate(() => flow.cancel(abortError(signal)));
    return false;
  }
  extra.signal = signal;
  extra.onabort = () => flow.cancel(abortError(signal));
  signal.addEventListener('abort', extra.onabort, { once: true });
  return true;
}

/** @param {any} value an object that has nothing but nodeobs's options */
function isOptions(value) {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, 'label') || Object.hasOwn(value, 'signal');
}

module.exports = { abortError, applyOptions, checkSignal, isOptions };
