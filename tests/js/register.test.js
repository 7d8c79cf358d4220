'use strict';
// `node -r nodeobs/register`: an application that knows nothing of nodeobs.

const assert = require('node:assert/strict');
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { test } = require('node:test');
const { runtimeDirectory } = require('./client');

const REGISTER = path.join(__dirname, '../../js/register.js');
const OURS = path.join(__dirname, '../../js/probes/dtrace-provider.js');

function run(t, source, { args = ['-r', REGISTER], env = {}, file = 'app.js' } = {}) {
  const directory = runtimeDirectory(t);
  const script = path.join(directory, file);
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

const PROVIDERS =
  "console.log([...require('node:net')[Symbol.for('nodeobs.agent')].providers()].map((p) => [p.name, p.probes.size, p.enabled].join()).join(' '));";

test('an unmodified bunyan has our provider, required or imported', (t) => {
  const bunyan = path.dirname(path.dirname(require.resolve('bunyan')));
  const source = `const log = require(${JSON.stringify(bunyan)}).createLogger({ name: 'x', level: 'fatal' });
    log.info('below its level'); ${PROVIDERS}`;
  assert.equal(run(t, source).stdout, 'bunyan,6,true\n');
  const imported = `import bunyan from ${JSON.stringify(`${bunyan}/lib/bunyan.js`)};
    import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    bunyan.createLogger({ name: 'x', level: 'fatal' }).info('below its level'); ${PROVIDERS}`;
  for (const args of [
    ['-r', REGISTER],
    ['--import', REGISTER],
  ]) {
    const { stdout, stderr } = run(t, imported, { args, file: 'app.mjs' });
    assert.deepEqual([stdout, stderr], ['bunyan,6,true\n', '']);
  }
});

test('an ES module that imports dtrace-provider by itself', (t) => {
  const { stdout, stderr } = run(
    t,
    `import dtrace, { createDTraceProvider } from 'dtrace-provider';
     const probe = createDTraceProvider('p').addProbe('x', 'int');
     console.log(dtrace.DTraceProvider.name, probe.fire(() => [1]));`,
    { file: 'app.mjs' },
  );
  if (Module.registerHooks === undefined) assert.match(stderr, /ERR_MODULE_NOT_FOUND/);
  else assert.deepEqual([stdout, stderr], ['Provider undefined\n', '']);
});

test("npm's overrides put this package in dtrace-provider's place", (t) => {
  const directory = runtimeDirectory(t);
  const write = (name, manifest, main = '') => {
    fs.mkdirSync(path.join(directory, name));
    fs.writeFileSync(path.join(directory, name, 'package.json'), JSON.stringify(manifest));
    fs.writeFileSync(path.join(directory, name, 'index.js'), main);
  };
  const npm = (cwd, ...args) =>
    execFileSync('npm', [...args, '--offline', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: path.join(directory, cwd),
      encoding: 'utf8',
    });
  write(
    'framework',
    { name: 'framework', version: '1.0.0', optionalDependencies: { 'dtrace-provider': '~0.8' } },
    "module.exports = require('dtrace-provider').createDTraceProvider('framework').constructor.name;",
  );
  write('packed', {});
  const root = path.join(__dirname, '../..');
  npm('packed', 'pack', root, '--ignore-scripts', '--silent');
  const [tarball] = fs.readdirSync(path.join(directory, 'packed')).filter((f) => /tgz$/.test(f));
  const [framework] = ['framework-1.0.0.tgz'];
  // What this package depends on is here already: there need be no network.
  const verror = `file:${path.join(root, 'node_modules/verror')}`;
  npm('framework', 'pack', '--silent');
  write('app', {
    name: 'app',
    dependencies: { framework: `file:../framework/${framework}` },
    overrides: { 'dtrace-provider': `file:../packed/${tarball}`, verror },
  });
  npm('app', 'install');
  assert.deepEqual(
    fs.readdirSync(path.join(directory, 'app/node_modules')).filter((name) => name[0] !== '.'),
    ['dtrace-provider', 'framework', 'verror'],
  );
  const said = execFileSync(process.execPath, ['-p', "require('framework')"], {
    cwd: path.join(directory, 'app'),
    encoding: 'utf8',
    env: { ...process.env, NODEOBS_RUNTIME_DIR: directory },
  });
  assert.equal(said, 'Provider\n');
});
