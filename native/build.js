#!/usr/bin/env node
'use strict';
// Compiles the native part for this machine, into native/build/<platform>-<arch>/.
//
//   node native/build.js             says what it did; exit code 1 when there is no binary then
//   node native/build.js --install   for npm's install: only where no published binary loads; says
//                                    nothing and never fails, for the package works without it
//   node native/build.js --publish   into prebuilds/, for `npm pack`
//
// What N-API promises is that one binary works on every Node.js from 20 on, so the headers of any
// version do. Why there is no binary stands in reason.txt beside it, for `nodeobs probes` to say.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const KIND = `${process.platform}-${process.arch}`;
const BUILT = path.join(__dirname, 'build', KIND);
const PUBLISHED = path.join(__dirname, '../prebuilds', KIND);
const BINARY = 'nodeobs.node';
const MACHINES = ['linux-x64', 'linux-arm64'];

// As in binding.gyp. Frame pointers: a stack taken at a probe goes on through our frames.
const FLAGS = ['-std=gnu11', '-O2', '-fPIC', '-fvisibility=hidden', '-fno-omit-frame-pointer'];
// nodelete: its objects and locks outlive the worker thread that has loaded it.
const LINK = ['-shared', '-Wl,-z,nodelete,-z,relro,-z,now', '-pthread', '-ldl'];

/** Directories that may have node_api.h. */
function* headers() {
  const { npm_config_nodedir: configured } = process.env;
  if (configured) yield path.join(configured, 'include/node');
  try {
    yield path.join(path.dirname(require.resolve('node-api-headers')), 'include');
  } catch {
    // a package for development
  }
  yield path.join(path.dirname(process.execPath), '../include/node');
  yield '/usr/include/node';
  yield path.join(os.homedir(), '.cache/node-gyp', process.versions.node, 'include/node');
}

function sources() {
  const inDirectory = (/** @type {string} */ name) =>
    fs
      .readdirSync(path.join(__dirname, name))
      .filter((file) => file.endsWith('.c'))
      .map((file) => path.join(__dirname, name, file));
  return [...inDirectory('addon'), ...inDirectory('stapsdt')];
}

/** @param {string} command @param {string[]} args @param {object} [options] */
function run(command, args, options) {
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (error) throw new Error(`${command}: ${/** @type {NodeJS.ErrnoException} */ (error).code}`);
  if (status !== 0) throw new Error(`${command} failed: ${firstError(stderr)}`);
}

/** @param {string} text */
function firstError(text) {
  const lines = text.trim().split('\n');
  return lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? '';
}

/** Whether it loads, in a process of its own: one that was made for another machine may crash. */
function loads(/** @type {string} */ file) {
  const { status } = spawnSync(process.execPath, ['-e', 'require(process.argv[1])', file], {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: 'ignore',
  });
  return status === 0;
}

/** With the compiler alone. @param {string} output */
function compile(output) {
  const include = [...headers()].find((directory) =>
    fs.existsSync(path.join(directory, 'node_api.h')),
  );
  if (include === undefined) throw new Error('node_api.h is not on this machine');
  const includes = [include, path.join(__dirname, 'stapsdt')].map((directory) => `-I${directory}`);
  run(process.env.CC || 'cc', [...FLAGS, ...includes, ...sources(), '-o', output, ...LINK]);
}

/** With the node-gyp that npm brings, which fetches headers. @param {string} output */
function gyp(output) {
  const { npm_config_node_gyp: script } = process.env;
  if (!script) throw new Error('no node-gyp');
  run(process.execPath, [script, 'rebuild', `--directory=${__dirname}`, '--silent'], {
    timeout: 300_000,
  });
  fs.mkdirSync(path.dirname(output), { recursive: true }); // node-gyp has cleaned up
  fs.copyFileSync(path.join(__dirname, 'build/Release', BINARY), output);
}

/** @param {string} directory where the binary goes */
function build(directory) {
  if (!MACHINES.includes(KIND)) throw new Error(`probes can be made on ${MACHINES.join(', ')}`);
  fs.mkdirSync(directory, { recursive: true });
  const fresh = path.join(directory, `new.${process.pid}.node`);
  try {
    try {
      compile(fresh);
    } catch (first) {
      try {
        gyp(fresh);
      } catch {
        throw first;
      }
    }
    if (!loads(fresh)) throw new Error('what was compiled does not load');
    // A process that has the old one mapped keeps it.
    fs.renameSync(fresh, path.join(directory, BINARY));
    fs.rmSync(path.join(directory, 'reason.txt'), { force: true });
  } finally {
    fs.rmSync(fresh, { force: true });
  }
}

/** @param {unknown} error */
function note(error) {
  try {
    fs.mkdirSync(BUILT, { recursive: true });
    fs.writeFileSync(path.join(BUILT, 'reason.txt'), `${reasonOf(error)}\n`);
  } catch {
    // Nothing can be written here, so there is no binary either.
  }
}

/** @param {unknown} error */
function reasonOf(error) {
  return error instanceof Error ? error.message : String(error);
}

function main() {
  const { values: options } = parseArgs({
    options: { install: { type: 'boolean' }, publish: { type: 'boolean' } },
  });
  const published = path.join(PUBLISHED, BINARY);
  if (options.install && fs.existsSync(published) && loads(published)) return;
  const directory = options.publish ? PUBLISHED : BUILT;
  try {
    build(directory);
    if (!options.install) console.log(path.relative('', path.join(directory, BINARY)));
  } catch (error) {
    note(error);
    if (options.install) return;
    console.error(`the native part was not built: ${reasonOf(error)}`);
    process.exitCode = 1;
  }
}

main();
