'use strict';
// What the benches in JavaScript have in common: options, medians, the machine, and how they end.
// (Those in Python have _runs.py.)

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

/** The Node.js that is measured. */
const NODE = process.env.NODE ?? process.execPath;

/** Ends the script with what is wrong with its options. */
class UsageError extends Error {}

/**
 * The options of the command line: numbers from 1, texts, flags.
 * @param {Record<string, number | string | boolean>} defaults
 * @returns {Record<string, any>}
 */
function readOptions(defaults) {
  const options = Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [
      name,
      {
        type: typeof value === 'boolean' ? 'boolean' : 'string',
        default: typeof value === 'number' ? String(value) : value,
      },
    ]),
  );
  let values;
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    throw new UsageError(error.message);
  }
  for (const [name, value] of Object.entries(defaults)) {
    if (typeof value !== 'number') continue;
    if (!/^[1-9]\d*$/.test(values[name])) throw new UsageError(`--${name} takes a number from 1`);
    values[name] = Number(values[name]);
  }
  return values;
}

/**
 * All of the list, or the one that an option names.
 * @param {string[]} list @param {string} option @param {string} value
 */
function chosen(list, option, value) {
  if (value === '') return list;
  if (!list.includes(value)) throw new UsageError(`--${option} takes one of: ${list.join('; ')}`);
  return [value];
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The median of the ratios of neighbouring turns. @param {number[]} over @param {number[]} under */
function ratio(over, under) {
  return median(over.map((value, i) => value / under[i]));
}

/** What a script prints in a process of its own. @param {string} node @param {string[]} args */
function ask(node, args, options = {}) {
  return execFileSync(node, args, { encoding: 'utf8', ...options }).trim();
}

function printMachine(node = NODE) {
  const version = ask(node, ['--version']);
  const [{ model }] = os.cpus();
  console.log(
    `  node ${version}, ${os.availableParallelism()} CPUs (${model}), ` +
      `load average ${os.loadavg()[0].toFixed(2)}`,
  );
}

/** Runs the script, with a runtime directory of its own, where nothing of the user's is. */
function run(main) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'nodeobs-bench-'));
  process.env.NODEOBS_RUNTIME_DIR = directory;
  try {
    main();
  } catch (error) {
    const isUsage = error instanceof UsageError;
    console.error(isUsage ? error.message : `could not measure: ${error.message}`);
    process.exitCode = isUsage ? 2 : 1;
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

module.exports = { NODE, ask, chosen, median, printMachine, ratio, readOptions, run };
