'use strict';

// Disabled: what a probe that nobody listens to and a log call below the level cost, in ns, against
// an empty method, dtrace-provider's stub for Linux, pino's disabled level, and a probe that asks
// through N-API whether a kernel tracer is attached.
//
//   node disabled.js [--runs 3] [--only probe|log] [--matrix]
//
// Another Node.js: NODE=/path/to/node, or run it with that. --matrix: also on those that
// `make test-matrix` has brought.
//
// V8 removes an empty method where it inlines it, so the price is measured twice: as a call that is
// made (inlining is off, for everybody), which is what a ratio can be given of, and inlined into a
// hot loop, where the loop alone is the peer and the difference is the price. Every figure comes
// from a process of its own, for one measured loop spoils the next; the cases take turns.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { CASES, COUNTS } = require('./_disabled');

const NODE = process.env.NODE ?? process.execPath;
const MATRIX = path.join(__dirname, '../.matrix/node_modules');
const WORKER = path.join(__dirname, '_disabled.js');
const MODES = {
  called: ['--no-turbo-inlining', '--no-maglev-inlining'],
  inlined: [],
};

// Each call of ours, and whose it must not cost more than twice of.
const PEERS = {
  'probe.fire(fn)': 'dtrace-provider',
  "log.debug({…}, 'msg')": 'pino',
  "log.debug('msg')": 'pino',
};
const OURS = ['nodeobs', 'nodeobs, observed before'];
const PEER_TARGET = 2;

// And what has to cost four times as much, inlined: a call that is made costs more than the answer.
const ASKING = 'probe.fire(fn) asking through N-API';
const ASKING_TARGET = 4;

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        runs: { type: 'string', default: '3' },
        only: { type: 'string', default: '' },
        matrix: { type: 'boolean', default: false },
      },
    });
    if (!/^[1-9]\d*$/.test(values.runs)) throw new Error('--runs takes a number from 1');
    if (!['', 'probe', 'log'].includes(values.only)) throw new Error('--only takes probe or log');
    return { ...values, runs: Number(values.runs) };
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}

/** The Node.js to measure. @param {boolean} matrix */
function nodes(matrix) {
  if (!matrix) return [NODE];
  if (!fs.existsSync(MATRIX)) throw new Error('there is no .matrix: make test-matrix');
  const others = fs.readdirSync(MATRIX).filter((name) => name.startsWith('node-'));
  return [NODE, ...others.map((name) => path.join(MATRIX, name, 'bin/node'))];
}

