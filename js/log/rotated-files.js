'use strict';
// What became of a log file: path.0 is the latest, then path.1 and so on, or path.1.gz. To be
// changed only under the path's lock.

const fs = require('node:fs');
const { codeOf } = require('./path-lock');

const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

class RotatedFiles {
  /**
   * @param {string} path
   * @param {{count: number, totalSize: number}} limits files, and bytes of all of them
   */
  constructor(path, { count, totalSize }) {
    this.path = path;
    this.count = count;
    this.totalSize = totalSize;
  }

  /**
   * Makes the file path.0, after everything older has moved up.
   * @throws {NodeJS.ErrnoException} where the directory does not allow it; no file is lost
   */
  shift() {
    const { path, count } = this;
    if (count === 0) {
      fs.rmSync(path, { force: true });
      return;
    }
    const all = this.list();
    if (all.length === count) all.pop()?.names.forEach(remove);
    for (const { index, names } of all.reverse()) {
      if (names.length === 2) remove(names.shift() ?? ''); // who compressed it died before this
      for (const name of names) move(name, `${path}.${index + 1}${suffix(name)}`);
    }
    move(path, `${path}.0`);
    this.#limitSize();
  }

  /** Those there are, without a gap, the latest first. */
  list() {
    const found = [];
    for (let index = 0; index < this.count; index++) {
      const plain = `${this.path}.${index}`;
      const names = [plain, `${plain}.gz`].filter((name) => fs.existsSync(name));
      if (names.length === 0) break;
      found.push({ index, names });
    }
    return found;
  }

  #limitSize() {
    if (this.totalSize === Number.POSITIVE_INFINITY) return;
    let size = 0;
    for (const { index, names } of this.list()) {
      for (const name of names) size += fs.statSync(name).size;
      if (size > this.totalSize && index > 0) names.forEach(remove); // the latest stays
    }
  }
}

/** @param {string} name */
function suffix(name) {
  return name.endsWith('.gz') ? '.gz' : '';
}

/** @param {string} name */
function remove(name) {
  fs.rmSync(name, { force: true });
}

/** Renames a file, but never over another. @param {string} from @param {string} to */
function move(from, to) {
  try {
    fs.linkSync(from, to);
  } catch (error) {
    if (!NO_LINKS.has(codeOf(error) ?? '') || fs.existsSync(to)) throw error;
    fs.renameSync(from, to);
    return;
  }
  fs.unlinkSync(from);
}

module.exports = { RotatedFiles };
