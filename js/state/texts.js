'use strict';
// Texts in JSON: how long they are, and cutting them.

const PLAIN_TEXT = /^[ !#-[\]-~]*$/; // its JSON is as long, and two quotes

/** @param {string} text @returns {number} bytes of its JSON */
function jsonSize(text) {
  return PLAIN_TEXT.test(text) ? text.length + 2 : Buffer.byteLength(JSON.stringify(text));
}

/** @param {string} text @param {number} length not in the middle of a character */
function head(text, length) {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? length - 1 : length);
}

/** @param {string} text @param {number} max */
function shortened(text, max) {
  return `${head(text, max)}… (${text.length} characters)`;
}

/** @param {unknown} error what application code threw */
function errorText(error) {
  try {
    const text = error instanceof Error ? String(error.message) : String(error);
    return head(text, 500);
  } catch {
    return 'something that has no text';
  }
}

module.exports = { errorText, jsonSize, shortened };
