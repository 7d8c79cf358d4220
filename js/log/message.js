'use strict';
// The text of a log record, by the rules of util.format.

const { format, inspect } = require('node:util');

/**
 * @param {unknown[]} args of the log call
 * @param {number} from index of the first one that belongs to the message
 * @returns {string} '' when none does
 */
function messageText(args, from) {
  const first = args[from];
  const count = args.length - from;
  if (count === 1 && typeof first === 'string') return first;
  if (count <= 0) return '';
  try {
    return format(...args.slice(from));
  } catch {
    return args.slice(from).map(argumentText).join(' '); // e.g. %j of a BigInt, a throwing getter
  }
}

/** @param {unknown} value */
function argumentText(value) {
  if (typeof value === 'string') return value;
  try {
    return inspect(value, { customInspect: false });
  } catch {
    return `[${typeof value}]`;
  }
}

module.exports = { messageText };