/** What a Node.js says, in the end. @param {string} node @param {string[]} args */
function ask(node, ...args) {
  return execFileSync(node, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

// V8 renames its flags; one that it does not know ends the process.
function flagsKnown(node, flags) {
  return flags.filter((flag) => {
    try {
      ask(node, flag, '-e', '0');
      return true;
    } catch {
      return false;
    }
  });
}

/** Why this Node.js's probes are invisible to the kernel; null: they are not. @param {string} node */
function reasonOff(node) {
  const status = 'JSON.stringify(require(process.argv[1]).agent.status().kernel)';
  return JSON.parse(ask(node, '-p', status, path.join(__dirname, '..'))).reason;
}

/**
 * ns of each turn of each case.
 * @param {string} node @param {number} runs @param {string[]} names
 * @returns {(mode: string, name: string, count: number) => number[]}
 */
function measure(node, runs, names) {
  const wanted = [];
  for (const [mode, flags] of Object.entries(MODES)) {
    const known = flagsKnown(node, flags);
    for (const name of names) {
      for (const count of COUNTS) {
        wanted.push({ mode, name, count, args: [...known, WORKER, name, count], values: [] });
      }
    }
  }
  for (let number = 0; number < runs; number += 1) {
    for (const one of number % 2 ? [...wanted].reverse() : wanted) {
      one.values.push(Number(ask(node, ...one.args)));
    }
  }
  return (mode, name, count) =>
    wanted.find((one) => one.mode === mode && one.name === name && one.count === count).values;
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @param {number[]} values */
function figure(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(2)} ns (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

function printFigures(values, names) {
  for (const mode of Object.keys(MODES)) {
    const about = mode === 'called' ? 'not inlined, the loop included' : 'V8 may inline';
    for (const count of COUNTS) {
      console.log(`  ${mode} (${about}), ${count === 1 ? 'one' : count} of each alive`);
      const loop = median(values(mode, 'empty loop', count));
      for (const name of names) {
        const took = values(mode, name, count);
        const net = (median(took) - loop).toFixed(2);
        console.log(`    ${name.padEnd(48)} ${figure(took)}, without the loop ${net}`);
      }
    }
  }
}

/** Prints ratios; those that there is a target for go into `judged`. */
function printRatios(values, names, judged) {
  for (const count of COUNTS) {
    const ratio = (mode, ours, theirs) => {
      const took = values(mode, ours, count);
      return median(values(mode, theirs, count).map((peer, i) => took[i] / peer));
    };
    const more = (mode, ours, theirs) => {
      const ns = median(values(mode, ours, count)) - median(values(mode, theirs, count));
      return `${ns >= 0 ? '+' : ''}${ns.toFixed(1)} ns`;
    };
    for (const [call, peer] of Object.entries(PEERS)) {
      const theirs = `${call} ${peer}`;
      const empty = call.startsWith('probe') ? 'empty.fire(fn)' : `${call} empty`;
      for (const ours of OURS.map((name) => `${call} ${name}`)) {
        if (!names.includes(ours)) continue;
        const called = ratio('called', ours, theirs);
        const inlined = ratio('inlined', ours, theirs);
        judged.called.push(called);
        if (ours === 'probe.fire(fn) nodeobs') judged.inlined.push(inlined);
        console.log(
          `  ${ours}, ${count} alive: ${called.toFixed(2)} times ${peer}, ` +
            `${ratio('called', ours, empty).toFixed(2)} times an empty method; inlined ` +
            `${inlined.toFixed(2)} times ${peer}, ${more('inlined', ours, theirs)}`,
        );
      }
    }
    if (!names.includes(ASKING)) continue;
    const ours = 'probe.fire(fn) nodeobs';
    const inlined = ratio('inlined', ASKING, ours);
    judged.asking.push(inlined);
    console.log(
      `  ${ASKING}, ${count} alive: ${ratio('called', ASKING, ours).toFixed(2)} times nodeobs, ` +
        `${more('called', ASKING, ours)}; inlined ${inlined.toFixed(2)} times nodeobs, ` +
        more('inlined', ASKING, ours),
    );
  }
}

function printVerdicts({ called, inlined, asking }) {
  const verdict = (met) => (met ? 'met' : 'not met');
  if (inlined.length > 0) {
    const worst = Math.max(...inlined);
    console.log(
      `a probe inlined, never observed, nodeobs / its peer, the worst of ${inlined.length}: ` +
        `${worst.toFixed(3)}, target <= ${PEER_TARGET}: ${verdict(worst <= PEER_TARGET)}`,
    );
  }
  if (asking.length > 0) {
    const least = Math.min(...asking);
    console.log(
      `a probe inlined, asking through N-API / nodeobs, the least of ${asking.length}: ` +
        `${least.toFixed(3)}, target >= ${ASKING_TARGET}: ${verdict(least >= ASKING_TARGET)}`,
    );
  }
  const worst = Math.max(...called);
  console.log(
    `a call that is made, nodeobs / its peer, the worst of ${called.length}: ` +
      `${worst.toFixed(3)}, target <= ${PEER_TARGET}: ${verdict(worst <= PEER_TARGET)}`,
  );
}

function main() {
  const options = readOptions();
  const [{ model }] = os.cpus();
  const judged = { called: [], inlined: [], asking: [] };
  console.log('disabled: ns a call of a probe without observers and of a log call below its level');
  for (const node of nodes(options.matrix)) {
    console.log(
      `  node ${ask(node, '--version')}, ${os.availableParallelism()} CPUs (${model}), ` +
        `load average ${os.loadavg()[0].toFixed(2)}`,
    );
    const reason = reasonOff(node);
    if (reason !== null) console.log(`  probes are on the bus alone, so nothing asks: ${reason}`);
    const names = Object.keys(CASES).filter((name) => {
      if (name === 'empty loop') return true;
      if (reason !== null && name === ASKING) return false;
      return name.includes(options.only === 'probe' ? '.fire(' : options.only);
    });
    const values = measure(node, options.runs, names);
    printFigures(values, names);
    printRatios(values, names, judged);
  }
  printVerdicts(judged);
}

// Objects of probes and sockets go where nothing of the user's is.
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'nodeobs-bench-'));
process.env.NODEOBS_RUNTIME_DIR = directory;
try {
  main();
} catch (error) {
  console.error(`could not measure: ${error.message}`);
  process.exitCode = 1;
} finally {
  fs.rmSync(directory, { recursive: true, force: true });
}
