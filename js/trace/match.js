'use strict';
// Probe descriptions: four patterns, of the shell's kind, for provider, module, function and name.

/**
 * @typedef {object} Description
 * @property {string} provider without the pid
 * @property {string} module
 * @property {string} function the probe's name, as in DTrace's USDT of a scripting language
 * @property {string} name
 * @property {string[]} types
 */

/** @typedef {[string, string, string, string]} Patterns '' matches everything */

const SPECIAL = /[*?[\\]/;

/** @param {string} pattern */
function isGlob(pattern) {
  return SPECIAL.test(pattern);
}

/**
 * Where the character class that begins at `at` ends, and whether it holds the character.
 * @param {string} pattern @param {number} at of its "[" @param {string} character
 * @returns {{end: number, matched: boolean} | null} null: it has no end, so "[" is itself
 */
function inClass(pattern, at, character) {
  let i = at + 1;
  const negated = pattern[i] === '!' || pattern[i] === '^';
  if (negated) i += 1;
  let matched = false;
  for (let first = true; i < pattern.length; first = false) {
    if (pattern[i] === ']' && !first) return { end: i + 1, matched: matched !== negated };
    if (pattern[i] === '\\' && i + 1 < pattern.length) i += 1;
    const low = pattern[i];
    let high = low;
    i += 1;
    if (pattern[i] === '-' && i + 1 < pattern.length && pattern[i + 1] !== ']') {
      i += 1;
      if (pattern[i] === '\\' && i + 1 < pattern.length) i += 1;
      high = pattern[i];
      i += 1;
    }
    if (character >= low && character <= high) matched = true;
  }
  return null;
}

/**
 * Whether a pattern with `* ? [a-z] [!a-z] \x` matches all of a text. Takes at most the product of
 * their lengths, whatever the pattern is.
 * @param {string} pattern @param {string} text
 */
function globMatches(pattern, text) {
  let p = 0;
  let t = 0;
  let star = -1; // of the last "*", and where its match ends for now
  let starEnd = 0;
  while (t < text.length) {
    let next = -1;
    const c = pattern[p];
    if (c === '*') {
      star = p;
      starEnd = t;
      p += 1;
      continue;
    }
    if (c === '?') next = p + 1;
    else if (c === '[') {
      const found = inClass(pattern, p, text[t]);
      if (found === null) next = text[t] === '[' ? p + 1 : -1;
      else if (found.matched) next = found.end;
    } else if (c === '\\' && p + 1 < pattern.length) {
      next = pattern[p + 1] === text[t] ? p + 2 : -1;
    } else if (c === text[t]) next = p + 1;
    if (next >= 0) {
      p = next;
      t += 1;
    } else if (star >= 0) {
      starEnd += 1;
      t = starEnd;
      p = star + 1;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}

/** @param {string} pattern @param {string} text */
function matches(pattern, text) {
  return pattern === '' || pattern === text || globMatches(pattern, text);
}

/**
 * Whether a description matches a probe. A provider is known by its name and, as in DTrace, by its
 * name and pid.
 * @param {Patterns} patterns
 * @param {{provider: {name: string, module: string}, name: string}} probe
 */
function matchesProbe([provider, module, func, name], probe) {
  const own = probe.provider.name;
  return (
    (matches(provider, own) || matches(provider, `${own}${process.pid}`)) &&
    matches(module, probe.provider.module) &&
    matches(func, probe.name) &&
    matches(name, probe.name)
  );
}

/**
 * `provider:module:function:name`, filled from the right where there are fewer, as dtrace -n does.
 * A name may have colons in it when all four are there.
 * @param {string} text
 * @returns {Patterns}
 */
function parseDescription(text) {
  const parts = text.split(':');
  if (parts.length > 4) parts.splice(3, parts.length, parts.slice(3).join(':'));
  while (parts.length < 4) parts.unshift('');
  return /** @type {Patterns} */ (parts);
}

module.exports = { isGlob, matches, matchesProbe, parseDescription };
