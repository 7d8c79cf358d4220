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

const path = require('node:path');
const { CASES, LOGGERS } = require('./_log');
const { NODE, ask, chosen, median, printMachine, ratio, readOptions, run } = require('./_runs');

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

/** @param {number[]} values */
function figure(values) {
  return `${median(values).toFixed(values[0] < 100 ? 1 : 0)} ns`;
}

/** @returns {{[logger: string]: number[]}} ns by round */
function measured(name, destination, runs) {
  const took = (...more) =>
    JSON.parse(ask(NODE, [WORKER, name, destination, String(runs), ...more]));
  if (!CASES[name].alone) return took();
  return Object.assign({}, ...Object.keys(LOGGERS).map((logger) => took(logger)));
}

function main() {
  const { runs, only, destination: wanted } = readOptions({ runs: 10, only: '', destination: '' });
  const cases = chosen(Object.keys(CASES), 'only', only);
  const destinations = chosen(DESTINATIONS, 'destination', wanted);
  console.log('log: ns of CPU a record, /dev/null');
  printMachine();
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

run(main);
