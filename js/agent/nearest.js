'use strict';
// "Did you mean …?": names close to one that does not exist.

const CANDIDATES_MAX = 3;
const NAME_MAX = 64;

/**
 * Edit distance with transpositions (optimal string alignment).
 * @param {string} a @param {string} b
 */
function distance(a, b) {
  let before = /** @type {number[]} */ ([]);
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + cost);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    before = last;
    last = row;
  }
  return last[b.length];
}

/**
 * At most three of `names` that somebody who typed `wrong` may have meant, nearest first.
 * @param {string} wrong @param {Iterable<string>} names
 */
function nearest(wrong, names) {
  const typed = wrong.slice(0, NAME_MAX).toLowerCase();
  const allowed = Math.max(1, Math.floor(typed.length / 3));
  const scored = [];
  for (const name of new Set(names)) {
    const known = name.slice(0, NAME_MAX).toLowerCase();
    const part = typed.length > 1 && (known.includes(typed) || typed.includes(known));
    const score = part ? 0.5 : distance(typed, known);
    if (score <= allowed) scored.push({ name, score });
  }
  scored.sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1));
  return scored.slice(0, CANDIDATES_MAX).map(({ name }) => name);
}

module.exports = { nearest };
