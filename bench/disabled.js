'use strict';

// Disabled: what a probe that nobody listens to and a log call below the level cost, in ns, against
// an empty method, dtrace-provider's stub for Linux, and pino's disabled level.
//
//   node disabled.js [--runs 5]        another Node.js: NODE=/path/to/node, or run it with that
//
// V8 removes an empty method where it inlines it, so the price is measured twice: as a call that is
// made (inlining is off, for everybody), which is what a ratio can be given of, and inlined into a
// hot loop, where the loop alone is the peer and the difference is the price. Every figure comes
// from a process of its own, for one measured loop spoils the next; the cases take turns.

const { execFileSync } = require('node:child_process');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { CASES, COUNTS } = require('./_disabled');

const NODE = process.env.NODE ?? process.execPath;
const WORKER = path.join(__dirname, '_disabled.js');
const TARGET = 2;
const MODES = {
  called: ['--no-turbo-inlining', '--no-maglev-inlining'],
  inlined: [],
};
// Each call of ours, and whose it must not cost more than twice of.
const CLAIMS = [
  ['probe.fire(fn)', 'dtrace-provider'],
  ["log.debug({…}, 'msg')", 'pino'],
  ["log.debug('msg')", 'pino'],
];
const OURS = ['nodeobs', 'nodeobs, observed before'];

function readRuns() {
  try {
    const { values } = parseArgs({ options: { runs: { type: 'string', default: '3' } } });
    if (/^[1-9]\d*$/.test(values.runs)) return Number(values.runs);
    throw new Error('--runs takes a number from 1');
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}

/** ns for each call. @param {string} mode @param {string} name @param {number} count */
function run(mode, name, count) {
  const args = [...flagsKnown(MODES[mode]), WORKER, name, String(count)];
  const env = { ...process.env, NODEOBS_RUNTIME_DIR: '' };
  return Number(execFileSync(NODE, args, { encoding: 'utf8', env }));
}

// V8 renames its flags; one that it does not know ends the process.
const known = new Map();
function flagsKnown(flags) {
  return flags.filter((flag) => {
    if (!known.has(flag)) {
      try {
        execFileSync(NODE, [flag, '-e', '0'], { stdio: 'ignore' });
        known.set(flag, true);
      } catch {
        known.set(flag, false);
      }
    }
    return known.get(flag);
  });
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

function main() {
  const runs = readRuns();
  const version = execFileSync(NODE, ['--version'], { encoding: 'utf8' }).trim();
  const [{ model }] = os.cpus();
  console.log('disabled: ns a call of a probe without observers and of a log call below its level');
  console.log(
    `  node ${version}, ${os.availableParallelism()} CPUs (${model}), load average ` +
      os.loadavg()[0].toFixed(2),
  );

  const wanted = [];
  for (const mode of Object.keys(MODES)) {
    for (const name of Object.keys(CASES)) {
      for (const count of COUNTS) wanted.push({ mode, name, count, values: [] });
    }
  }
  for (let number = 0; number < runs; number += 1) {
    for (const one of number % 2 ? [...wanted].reverse() : wanted) {
      one.values.push(run(one.mode, one.name, one.count));
    }
  }
  /** @returns {number[]} */
  const values = (mode, name, count) =>
    wanted.find((one) => one.mode === mode && one.name === name && one.count === count).values;

  for (const mode of Object.keys(MODES)) {
    const about = mode === 'called' ? 'not inlined, the loop included' : 'V8 may inline';
    for (const count of COUNTS) {
      console.log(`  ${mode} (${about}), ${count === 1 ? 'one' : count} of each alive`);
      const loop = median(values(mode, 'empty loop', count));
      for (const name of Object.keys(CASES)) {
        const took = values(mode, name, count);
        const net = (median(took) - loop).toFixed(2);
        console.log(`    ${name.padEnd(48)} ${figure(took)}, without the loop ${net}`);
      }
    }
  }

  const ratios = [];
  for (const [call, peer] of CLAIMS) {
    const empty = call.startsWith('probe') ? 'empty.fire(fn)' : `${call} empty`;
    for (const ours of OURS) {
      for (const count of COUNTS) {
        /** @param {string} mode @param {string} other */
        const against = (mode, other) => {
          const took = values(mode, `${call} ${ours}`, count);
          return median(values(mode, other, count).map((theirs, i) => took[i] / theirs));
        };
        const theirs = `${call} ${peer}`;
        const ratio = against('called', theirs);
        const more =
          median(values('inlined', `${call} ${ours}`, count)) -
          median(values('inlined', theirs, count));
        ratios.push(ratio);
        console.log(
          `  ${call} ${ours}, ${count} alive: ${ratio.toFixed(2)} times ${peer}, ` +
            `${against('called', empty).toFixed(2)} times an empty method; inlined ` +
            `${against('inlined', theirs).toFixed(2)} times ${peer}, ` +
            `${more >= 0 ? '+' : ''}${more.toFixed(1)} ns`,
        );
      }
    }
  }
  const worst = Math.max(...ratios);
  const verdict = worst <= TARGET ? 'met' : 'not met';
  console.log(
    `a call that is made, nodeobs / its peer, the worst of ${ratios.length}: ` +
      `${worst.toFixed(3)}, target <= ${TARGET}: ${verdict}`,
  );
}

try {
  main();
} catch (error) {
  console.error(`could not measure: ${error.message}`);
  process.exit(1);
}
