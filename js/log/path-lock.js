'use strict';
// Of several processes that write to one path, one at a time moves files about.

const fs = require('node:fs');

const STALE_MS = 10_000; // it is held for a few system calls

/**
 * Runs the action while no other process runs one for this path.
 * @param {string} path
 * @param {() => void} action
 * @returns {boolean} false: another process is at it
 * @throws {NodeJS.ErrnoException} the lock cannot be made; and what the action throws
 */
function withPathLock(path, action) {
  const file = `${path}.lock`;
  if (!take(file) && !(takeAway(file) && take(file))) return false;
  try {
    action();
  } finally {
    fs.rmSync(file, { force: true });
  }
  return true;
}

/** @param {string} file */
function take(file) {
  try {
    fs.closeSync(fs.openSync(file, 'wx'));
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes the lock of a process that died with it.
 * @param {string} file
 */
function takeAway(file) {
  const away = `${file}.${process.pid}`;
  try {
    const { ino, mtimeMs } = fs.statSync(file);
    if (Date.now() - mtimeMs < STALE_MS) return false;
    fs.renameSync(file, away);
    if (fs.statSync(away).ino === ino) {
      fs.unlinkSync(away);
      return true;
    }
    // Somebody else has been faster, and has a new one.
    fs.linkSync(away, file);
    fs.unlinkSync(away);
  } catch {
    // Gone, or taken again.
  }
  return false;
}

/** @param {unknown} error */
function codeOf(error) {
  return /** @type {NodeJS.ErrnoException} */ (error)?.code;
}

module.exports = { codeOf, withPathLock };
