'use strict';
// Reading what is the application's: no getter of it runs, no text is longer than it should be.

const TEXT_MAX = 4096;

/** @param {any} value @returns {string} '' for what is no text */
function text(value) {
  if (typeof value !== 'string') return '';
  return value.length <= TEXT_MAX ? value : value.slice(0, TEXT_MAX);
}

/**
 * The value of an object's own property; undefined where it has none, or a getter.
 * @param {any} object @param {string} key
 */
function own(object, key) {
  if (object === null || (typeof object !== 'object' && typeof object !== 'function')) {
    return undefined;
  }
  return Object.getOwnPropertyDescriptor(object, key)?.value;
}

/**
 * What an error says of itself in a word: its code, else its message.
 * @param {any} error @returns {string} '' for none
 */
function errorText(error) {
  if (error === undefined || error === null) return '';
  if (typeof error !== 'object') return text(String(error)) || 'error';
  const code = own(error, 'code');
  if (typeof code === 'string' && code !== '') return text(code);
  return text(own(error, 'message')) || text(own(error, 'name')) || 'error';
}

/** Headers that probes show, by length: most are told apart without looking at their letters. */
const WANTED = new Map([
  [4, 'host'],
  [12, 'x-request-id'],
  [15, 'x-forwarded-for'],
]);

/**
 * Those headers of a request. Not read from `headers`, which Node only makes when it is asked.
 * @param {any} raw names and values by turns
 * @returns {{host: string, 'x-request-id': string, 'x-forwarded-for': string}}
 */
function headersOf(raw) {
  /** @type {any} */
  const found = { host: '', 'x-request-id': '', 'x-forwarded-for': '' };
  if (!Array.isArray(raw)) return found;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i];
    const wanted = typeof name === 'string' ? WANTED.get(name.length) : undefined;
    if (wanted === undefined || name.toLowerCase() !== wanted) continue;
    found[wanted] = text(raw[i + 1]);
  }
  return found;
}

module.exports = { errorText, headersOf, own, text };
