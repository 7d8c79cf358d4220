'use strict';
// Which bucket of a distribution a value is in, numbered as docs/protocol.md says. The bounds are
// those of DTrace's aggregating functions (the guide's chapter "Aggregations").

/** Bits of a positive integer. @param {number} value */
function bitLength(value) {
  if (value < 2 ** 32) return 32 - Math.clz32(value);
  return 64 - Math.clz32(Math.floor(value / 2 ** 32));
}

/** Powers of two: 0 for 0, k for 2^(k-1) and above, mirrored below. @param {number} value */
function quantized(value) {
  if (value > 0) return bitLength(value);
  return value < 0 ? -Math.min(bitLength(-value), 63) : 0;
}

/**
 * Steps of one size: 0 below the base, then 1 for the first step, and one more above the last.
 * @param {number[]} bounds base, limit, step
 * @returns {(value: number) => number}
 */
function linear([base, limit, step]) {
  const levels = Math.floor((limit - base) / step);
  return (value) => {
    if (value < base) return 0;
    const level = Math.floor((value - base) / step);
    return level < levels ? level + 1 : levels + 1;
  };
}

/**
 * Steps of one size within each magnitude, a magnitude being a power of the factor. A magnitude has
 * as many steps as asked for, or as it has integers; those that a lower one covers are left out.
 * @param {number[]} bounds factor, low, high, steps
 * @returns {(value: number) => number}
 */
function logLinear([factor, low, high, steps]) {
  /** @type {{start: number, end: number, width: number, first: number}[]} */
  const magnitudes = [];
  let first = 1;
  for (let order = low; order <= high; order++) {
    const start = factor ** order;
    const end = start * factor;
    const count = Math.min(end, steps);
    magnitudes.push({ start, end, width: Math.floor(end / count), first });
    first += count - Math.floor(count / factor);
  }
  return (value) => {
    if (value < magnitudes[0].start) return 0;
    for (const { start, end, width, first } of magnitudes) {
      if (value < end) return first + Math.floor((value - start) / width);
    }
    return first;
  };
}

module.exports = { linear, logLinear, quantized };
