'use strict';
// What strtok() finds. Texts are gone through by code points.

/**
 * Where a run of characters ends that are delimiters, or are none.
 * @param {string} s @param {number} from @param {Set<string>} among delimiters
 * @param {boolean} wanted whether to go over those or over the others
 */
function span(s, from, among, wanted) {
  let end = from;
  for (const one of s.slice(from)) {
    if (among.has(one) !== wanted) break;
    end += one.length;
  }
  return end;
}

/**
 * The first token of a text, and what is left behind its delimiter.
 * @param {string} text @param {string} delimiters well-formed
 * @returns {{token: string, rest: string}} token '': there is none
 */
function nextToken(text, delimiters) {
  // The path of a URL, of every request.
  if (delimiters.length === 1 && text[0] !== delimiters) {
    const end = text.indexOf(delimiters);
    if (end < 0) return { token: text, rest: '' };
    return { token: text.slice(0, end), rest: text.slice(end + 1) };
  }
  const among = new Set(delimiters);
  const start = span(text, 0, among, true);
  const end = span(text, start, among, false);
  const delimiter = text.codePointAt(end) ?? 0;
  return { token: text.slice(start, end), rest: text.slice(end + (delimiter > 0xffff ? 2 : 1)) };
}

module.exports = { nextToken };
