'use strict';

// One case of providers.py: `node --expose-gc _providers.js COUNT PROBES [hold]`
//
// Makes COUNT providers of PROBES probes each, lets go of them, and prints what that took, and what
// the process had before, with them, after garbage collection, when its heap has grown as far as
// that makes it grow, and some more times later. A first provider is there all the time: what comes
// with it stays. With `hold` it keeps them, says so, and waits for the end of its stdin.

const fs = require('node:fs');
const path = require('node:path');
const { setImmediate: turn } = require('node:timers/promises');
const { createProvider } = require('..');

const COLLECTIONS = 10; // finalizers run between them
const TIMES = 5; // V8's heap has its size then

const [count, probes] = process.argv.slice(2, 4).map(Number);
const directory = path.join(process.env.NODEOBS_RUNTIME_DIR, 'usdt');

/** What the process has; MiB, and the number of other things. */
function owned() {
  const status = fs.readFileSync('/proc/self/status', 'latin1');
  const maps = fs.readFileSync('/proc/self/maps', 'latin1').split('\n').slice(0, -1);
  const files = fs.existsSync(directory)
    ? fs.readdirSync(directory).filter((name) => name.endsWith('.so'))
    : [];
  const blocks = files.map((name) => fs.statSync(path.join(directory, name)).blocks);
  return {
    rss: Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024,
    mappings: maps.length,
    objects: maps.filter((line) => /\/usdt\/|memfd:/.test(line)).length,
    descriptors: fs.readdirSync('/proc/self/fd').length,
    files: files.length,
    disk: blocks.reduce((sum, one) => sum + one, 0) / 2048,
  };
}

function make(name) {
  const provider = createProvider(name);
  for (let i = 0; i < probes; i += 1) provider.addProbe(`probe${i}`, 'int', 'char *');
  provider.enable();
  return provider;
}

function makeAll() {
  return Array.from({ length: count }, (_, number) => make(`bench${number}`));
}

async function collect() {
  for (let i = 0; i < COLLECTIONS; i += 1) {
    globalThis.gc();
    await turn();
  }
  return owned();
}

async function again() {
  for (let i = 1; i < TIMES; i += 1) {
    makeAll();
    await collect();
  }
  return owned();
}

/** In a function of its own, whose frame does not keep them alive afterwards. */
function measure() {
  const start = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  const providers = makeAll();
  const ms = Number(process.hrtime.bigint() - start) / 1e6;
  const { user, system } = process.cpuUsage(cpu);
  globalThis.gc();
  const places = providers.map((provider) => provider.probe0.describe().kernel.path);
  return {
    ms,
    cpu_ms: (user + system) / 1e3,
    visible: places.filter((place) => place?.startsWith(directory)).length,
    during: owned(),
  };
}

async function main() {
  const first = make('first');
  const before = await collect();
  const told = { before, ...measure(), after: await collect(), grown: await again() };
  console.log(JSON.stringify({ ...told, end: await again(), first: first.enabled }));
}

if (process.argv[4] === 'hold') {
  const kept = makeAll();
  process.stdin.on('end', () => kept.splice(0)).resume();
  console.log(`${kept.length} are there`);
} else {
  main();
}
