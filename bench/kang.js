'use strict';

// kang's server: how long the application's event loop is held at a time while a snapshot of many
// objects is made and sent, and what the snapshot costs, in CPU time; against kang's own server, in
// processes of their own, in turns. kang's restify 4 loads on Node 20 and 22 only.
//
//   node kang.js [--runs 7] [--objects 10000] [--bytes 1000]
//
// Another Node.js: NODE=/path/to/node, or run it with that. The state has no schema; the objects
// have ten fields and a text each.

const path = require('node:path');
const { NODE, ask, median, printMachine, ratio, readOptions, run } = require('./_runs');

const WORKER = path.join(__dirname, '_kang.js');
const SIDES = ['kang', 'nodeobs'];
/** kang's longest turn / ours. */
const TARGET = 2;

/** @param {number[]} values */
function figure(values) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(1)} ms [${least.toFixed(1)}, ${most.toFixed(1)}]`;
}

function main() {
  const { runs, objects, bytes } = readOptions({ runs: 7, objects: 10_000, bytes: 1000 });
  const version = ask(NODE, ['--version']);
  if (Number(version.slice(1).split('.')[0]) >= 24) {
    console.log(`kang: not measured: kang's restify 4 does not load on Node ${version}`);
    return;
  }
  console.log(`kang: a snapshot of ${objects} objects, each with a text of ${bytes} characters`);
  printMachine();
  /** @type {Record<string, {stall: number, took: number, length: number}[]>} */
  const measured = { kang: [], nodeobs: [] };
  for (let turn = 0; turn < runs; turn++) {
    for (const side of turn % 2 ? SIDES : [...SIDES].reverse()) {
      const args = [WORKER, side, String(objects), String(bytes)];
      measured[side].push(JSON.parse(ask(NODE, args, { stdio: ['ignore', 'pipe', 'ignore'] })));
    }
  }
  const of = (side, what) => measured[side].map((one) => one[what]);
  if (median(of('kang', 'length')) < objects * bytes) throw new Error('the answers are too short');
  const times = (what) => ratio(of('kang', what), of('nodeobs', what));
  for (const [what, about] of [
    ['stall', 'longest turn of the event loop'],
    ['took', 'all of it'],
  ]) {
    const figures = SIDES.map((side) => `${side} ${figure(of(side, what))}`);
    console.log(`  ${about}: ${figures.join(', ')}; kang / nodeobs ${times(what).toFixed(2)}`);
  }
  const value = times('stall');
  const verdict = value >= TARGET ? 'met' : 'not met';
  console.log(`longest turn, kang / nodeobs: ${value.toFixed(2)}, target >= ${TARGET}: ${verdict}`);
}

run(main);
