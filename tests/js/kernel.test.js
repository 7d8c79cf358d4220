'use strict';
// The probes as the kernel can see them, where nobody traces them. Tracers: tests/system.

const assert = require('node:assert/strict');
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { runtimeDirectory } = require('./client');

const ROOT = path.join(__dirname, '../..');
const NODEOBS = JSON.stringify(ROOT);

/** Runs `source` in a process with a runtime directory of its own; what it printed, as JSON. */
function run(t, source, { env = {}, execArgv = [], root = NODEOBS } = {}) {
  const directory = runtimeDirectory(t);
  const start = `const nodeobs = require(${root});
    const say = (value) => console.log(JSON.stringify(value));
    const kernelOf = (probe) => probe.describe().kernel;\n`;
  const said = execFileSync(process.execPath, [...execArgv, '-e', start + source], {
    encoding: 'utf8',
    env: { ...process.env, NODEOBS_RUNTIME_DIR: directory, ...env },
  });
  return { directory, said: said === '' ? undefined : JSON.parse(said) };
}

const objects = (directory) =>
  fs.readdirSync(path.join(directory, 'usdt')).filter((name) => name.endsWith('.so'));

test('an enabled probe is in a file of the runtime directory, nobody attached', (t) => {
  const { directory, said } = run(
    t,
    `const p = nodeobs.createProvider('shop');
     const probe = p.addProbe('item-sold', 'char *', 'int', 'json');
     const before = kernelOf(probe);
     p.enable();
     say([before, kernelOf(probe), probe.fire(() => { throw 1; }) === undefined, nodeobs.agent.status().kernel]);`,
  );
  const [before, after, idle, kernel] = said;
  assert.match(before.reason, /never been enabled/);
  assert.equal(path.dirname(after.path), path.join(directory, 'usdt'));
  assert.match(path.basename(after.path), /^shop\.[0-9a-f]{32}\.so$/);
  assert.deepEqual([after.attached, after.reason, idle], [false, undefined, true]);
  assert.deepEqual(kernel, { state: 'on', reason: null, hint: null });
  // It stays, for a tracer to attach to before the next start; the process' own list does not.
  assert.deepEqual(fs.readdirSync(path.join(directory, 'usdt')), [path.basename(after.path)]);
});

test('requiring it, or disabling it, touches nothing of the kernel part', (t) => {
  for (const env of [{}, { NODEOBS: 'off' }]) {
    const source =
      "say([nodeobs.createProvider('p').name, fs.existsSync('/proc/self/maps') && /nodeobs\\.node/.test(fs.readFileSync('/proc/self/maps', 'utf8'))]);";
    const { directory, said } = run(t, `const fs = require('node:fs'); ${source}`, { env });
    assert.deepEqual(said, ['p', false]);
    assert.equal(fs.existsSync(path.join(directory, 'usdt')), false);
  }
});

test('NODEOBS_KERNEL=off leaves everything else as it is, and is the reason', (t) => {
  const { directory, said } = run(
    t,
    `const p = nodeobs.createProvider('shop'); const probe = p.addProbe('x', 'int'); p.enable();
     say([kernelOf(probe), nodeobs.agent.status().kernel, nodeobs.agent.status().state]);`,
    { env: { NODEOBS_KERNEL: 'off' } },
  );
  const reason = 'NODEOBS_KERNEL=off is set';
  const hint = 'unset NODEOBS_KERNEL and restart the process';
  assert.deepEqual(said, [{ reason }, { state: 'off', reason, hint }, 'on']);
  assert.equal(fs.existsSync(path.join(directory, 'usdt')), false);
});

test('a package without its binary works, and says what is missing', (t) => {
  const copy = path.join(runtimeDirectory(t), 'nodeobs');
  fs.mkdirSync(copy);
  fs.cpSync(path.join(ROOT, 'js'), path.join(copy, 'js'), { recursive: true });
  fs.copyFileSync(path.join(ROOT, 'package.json'), path.join(copy, 'package.json'));
  const source = `const log = nodeobs.createLogger({ name: 'l', level: 'fatal' }); log.info('x');
    const p = nodeobs.createProvider('shop'); const probe = p.addProbe('x', 'int'); p.enable();
    say([probe.fire(() => [1]) === undefined, kernelOf(probe).reason, nodeobs.agent.status().kernel.hint]);`;
  const kind = `${process.platform}-${process.arch}`;
  const root = JSON.stringify(copy);
  assert.deepEqual(run(t, source, { root }).said, [
    true,
    `there is no native part for ${kind}`,
    'npm rebuild nodeobs',
  ]);
  const built = path.join(copy, 'native/build', kind);
  fs.mkdirSync(built, { recursive: true });
  fs.writeFileSync(path.join(built, 'reason.txt'), 'cc: ENOENT\n');
  assert.equal(run(t, source, { root }).said[1], `there is no native part for ${kind}: cc: ENOENT`);
  fs.writeFileSync(path.join(built, 'nodeobs.node'), 'not a binary');
  assert.match(run(t, source, { root }).said[1], /^the native part does not load: .*nodeobs\.node/);
});

test("npm's install builds where it can, and is silent where it cannot", (t) => {
  const copy = path.join(runtimeDirectory(t), 'nodeobs');
  fs.cpSync(path.join(ROOT, 'native'), path.join(copy, 'native'), {
    recursive: true,
    filter: (from) => !/native\/(build|python)$/.test(from),
  });
  const install = (env) => {
    const script = path.join(copy, 'native/build.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--install'], {
      encoding: 'utf8',
      env: { ...process.env, npm_config_node_gyp: '', ...env },
    });
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
    return fs.readdirSync(path.join(copy, 'native/build', `${process.platform}-${process.arch}`));
  };
  assert.deepEqual(install({ CC: '/nonexistent' }), ['reason.txt']);
  const nodedir = path.join(ROOT, 'node_modules/node-api-headers');
  fs.mkdirSync(path.join(copy, 'node'));
  fs.mkdirSync(path.join(copy, 'node/include'));
  fs.symlinkSync(path.join(nodedir, 'include'), path.join(copy, 'node/include/node'));
  assert.deepEqual(install({ npm_config_nodedir: path.join(copy, 'node') }), ['nodeobs.node']);
});

