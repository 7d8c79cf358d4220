'use strict';

// One case of flow.js with one library: `node _flow.js LIBRARY CASE ROUNDS`, in a process of its own,
// so that what one library has switched on in Node does not slow another one down. Prints ns of CPU
// for each flow (or task), by round: the whole process's, the garbage collector's threads included.

const path = require('node:path');

const AT_ONCE = 100; // flows that are under way together
const INPUTS = Array.from({ length: 1000 }, (_, i) => i);
const TASKS = 100_000;

const now3 = [
  function one(callback) {
    callback(null, 1);
  },
  function two(callback) {
    callback(null, 2);
  },
  function three(callback) {
    callback(null, 3);
  },
];
const later3 = [
  function one(callback) {
    setImmediate(callback, null, 1);
  },
  function two(callback) {
    setImmediate(callback, null, 2);
  },
  function three(callback) {
    setImmediate(callback, null, 3);
  },
];
const steps = [
  function parse(_, next) {
    setImmediate(next, null, 1);
  },
  function validate(_, next) {
    next(null, 2);
  },
  function load(_, next) {
    setImmediate(next, null, 3);
  },
  function merge(_, next) {
    next(null, 4);
  },
  function store(_, next) {
    setImmediate(next, null, 5);
  },
];
const falls = [(next) => steps[0](0, next), ...steps.slice(1)];
const series = steps.map((step) => (next) => step(0, next));

function each(_input, callback) {
  setImmediate(callback);
}
function eachNow(_input, callback) {
  callback();
}

/** Functions of this flow alone, as closures are. */
function fresh() {
  return [
    function one(callback) {
      setImmediate(callback, null, 1);
    },
    function two(callback) {
      setImmediate(callback, null, 2);
    },
    function three(callback) {
      setImmediate(callback, null, 3);
    },
  ];
}

/** Every case starts one flow and calls back when that is over. */
const CASES = {
  'parallel of 3 that call back at once': {
    flows: 100_000,
    vasync: (v, done) => v.parallel({ funcs: now3 }, done),
    async: (a, done) => a.parallel(now3, done),
  },
  'parallel of 3': {
    flows: 50_000,
    vasync: (v, done) => v.parallel({ funcs: later3 }, done),
    async: (a, done) => a.parallel(later3, done),
  },
  'parallel of 3 new closures': {
    flows: 50_000,
    vasync: (v, done) => v.parallel({ funcs: fresh() }, done),
    async: (a, done) => a.parallel(fresh(), done),
  },
  'pipeline of 5': {
    flows: 20_000,
    vasync: (v, done) => v.pipeline({ funcs: steps, arg: 0 }, done),
    async: (a, done) => a.series(series, done),
  },
  'waterfall of 5': {
    flows: 20_000,
    vasync: (v, done) => v.waterfall(falls, done),
    async: (a, done) => a.waterfall(falls, done),
  },
  'forEachParallel(1,000)': {
    flows: 200,
    vasync: (v, done) => v.forEachParallel({ func: each, inputs: INPUTS }, done),
    async: (a, done) => a.each(INPUTS, each, done),
  },
  'forEachParallel(1,000) at once': {
    flows: 500,
    vasync: (v, done) => v.forEachParallel({ func: eachNow, inputs: INPUTS }, done),
    async: (a, done) => a.each(INPUTS, eachNow, done),
  },
  'queue, 100,000 tasks waiting': { flows: TASKS, queue: TASKS },
  'queue, 100 tasks waiting': { flows: TASKS, queue: 100 },
};

const LIBRARIES = {
  nodeobs: () => require('../js/flow/vasync'),
  'nodeobs, no sites': () => require('../js/flow/vasync'),
  'nodeobs, context': () => require('../js/flow/vasync'),
  'nodeobs off': () => require('../js/flow/vasync'),
  vasync: () => require('vasync'),
  async: () => require('async'),
};

/** What a library's process has in its environment. */
const ENVIRONMENTS = {
  'nodeobs, no sites': { NODEOBS_FLOW_SITES: 'off' },
  'nodeobs, context': { NODEOBS_FLOW_CONTEXT: 'on' },
  'nodeobs off': { NODEOBS: 'off' },
};

/** Runs that many flows, so many at a time. */
function flows(library, begin, count) {
  return new Promise((resolve) => {
    let left = count;
    let open = 0;
    let refill = false;
    const more = () => {
      refill = false;
      while (open < AT_ONCE && left > 0) {
        left -= 1;
        open += 1;
        begin(library, done);
      }
    };
    const done = () => {
      open -= 1;
      if (left === 0) {
        if (open === 0) resolve();
      } else if (!refill && open <= AT_ONCE / 2) {
        refill = true;
        setImmediate(more);
      }
    };
    more();
  });
}

/** Runs tasks through a queue in which so many wait at a time. */
function tasks(library, count, waiting) {
  return new Promise((resolve) => {
    const queue = library.queue((_task, callback) => setImmediate(callback), 20);
    let left = count;
    let open = 0;
    const push = () => {
      const some = Math.min(waiting, left);
      left -= some;
      open = some;
      for (let i = 0; i < some; i++) queue.push(i, done);
    };
    const done = () => {
      open -= 1;
      if (open > 0) return;
      if (left > 0) push();
      else resolve();
    };
    push();
  });
}

async function spell(library, { flows: count, queue, ...begin }, kind) {
  const before = process.cpuUsage();
  if (queue) await tasks(library, count, queue);
  else await flows(library, begin[kind], count);
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / count;
}

async function main([name, wanted, rounds]) {
  const library = LIBRARIES[name]();
  const kind = name === 'async' ? 'async' : 'vasync';
  await spell(library, CASES[wanted], kind);
  const took = [];
  for (let i = 0; i < Number(rounds); i++) took.push(await spell(library, CASES[wanted], kind));
  console.log(JSON.stringify(took));
}

if (require.main === module) main(process.argv.slice(2));

module.exports = { CASES, ENVIRONMENTS, LIBRARIES, WORKER: path.resolve(__filename) };
