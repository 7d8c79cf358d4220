'use strict';
// `node -r nodeobs/register`: an application that knows nothing of nodeobs.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { runtimeDirectory } = require('./client');

const REGISTER = path.join(__dirname, '../../js/register.js');
const OURS = path.join(__dirname, '../../js/probes/dtrace-provider.js');

function run(t, source, { args = ['-r', REGISTER], env = {} } = {}) {
  const directory = runtimeDirectory(t);
  const script = path.join(directory, 'app.js');
  fs.writeFileSync(script, source);
  const { stdout, stderr, status } = spawnSync(process.execPath, [...args, script], {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, NODEOBS_RUNTIME_DIR: directory, ...env },
  });
  return { stdout, stderr, status, left: fs.readdirSync(directory) };
}

test("require('dtrace-provider') gives ours, installed or not", (t) => {
  const { stdout, stderr, left } = run(
    t,
    `const ours = require(${JSON.stringify(OURS)});
     const p = require('dtrace-provider').createDTraceProvider('p');
     console.log(require('dtrace-provider') === ours, p.addProbe('x', 'int').fire(() => [1]));`,
  );
  assert.deepEqual([stdout, stderr], ['true undefined\n', '']);
  assert.deepEqual(left, ['app.js']);
});

test('an application that uses none of it is not changed', (t) => {
  const source =
    "console.log(process.argv.length, require('node:path').sep); process.exitCode = 3;";
  const { stdout, stderr, status } = run(t, source);
  assert.deepEqual([stdout, stderr, status], ['2 /\n', '', 3]);
});

test('other modules are found, or missed, as before', (t) => {
  const { stdout } = run(
    t,
    `for (const name of ['dtrace-provider/package.json', 'no-such-module']) {
       try { require(name); } catch (error) { console.log(error.code); }
     }`,
  );
  assert.equal(stdout, 'MODULE_NOT_FOUND\nMODULE_NOT_FOUND\n');
});

test('NODE_OPTIONS gives every child and worker an agent of its own', (t) => {
  const { stdout, stderr } = run(
    t,
    `const { execFileSync } = require('node:child_process');
     const { Worker } = require('node:worker_threads');
     const say = "require('dtrace-provider'); console.log(require('node:fs').readdirSync(process.env.NODEOBS_RUNTIME_DIR).filter((f) => f.startsWith(String(process.pid))).length)";
     process.stdout.write(execFileSync(process.execPath, ['-e', say]));
     new Worker(say, { eval: true });`,
    { args: [], env: { NODE_OPTIONS: `--require ${REGISTER}` } },
  );
  // The child has its socket; where the worker looks there are the main thread's and its own.
  assert.deepEqual([stdout, stderr], ['1\n2\n', '']);
});
