'use strict';

// Control flow that can be looked at: what it costs against vasync, whose API it has, and async.
//
//   node flow.js [--runs 7] [--only CASE]
//
// Another Node.js: NODE=/path/to/node, or run it with that. Every library is measured in processes of
// its own, in turns; a figure is the CPU time of the whole process by flow. Registration is on, as it
// comes; `no sites` reads no creation sites, `context` has the AsyncLocalStorage that the first HTTP
// request switches on, `off` is NODEOBS=off.

const path = require('node:path');
const { CASES, ENVIRONMENTS, LIBRARIES, WORKER } = require('./_flow');
const { NODE, ask, chosen, median, printMachine, ratio, readOptions, run } = require('./_runs');

const MEMORY = path.join(__dirname, '_flow_memory.js');
const OURS = 'nodeobs';
const PEER = 'vasync';
const TARGET = 0.9; // of vasync's speed, in every case
const ROUNDS = '8'; // in a process
const ROUNDS_COMPILING = 4; // the first ones: each has callbacks of its own, which V8 has to get used to
const GROWTH_MAX = 1; // MB, by a million flows

/** @param {number[]} values ns */
function figure(values) {
  const ns = median(values);
  return ns < 10_000 ? `${ns.toFixed(0)} ns` : `${(ns / 1000).toFixed(1)} µs`;
}

/** What a script says in a process of its own. */
function told(file, args, env = {}, flags = []) {
  return JSON.parse(ask(NODE, [...flags, file, ...args], { env: { ...process.env, ...env } }));
}

/** The median of each of its processes, by library. */
function measured(name, runs) {
  const took = Object.fromEntries(Object.keys(LIBRARIES).map((library) => [library, []]));
  const order = Object.keys(took);
  for (let turn = 0; turn < runs; turn += 1) {
    for (const library of turn % 2 ? [...order].reverse() : order) {
      const rounds = told(WORKER, [library, name, ROUNDS], ENVIRONMENTS[library]);
      took[library].push(median(rounds.slice(ROUNDS_COMPILING)));
    }
  }
  return took;
}

function speeds({ runs, cases }) {
  const verdicts = [];
  for (const name of cases) {
    const took = measured(name, runs);
    const times = (library, peer) => ratio(took[peer], took[library]);
    const parts = Object.keys(took).map((library) => `${library} ${figure(took[library])}`);
    console.log(`  ${name}`);
    console.log(`    ${parts.join(', ')}`);
    console.log(
      `    async / nodeobs ${times(OURS, 'async').toFixed(2)}, ` +
        `nodeobs / no sites ${times('nodeobs, no sites', OURS).toFixed(2)}, ` +
        `context / nodeobs ${times(OURS, 'nodeobs, context').toFixed(2)}`,
    );
    verdicts.push([name, times(OURS, PEER)]);
  }
  return verdicts;
}

function memory() {
  const live = Object.fromEntries(
    [OURS, PEER].map((library) => [library, told(MEMORY, ['live', library], {}, ['--expose-gc'])]),
  );
  console.log(
    `  a live parallel of 3: nodeobs ${live.nodeobs.bytes} bytes, vasync ${live.vasync.bytes}`,
  );
  const { grown, made } = told(MEMORY, ['finished', OURS], {}, ['--expose-gc']);
  console.log(
    `  ${made.toLocaleString('en')} flows made and finished: ${grown.toFixed(2)} MB more`,
  );
  const { ns, refused } = told(MEMORY, ['site', OURS]);
  console.log(
    `  a creation site: ${ns.toFixed(0)} ns where it is read (100 in a second, as it comes), ` +
      `${refused.toFixed(1)} ns where not`,
  );
  return grown;
}

function main() {
  const { runs, only } = readOptions({ runs: 7, only: '' });
  const cases = chosen(Object.keys(CASES), 'only', only);
  console.log('flow: CPU by flow (by task)');
  printMachine();
  const verdicts = speeds({ runs, cases });
  const grown = memory();
  for (const [name, times] of verdicts) {
    const met = times >= TARGET ? 'met' : 'not met';
    console.log(`${name}, vasync / nodeobs: ${times.toFixed(2)}, target >= ${TARGET}: ${met}`);
  }
  const met = grown <= GROWTH_MAX ? 'met' : 'not met';
  console.log(`growth by a million flows: ${grown.toFixed(2)} MB, target <= ${GROWTH_MAX}: ${met}`);
}

run(main);
