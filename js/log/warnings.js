'use strict';
// What a logger has to say about its own misuse goes to stderr: a serializer that throws, a
// stream that breaks, a method called without its logger. Once each, and never an exception.

/** @type {WeakSet<object>} */
const warned = new WeakSet();

/** @param {string} text */
function warn(text) {
  try {
    const { stderr } = process;
    stderr.write(`nodeobs: ${text}\n`, (error) => {
      // Where stderr is closed too, the error that follows must not end the process.
      if (error && stderr.listenerCount('error') === 0) stderr.once('error', () => {});
    });
  } catch {
    // Nobody is left to be told.
  }
}

/**
 * @param {object} about what the warning is about: it is given only once
 * @param {() => void} give
 */
function warnOnce(about, give) {
  if (warned.has(about)) return;
  warned.add(about);
  try {
    give();
  } catch {
    // The value that broke something cannot be shown either.
  }
}

module.exports = { warn, warnOnce };
