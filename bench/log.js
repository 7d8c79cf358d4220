'use strict';

// The logger: what a record costs, against pino and bunyan in the same process, in turns. (A call
// below the level is measured in a process of its own: which of several loops V8 inlines it into is
// not to decide.)
//
//   node log.js [--runs 10] [--only CASE] [--destination buffered|sync]
//
// Another Node.js: NODE=/path/to/node, or run it with that. `pino iso` has an ISO time in its
// records, as ours and bunyan's have; `pino epoch` is how pino comes. Everything goes to /dev/null:
// what the kernel does with a line is the same for all.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { CASES, LOGGERS } = require('./_log');

const NODE = process.env.NODE ?? process.execPath;
const WORKER = path.join(__dirname, '_log.js');
const DESTINATIONS = ['buffered', 'sync'];
const OURS = 'nodeobs';
const RECORDERS = ['no recorder', 'recorder at trace'];
const DISABLED = 'below the level';

// Peer's time / ours, the median over the cases, and what no case may be below.
const TARGETS = {
  buffered: { 'pino iso': [1.5, 1], 'pino epoch': [1, null], bunyan: [3, null] },
  sync: { 'pino iso': [1, null], 'pino epoch': [1, null] },
};
const DISABLED_TARGET = 1.5;

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        runs: { type: 'string', default: '10' },
        only: { type: 'string' },
        destination: { type: 'string' },
      },
    });
    if (!/^[1-9]\d*$/.test(values.runs)) throw new Error('--runs takes a number from 1');
    const named = (list, what, value) => {
      if (value === undefined) return list;
      if (!list.includes(value)) throw new Error(`--${what} takes one of: ${list.join(', ')}`);
      return [value];
    };
    return {
      runs: values.runs,
      cases: named(Object.keys(CASES), 'only', values.only),
      destinations: named(DESTINATIONS, 'destination', values.destination),
    };
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @param {number[]} values */
function figure(values) {
  return `${median(values).toFixed(values[0] < 100 ? 1 : 0)} ns`;
}

/** The median of the ratios of neighbouring spells. */
function ratio(peer, our) {
  return median(peer.map((took, i) => took / our[i]));
}

/** @returns {{[logger: string]: number[]}} ns by round */
function measured(name, destination, runs) {
  const ask = (...more) => {
    const args = [WORKER, name, destination, runs, ...more];
    return JSON.parse(execFileSync(NODE, args, { encoding: 'utf8' }));
  };
  if (!CASES[name].alone) return ask();
  return Object.assign({}, ...Object.keys(LOGGERS).map((logger) => ask(logger)));
}

function main() {
  const { runs, cases, destinations } = readOptions();
  const [{ model }] = os.cpus();
  console.log('log: ns of CPU a record, /dev/null');
  console.log(
    `  node ${execFileSync(NODE, ['--version'], { encoding: 'utf8' }).trim()}, ` +
      `${os.availableParallelism()} CPUs (${model}), load average ${os.loadavg()[0].toFixed(2)}`,
  );
  const verdicts = [];
  for (const destination of destinations) {
    console.log(`  ${destination}`);
    /** @type {{[peer: string]: number[]}} */
    const ratios = {};
    for (const name of cases) {
      const took = measured(name, destination, runs);
      const { [OURS]: our, ...others } = took;
      const than = Object.entries(others).map(([other, values]) => {
        const times = ratio(values, our);
        ratios[other] ??= [];
        if (name !== DISABLED) ratios[other].push(times);
        return `${other} ${figure(values)} (${times.toFixed(2)} x)`;
      });
      console.log(`    ${name.padEnd(18)} nodeobs ${figure(our)}; ${than.join(', ')}`);
      if (name === DISABLED) {
        const times = ratio(our, took['pino iso']);
        verdicts.push([
          `below the level, nodeobs / pino`,
          times,
          times <= DISABLED_TARGET,
          '<= 1.5',
        ]);
      }
    }
    for (const [peer, [middle, least]] of Object.entries(TARGETS[destination])) {
      if (!ratios[peer]?.length) continue;
      const times = median(ratios[peer]);
      const about = `${destination}, ${peer} / nodeobs`;
      verdicts.push([`${about}, median of the cases`, times, times >= middle, `>= ${middle}`]);
      const worst = Math.min(...ratios[peer]);
      if (least !== null)
        verdicts.push([`${about}, worst case`, worst, worst >= least, `>= ${least}`]);
    }
    for (const recorder of RECORDERS) {
      if (!ratios[recorder]?.length) continue;
      const times = median(ratios[recorder]);
      console.log(`    ${recorder} / the recorder as it comes, median: ${times.toFixed(2)}`);
    }
  }
  for (const [about, value, met, target] of verdicts) {
    console.log(`${about}: ${value.toFixed(2)}, target ${target}: ${met ? 'met' : 'not met'}`);
  }
}

// Sockets go where nothing of the user's is.
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
