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

const fs = require('node:fs');
const path = require('node:path');
const { CASES, COUNTS } = require('./_disabled');
const runs = require('./_runs');

const { NODE, median } = runs;
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

/** The Node.js to measure. @param {boolean} matrix */
function nodes(matrix) {
  if (!matrix) return [NODE];
  if (!fs.existsSync(MATRIX)) throw new Error('there is no .matrix: make test-matrix');
  const others = fs.readdirSync(MATRIX).filter((name) => name.startsWith('node-'));
  return [NODE, ...others.map((name) => path.join(MATRIX, name, 'bin/node'))];
}

/** What a Node.js says, in the end. @param {string} node @param {string[]} args */
function ask(node, ...args) {
  return runs.ask(node, args, { stdio: ['ignore', 'pipe', 'ignore'] });
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
 * @param {string} node @param {number} turns @param {string[]} names
 * @returns {(mode: string, name: string, count: number) => number[]}
 */
function measure(node, turns, names) {
  const wanted = [];
  for (const [mode, flags] of Object.entries(MODES)) {
    const known = flagsKnown(node, flags);
    for (const name of names) {
      for (const count of COUNTS) {
        wanted.push({ mode, name, count, args: [...known, WORKER, name, count], values: [] });
      }
    }
  }
  for (let number = 0; number < turns; number += 1) {
    for (const one of number % 2 ? [...wanted].reverse() : wanted) {
      one.values.push(Number(ask(node, ...one.args)));
    }
  }
  return (mode, name, count) =>
    wanted.find((one) => one.mode === mode && one.name === name && one.count === count).values;
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
    const ratio = (mode, ours, theirs) =>
      runs.ratio(values(mode, ours, count), values(mode, theirs, count));
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
  const options = runs.readOptions({ runs: 3, only: '', matrix: false });
  runs.chosen(['probe', 'log'], 'only', options.only);
  const judged = { called: [], inlined: [], asking: [] };
  console.log('disabled: ns a call of a probe without observers and of a log call below its level');
  for (const node of nodes(options.matrix)) {
    runs.printMachine(node);
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

runs.run(main);
