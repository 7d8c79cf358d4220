'use strict';
// json(text, path): a value in a document, as text. The document is data: it is parsed, never run.

const STEP = /(?:^|(?<!^)\.)([^.[\]]+)|\[(\d{1,9})\]/y;

/**
 * `a.b[0].c` as `['a', 'b', 0, 'c']`.
 * @param {string} path
 * @returns {(string | number)[] | null} null: it is not of that form
 */
function steps(path) {
  /** @type {(string | number)[]} */
  const found = [];
  let end = 0;
  while (end < path.length) {
    STEP.lastIndex = end;
    const match = STEP.exec(path);
    if (match === null) return null;
    found.push(match[1] ?? Number(match[2]));
    end = STEP.lastIndex;
  }
  return found.length > 0 ? found : null;
}

/**
 * A document as data.
 * @param {string} text @returns {any} undefined: it is no JSON
 */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * What is at a path: strings bare, all else as JSON.
 * @param {any} document parsed @param {(string | number)[]} path
 * @returns {string | 0} 0: there is nothing
 */
function valueAt(document, path) {
  let at = document;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || Array.isArray(at) !== (typeof step === 'number')) {
      return 0;
    }
    if (!Object.hasOwn(at, step)) return 0;
    at = at[step];
  }
  if (typeof at === 'string') return at;
  try {
    return typeof at === 'object' ? (JSON.stringify(at) ?? 0) : String(at);
  } catch {
    return 0; // nested deeper than the stack bears
  }
}

module.exports = { parse, steps, valueAt };