test('what has the same probes is the same object: providers, threads, processes', (t) => {
  const { directory, said } = run(
    t,
    `const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
     const make = (module) => {
       const p = nodeobs.createProvider('same', module);
       const probe = p.addProbe('x', 'int'); p.enable();
       return probe;
     };
     const [a, b] = [make('one'), make('two')];
     const body = \`const nodeobs = require(${'${JSON.stringify(' + NODEOBS + ')}'});
       const p = nodeobs.createProvider('same'); const probe = p.addProbe('x', 'int'); p.enable();
       require('node:worker_threads').parentPort.postMessage([probe.describe().kernel, probe.fire(() => [1]) === undefined]);\`;
     new Worker(body, { eval: true }).once('message', ([c, idle]) => say([kernelOf(a), kernelOf(b), c, idle]));`,
  );
  const [a, b, c, idle] = said;
  assert.deepEqual([b, c, idle], [a, a, true]);
  assert.equal(objects(directory).length, 1);
});

test('probes added after enable, declared anew, removed, disabled and enabled', (t) => {
  const { directory, said } = run(
    t,
    `const p = nodeobs.createProvider('grow'); p.addProbe('a', 'int'); p.enable();
     const b = p.addProbe('b', 'char *');
     const first = kernelOf(b).path;
     p.removeProbe(b);
     const again = kernelOf(p.addProbe('b', 'char *')).path;
     const other = kernelOf(p.addProbe('b', 'int')).path;
     for (let i = 0; i < 1000; i++) { p.disable(); p.enable(); }
     say([first === again, first === other, kernelOf(p.a).path === first, kernelOf(p.b).path === other]);`,
  );
  assert.deepEqual(said, [true, false, false, true]);
  assert.equal(objects(directory).length, 3);
});

test('a name that tracers could not write is refused by the kernel part alone', (t) => {
  const { said } = run(
    t,
    `const reasons = [];
     for (const name of ['a:b', 'tab\\t', 'nul\\0nul', 'x'.repeat(200), 'ok', 'é-ü']) {
       for (const [provider, probe] of [[name, 'p'], ['p', name]]) {
         const p = nodeobs.createProvider(provider); const made = p.addProbe(probe); p.addProbe('other'); p.enable();
         reasons.push([kernelOf(made).reason ?? 'none', kernelOf(p.other).reason ?? 'none', made.fire(() => []) === undefined]);
       }
     }
     say(reasons);`,
  );
  const [colon, control, long] = [/colon/, /control character/, /longer than 127/];
  const expected = [colon, colon, control, control, control, control, long, long];
  for (const [i, reason] of expected.entries()) assert.match(said[i][0], reason);
  for (const [, other, idle] of said.slice(8)) assert.deepEqual([other, idle], ['none', true]);
  // A bad provider takes all its probes with it, a bad probe only itself.
  assert.deepEqual(
    said.slice(0, 8).map(([, other]) => other === 'none'),
    [false, true, false, true, false, true, false, true],
  );
});

test('thousands of providers come and go, and so do their objects', (t) => {
  const { directory, said } = run(
    t,
    `const fs = require('node:fs');
     const maps = () => fs.readFileSync('/proc/self/maps', 'utf8').split('\\n').filter((line) => line.includes('/usdt/')).length;
     const settle = async () => { for (let i = 0; i < 10; i++) { globalThis.gc(); await new Promise(setImmediate); } };
     (async () => {
       let most = 0;
       for (let round = 0; round < 20; round++) {
         for (let i = 0; i < 100; i++) { const p = nodeobs.createProvider('gone' + round + '-' + i); p.addProbe('x', 'int'); p.enable(); }
         await settle();
         most = Math.max(most, maps());
       }
       say([most, maps()]);
     })();`,
    { execArgv: ['--expose-gc'] },
  );
  assert.ok(said[0] <= 600, `${said[0]} mappings were there at once`); // 3 for each of 100, and the next
  assert.ok(said[1] <= 30, `${said[1]} mappings were left`);
  assert.ok(objects(directory).length <= 200, `${objects(directory).length} files are left`);
});

test('where no file can be, there is a memfd, and a reason', (t) => {
  const directory = runtimeDirectory(t);
  fs.symlinkSync('/tmp', path.join(directory, 'usdt'));
  const { said } = run(
    t,
    `const p = nodeobs.createProvider('nofile'); const probe = p.addProbe('x', 'int'); p.enable();
     say(kernelOf(probe));`,
    { env: { NODEOBS_RUNTIME_DIR: directory } },
  );
  assert.match(said.path, /^\/proc\/\d+\/fd\/\d+$/);
  assert.match(said.reason, /usdt: it is a symbolic link/);

  fs.chmodSync(directory, 0o755);
  const open = run(
    t,
    `const p = nodeobs.createProvider('nofile'); const probe = p.addProbe('x', 'int'); p.enable();
     say(kernelOf(probe));`,
    { env: { NODEOBS_RUNTIME_DIR: directory } },
  );
  assert.match(open.said.path, /^\/proc\/\d+\/fd\/\d+$/);
  assert.match(open.said.reason, /is open to other users \(mode 755\)/);
});
