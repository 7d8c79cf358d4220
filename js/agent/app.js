'use strict';
// Which application this process is, as an operator would name it.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const DEPTH_MAX = 64;
const PACKAGE_BYTES_MAX = 1 << 20;

/**
 * Name and version of the nearest package.json at or above `directory` that has a name.
 * @param {string} directory
 * @returns {{name: string, version: string | null} | null}
 */
function nearestPackage(directory) {
  let at = directory;
  for (let depth = 0; depth < DEPTH_MAX; depth++) {
    const found = readPackage(path.join(at, 'package.json'));
    if (found) return found;
    const parent = path.dirname(at);
    if (parent === at) break;
    at = parent;
  }
  return null;
}

/** @param {string} file */
function readPackage(file) {
  try {
    if (fs.statSync(file).size > PACKAGE_BYTES_MAX) return null;
    const { name, version } = JSON.parse(fs.readFileSync(file, 'utf8'));
    if (typeof name !== 'string' || name === '') return null;
    return { name, version: typeof version === 'string' ? version : null };
  } catch {
    return null; // none here, or not readable: the next one up may be
  }
}

/** Path of the script that was started, or null (REPL, -e, stdin, single executable). */
function mainScript() {
  const script = process.argv[1];
  return script && path.isAbsolute(script) ? script : null;
}

/** @type {{name: string, version: string | null} | null | undefined} */
let known;

function app() {
  if (known === undefined) {
    const script = mainScript();
    known = nearestPackage(script ? path.dirname(script) : process.cwd());
  }
  return known;
}

/** It as a service of kang's, where the application does not say otherwise. */
function service() {
  const known = app();
  return {
    name: known?.name ?? process.title,
    ident: `${os.hostname()}/${process.pid}`,
    version: known?.version ?? '',
  };
}

/** When the process was started: ISO. */
function startedAt() {
  return new Date(Date.now() - process.uptime() * 1000).toISOString();
}

module.exports = { app, mainScript, nearestPackage, service, startedAt };
