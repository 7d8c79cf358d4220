'use strict';
// Promises in vasync's world: functions that return one, and flows that are awaited.

/** @param {unknown} reason @returns {unknown} it, if callbacks take it for an error */
function asError(reason) {
  return reason || new Error(`promise rejected with ${String(reason)}`);
}

/**
 * Takes the end of a promise for a call of the callback. Only for functions that do not declare a
 * callback: an async function that has one calls it when it wants to, as with vasync.
 * @param {any} value what the function returned
 * @param {() => boolean} isOpen the callback has not been called
 * @param {(err: any, value?: any) => void} done
 */
function settle(value, isOpen, done) {
  if (typeof value?.then !== 'function') return;
  // What the callback throws is no rejection of this promise.
  const end = (/** @type {any} */ err, /** @type {any} */ result) =>
    queueMicrotask(() => {
      if (isOpen()) done(err, result);
    });
  value.then(
    (/** @type {any} */ result) => end(null, result),
    (/** @type {any} */ reason) => end(asError(reason), undefined),
  );
}

/**
 * Makes what a function returns awaitable, for a call without a callback: it keeps its keys, and
 * has `then`, `catch` and `finally` that do not show. The promise is only made when it is asked
 * for, so an error that nobody waits for is not an unhandled rejection.
 */
class Outcome {
  constructor() {
    /** @type {{err: any, value: any} | null} */
    this.end = null;
    /** @type {Promise<any> | null} */
    this.promise = null;
    /** @type {((end: {err: any, value: any}) => void) | null} */
    this.wake = null;
  }

  /** @param {any} err @param {any} value */
  set(err, value) {
    this.end = { err, value };
    this.wake?.(this.end);
  }

  /** @param {(value: any) => any} [shown] of what the callback gets @returns {Function} */
  callback(shown = (value) => value) {
    return (/** @type {any} */ err, /** @type {any} */ value) => this.set(err, shown(value));
  }

  ask() {
    this.promise ??= new Promise((resolve, reject) => {
      const wake = (/** @type {{err: any, value: any}} */ { err, value }) => {
        if (err) reject(err);
        else resolve(value);
      };
      if (this.end !== null) wake(this.end);
      else this.wake = wake;
    });
    return this.promise;
  }

  /** @template T @param {T} object @returns {T & PromiseLike<any>} the same object */
  attach(object) {
    const method = (/** @type {any} */ value) => ({ value, configurable: true, writable: true });
    return Object.defineProperties(/** @type {any} */ (object), {
      // biome-ignore lint/suspicious/noThenProperty: awaiting it is what it is for
      then: method((/** @type {any[]} */ ...handlers) => this.ask().then(...handlers)),
      catch: method((/** @type {any} */ handler) => this.ask().catch(handler)),
      finally: method((/** @type {any} */ handler) => this.ask().finally(handler)),
    });
  }
}

/** What `await` gives of the values that a callback got: none, the one, or all. @param {any[]} values */
function oneOrAll(values) {
  return values.length > 1 ? values : values[0];
}

/** What `await` gives of a result: the same without `then`. @param {any} rv */
function resultOf(rv) {
  return rv && { ...rv };
}

module.exports = { Outcome, oneOrAll, resultOf, settle };
