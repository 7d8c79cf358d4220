'use strict';
// Compresses rotated files in the background: not the latest, and none that was written to in the
// last second, for a process that has not noticed the rotation yet may do so again.

const fs = require('node:fs');
const { pipeline } = require('node:stream/promises');
const { setTimeout: sleep } = require('node:timers/promises');
const zlib = require('node:zlib');
const { codeOf, withPathLock } = require('./path-lock');

const ABANDONED_MS = 60_000; // since the last byte: its process has died
const LOCK_MS = 20;
const SETTLED_MS = 1000; // ten times what a process may take to notice

/** @typedef {import('./rotated-files').RotatedFiles} RotatedFiles */

/**
 * Compresses what is there to compress, one file after the other.
 * @param {RotatedFiles} files
 * @throws {NodeJS.ErrnoException}
 */
async function compressAll(files) {
  const done = new Set(); // or in the hands of another process
  for (;;) {
    const plain = files.list().slice(1).map(onlyPlain);
    const next = plain.find((file) => file !== null && !done.has(file.ino));
    if (!next) return;
    const wait = next.written + SETTLED_MS - Date.now();
    if (wait > 0) {
      await sleep(wait, undefined, { ref: false }); // a process that is done ends
    } else {
      done.add(next.ino);
      await compress(files, next);
    }
  }
}

/** @param {{names: string[]}} file */
function onlyPlain({ names: [name, compressed] }) {
  if (compressed !== undefined || name.endsWith('.gz')) return null;
  const stat = fs.statSync(name, { throwIfNoEntry: false }); // it may have moved on
  return stat ? { name, ino: stat.ino, written: stat.mtimeMs } : null;
}

/** @param {RotatedFiles} files @param {{name: string, ino: number}} file */
async function compress(files, { name, ino }) {
  const part = `${files.path}.${ino}.gz-part`; // names change with every rotation, numbers do not
  if (!claim(part)) return;
  const file = await fs.promises.open(name).catch(() => null);
  try {
    if (file === null || (await file.stat()).ino !== ino) return;
    const from = file.createReadStream({ autoClose: false });
    await pipeline(from, zlib.createGzip(), fs.createWriteStream(part, { flags: 'r+' }));
    while (!withPathLock(files.path, () => replace(files, ino, file.fd, from.bytesRead, part))) {
      await sleep(LOCK_MS);
    }
  } finally {
    await file?.close();
    fs.rmSync(part, { force: true });
  }
}

/** Whether nobody else compresses this file. @param {string} part */
function claim(part) {
  try {
    fs.closeSync(fs.openSync(part, 'wx'));
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    const stat = fs.statSync(part, { throwIfNoEntry: false });
    if (stat && Date.now() - stat.mtimeMs > ABANDONED_MS) fs.rmSync(part, { force: true });
    return false; // the next rotation finds it gone
  }
}

/**
 * Puts the compressed file in the place of the file, wherever that is by now.
 * @param {RotatedFiles} files @param {number} ino @param {number} fd
 * @param {number} read bytes compressed: somebody may have written more
 * @param {string} part
 */
function replace(files, ino, fd, read, part) {
  const names = files.list().flatMap((file) => file.names);
  const name = names.find((each) => fs.statSync(each).ino === ino);
  if (name === undefined) return; // it was too old
  const more = fs.fstatSync(fd).size - read;
  if (more > 0) {
    const tail = Buffer.alloc(more);
    fs.readSync(fd, tail, 0, more, read);
    fs.appendFileSync(part, zlib.gzipSync(tail)); // gzip files may be put one after the other
  }
  fs.linkSync(part, `${name}.gz`);
  fs.unlinkSync(name);
}

module.exports = { compressAll };
