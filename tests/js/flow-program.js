'use strict';
// Runs generated programs of control flow with one of the two libraries, and tells all that can be
// seen of them: every call and event in its order, and the state of all that the program has made, at
// every turn of the event loop and at every call. Prints a JSON line for each seed.
//
//   node flow-program.js vasync|nodeobs FIRST COUNT

const LIBRARIES = { vasync: 'vasync', nodeobs: '../../js/flow/vasync' };
const TURNS_MAX = 60;
const NODES_MAX = 14;

/** mulberry32: the same numbers for the same seed. */
function generator(seed) {
  let at = seed >>> 0;
  const next = () => {
    at = (at + 0x6d2b79f5) >>> 0;
    let t = Math.imul(at ^ (at >>> 15), 1 | at);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    below: (n) => Math.floor(next() * n),
    chance: (p) => next() < p,
    pick: (list) => list[Math.floor(next() * list.length)],
  };
}

// -- programs

const FLOWS = [
  'parallel',
  'forEachParallel',
  'pipeline',
  'forEachPipeline',
  'waterfall',
  'tryEach',
  'whilst',
  'filter',
  'filterSeries',
  'filterLimit',
];

function makeProgram(random) {
  const budget = { left: NODES_MAX };
  const count = 1 + random.below(3);
  return Array.from({ length: count }, () => makeNode(random, budget, 0));
}

function makeNode(random, budget, depth) {
  budget.left -= 1;
  const kind = random.pick([...FLOWS, 'queue', 'queue', 'queue', 'barrier']);
  const size = random.chance(0.12) ? 0 : 1 + random.below(5);
  const node = {
    kind,
    delay: random.below(3), // turns before it starts
    steps: Array.from({ length: size }, () => makeStep(random, budget, depth)),
    named: random.chance(0.7),
    callback: kind === 'pipeline' && random.chance(0.1) ? null : makeEnd(random, budget, depth),
    bad: random.chance(0.04) ? random.below(7) : -1,
    mutate: random.chance(0.3), // the input list, right after the start
  };
  if (kind === 'queue') makeQueue(random, node);
  if (kind === 'filterLimit') node.limit = random.pick([1, 2, 3, Infinity, 0, 1.5]);
  return node;
}

function makeStep(random, budget, depth) {
  const step = {
    when: random.pick(['now', 'now', 'tick', 'micro', 1, 1, 2, 4, 'never']),
    err: random.chance(0.15) ? random.pick(['error', 'string', 'verror', 'zero', 'empty']) : null,
    values: random.below(4),
    again: random.chance(0.08) ? random.pick(['now', 'tick', 1, 3]) : null,
    throws: random.chance(0.02),
    nested: null,
  };
  if (step.when === 'never' && random.chance(0.6)) step.when = 1;
  if (depth < 3 && budget.left > 0 && random.chance(0.15)) {
    step.nested = makeNode(random, budget, depth + 1);
  }
  return step;
}

function makeEnd(random, budget, depth) {
  const end = { throws: random.chance(0.03), nested: null, push: random.chance(0.2) };
  if (depth < 3 && budget.left > 0 && random.chance(0.2)) {
    end.nested = makeNode(random, budget, depth + 1);
  }
  return end;
}

function makeQueue(random, node) {
  node.concurrency = random.pick([1, 1, 2, 3, Infinity, 0, -1, 1.5, Number.NaN, '2']);
  if (random.chance(0.85)) node.concurrency = 1 + random.below(3);
  node.viaArgs = random.chance(0.5);
  const count = random.below(9);
  node.actions = Array.from({ length: count }, () => ({
    at: random.below(8), // turn
    do: random.pick(['push', 'push', 'push', 'array', 'close', 'kill', 'concurrency', 'length']),
    n: 1 + random.below(3),
    callback: random.chance(0.7),
    hook: random.pick(['push', 'close', 'kill', null, null, null, null, null, null]),
    on: random.pick(['drain', 'empty', 'saturated', 'end', 'task']),
  }));
  node.actions.push({ at: 9, do: 'close', n: 1, callback: false, hook: null, on: 'end' });
}

// -- what is told

// The one difference: where vasync's assertion has no text of its own, and Node takes the source's.
const OWN_TEXTS = /^"(worker|concurrency)" must|^the (task|queue) must|^there must be room/;

function describe(value, key, seen = []) {
  if (typeof value === 'function') {
    return key === 'func' || key === 'worker' ? `fn ${value.name}/${value.length}` : 'fn';
  }
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (value === undefined) return 'undefined';
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (seen.includes(value)) return 'circular';
  const path = [...seen, value];
  if (value instanceof Error) {
    return {
      error: value.name,
      class: value.constructor.name,
      message: isGenerated(value) ? 'generated' : value.message,
      code: value.code ?? 'none',
      keys: Object.keys(value).filter((name) => name !== 'jse_cause' && name !== 'jse_info'),
      causes: value.errors?.().map((cause) => describe(cause, '', path)) ?? [],
    };
  }
  if (Array.isArray(value)) return value.map((item) => describe(item, '', path));
  const out = { '(prototype)': value.constructor?.name };
  for (const name of Object.keys(value)) {
    if (name === '_events') continue;
    out[name] = describe(value[name], name, path);
  }
  return out;
}

// -- running

class Run {
  constructor(library, random) {
    this.library = library;
    this.random = random;
    this.turn = 0;
    this.lines = [];
    this.objects = [];
    this.last = '';
    this.over = false;
  }

  /** Tells that something happened, and what the state of everything is then. */
  say(what, ...values) {
    if (this.over) return;
    this.lines.push([this.turn, what, ...values.map((value) => describe(value))]);
    this.look();
  }

  look() {
    const state = JSON.stringify(this.objects.map((object) => describe(object)));
    if (state === this.last) return;
    this.last = state;
    this.lines.push([this.turn, 'state', state]);
  }

  keep(object) {
    if (object !== undefined) this.objects.push(object);
    return object;
  }

  later(when, run) {
    if (when === 'now') run();
    else if (when === 'tick') process.nextTick(run);
    else if (when === 'micro') queueMicrotask(run);
    else if (when !== 'never') this.turns(when, run);
  }

  turns(count, run) {
    if (this.over) return; // what goes on for ever ends here
    if (count <= 0) run();
    else setImmediate(() => this.turns(count - 1, run));
  }

  /** What an application may have around a call. */
  attempt(what, run) {
    try {
      return run();
    } catch (error) {
      this.say(`${what} threw`, error);
      return undefined;
    }
  }

  node(node, path) {
    this.turns(node.delay, () => this.begin(node, path));
  }

  error(kind, path) {
    if (kind === 'verror') return new (require('verror').VError)('verror %s', path);
    if (kind === 'string') return `error ${path}`;
    if (kind === 'zero') return 0;
    if (kind === 'empty') return '';
    return new Error(`error ${path}`);
  }

  /** A function that takes `taken` arguments and then a callback. */
  step(step, path, named, taken) {
    const answer = (callback, given) => {
      this.say(`${path} called`, given);
      if (step.nested) this.node(step.nested, `${path}/n`);
      const err = step.err === null ? null : this.error(step.err, path);
      const values = Array.from({ length: step.values }, (_, i) => `${path}=${i}`);
      const call = () => {
        this.say(`${path} calls back`);
        callback(...(step.err === null && step.values === 0 ? [] : [err, ...values]));
        this.say(`${path} called back`);
      };
      this.later(step.when, call);
      if (step.again !== null) this.later(step.again, call);
      if (step.throws) throw new Error(`thrown by ${path}`);
    };
    // A declared callback, as vasync's users have it.
    const func =
      taken === 1
        ? (given, callback) => answer(callback, given)
        : (...args) => answer(args.at(-1), args.slice(0, -1));
    const declared = taken === 1 ? func : (a, b, c, d) => func(...[a, b, c, d].filter(isGiven));
    Object.defineProperty(declared, 'name', { value: named ? `f${path.replace(/\W/g, '_')}` : '' });
    return declared;
  }

  callback(node, path) {
    const end = node.callback;
    if (end === null) return undefined;
    return (...args) => {
      this.say(`${path} ended`, args.length, ...args);
      if (end.nested) this.node(end.nested, `${path}/e`);
      if (end.push) {
        const queue = this.objects.find((object) => typeof object.push === 'function');
        if (queue) this.attempt(`${path} push`, () => queue.push(`from ${path}`));
      }
      if (end.throws) throw new Error(`thrown by the callback of ${path}`);
    };
  }

  begin(node, path) {
    this.say(`${path} ${node.kind} begins`);
    const made = this.attempt(path, () => this.start(node, path));
    this.keep(made);
    this.say(`${path} begun`);
  }

  start(node, path) {
    const { library } = this;
    const { kind, named } = node;
    if (kind === 'queue') return this.queue(node, path);
    if (kind === 'barrier') return this.barrier(node, path);
    if (kind === 'whilst') return this.whilst(node, path);
    const callback = this.callback(node, path);
    const taken = kind === 'pipeline' ? 1 : 0;
    const funcs = node.steps.map((step, i) => this.step(step, `${path}.${i}`, named, taken));
    const inputs = node.steps.map((_, i) => i);
    const each = (input, done) => {
      const step = node.steps[input] ?? node.steps[0];
      return this.step(step, `${path}.${input}`, named, 1)(`input ${input}`, done);
    };
    const calls = {
      parallel: () => library.parallel({ funcs }, callback),
      forEachParallel: () => library.forEachParallel({ func: each, inputs }, callback),
      pipeline: () => library.pipeline({ funcs, arg: { path } }, callback),
      forEachPipeline: () => library.forEachPipeline({ func: each, inputs }, callback),
      waterfall: () => library.waterfall(funcs, callback),
      tryEach: () => library.tryEach(funcs, callback),
      filter: () => library.filter(inputs, each, callback),
      filterSeries: () => library.filterSeries(inputs, each, callback),
      filterLimit: () => library.filterLimit(inputs, node.limit, each, callback),
    };
    const made = node.bad >= 0 ? this.misuse(kind, node.bad, callback) : calls[kind]();
    if (node.mutate) {
      funcs.pop();
      inputs.push(0);
    }
    return made;
  }

  /** Arguments that are refused. */
  misuse(kind, which, callback) {
    const call = this.library[kind];
    const lists = [
      [],
      [null, callback],
      [{}, callback],
      ['text', callback],
      [{ funcs: 'text', inputs: [], func: 1 }, callback],
      [{ funcs: [], inputs: 'text', func: () => {} }, callback],
      [[], 5, () => {}, 'text'],
    ];
    return call(...lists[which]);
  }

  whilst(node, path) {
    let rounds = 0;
    const test = () => {
      this.say(`${path} test`);
      return rounds < node.steps.length;
    };
    const iterate = (callback) => {
      const step = node.steps[rounds] ?? { when: 1, err: null, values: 0, again: null };
      rounds += 1;
      this.step(step, `${path}.${rounds}`, node.named, 0)(callback);
    };
    return this.library.whilst(test, iterate, this.callback(node, path));
  }

  queue(node, path) {
    let tasks = 0;
    const worker = (task, done) => {
      const step = node.steps[tasks % Math.max(1, node.steps.length)] ?? {
        when: 1,
        err: null,
        values: 1,
        again: null,
      };
      tasks += 1;
      this.step(step, `${path}.${tasks}`, node.named, 1)(task, done);
    };
    if (node.named) Object.defineProperty(worker, 'name', { value: 'work' });
    const { library } = this;
    const queue = node.viaArgs
      ? library.queuev({ worker, concurrency: node.concurrency })
      : library.queue(worker, node.concurrency);
    const act = (action) => this.act(queue, action, path);
    for (const event of ['drain', 'empty', 'saturated', 'end']) {
      const hooks = node.actions.filter(({ hook, on }) => hook !== null && on === event);
      const react = (how) => {
        this.say(`${path} ${how} ${event}`);
        for (const action of hooks.splice(0, 1)) act({ ...action, do: action.hook });
      };
      queue.on(event, () => react('event'));
      if (event !== 'end' && node.mutate) queue[event] = () => react('hook');
    }
    for (const action of node.actions) {
      if (action.hook === null) this.turns(action.at, () => act(action));
    }
    return queue;
  }

  act(queue, action, path) {
    const what = `${path} ${action.do}`;
    const callback = action.callback
      ? (...args) => this.say(`${path} task done`, ...args)
      : undefined;
    const calls = {
      push: () => queue.push(`task ${action.n}`, callback),
      array: () => queue.push([1, [2], { three: 3 }].slice(0, action.n), callback),
      close: () => queue.close(),
      kill: () => queue.kill(),
      concurrency: () => queue.updateConcurrency(action.n),
      length: () => queue.length(),
    };
    const gave = this.attempt(what, calls[action.do]);
    this.say(what, gave);
  }

  barrier(node, path) {
    const nrecent = [undefined, 0, 2, 'x'][node.steps.length % 4];
    const barrier = this.library.barrier(node.named ? { nrecent } : undefined);
    let drains = 0;
    barrier.on('drain', () => {
      this.say(`${path} drain`);
      drains += 1;
      if (node.callback?.push && drains < 3) {
        barrier.start('again');
        this.turns(1, () => this.attempt(path, () => barrier.done('again')));
      }
    });
    node.steps.forEach((step, i) => {
      const name = `op ${i % 3}`;
      this.turns(i % 2, () => {
        this.attempt(`${path} start`, () => barrier.start(name));
        this.say(`${path} started ${name}`);
        const done = () => {
          this.attempt(`${path} done`, () => barrier.done(name));
          this.say(`${path} done ${name}`);
        };
        this.later(step.when, done);
        if (step.again !== null) this.later(step.again, done);
      });
    });
    return barrier;
  }

  go(program) {
    return new Promise((resolve) => {
      const tick = () => {
        this.look();
        this.turn += 1;
        if (this.turn <= TURNS_MAX) {
          setImmediate(tick);
          return;
        }
        this.over = true;
        resolve(this.lines);
      };
      setImmediate(tick);
      program.forEach((node, i) => {
        this.node(node, `p${i}`);
      });
    });
  }
}

function isGenerated(error) {
  return error.generatedMessage || OWN_TEXTS.test(error.message);
}

function isGiven(value) {
  return value !== undefined;
}

async function main([name, first, count]) {
  const library = require(LIBRARIES[name]);
  let run;
  Date.now = () => 1e12 + run.turn; // barriers show it
  process.on('uncaughtException', (error) => run.say('uncaught', error));
  process.on('unhandledRejection', (error) => run.say('unhandled', error));
  for (let seed = Number(first); seed < Number(first) + Number(count); seed += 1) {
    const random = generator(seed);
    run = new Run(library, random);
    const lines = await run.go(makeProgram(random));
    process.stdout.write(`${JSON.stringify({ seed, lines })}\n`);
  }
}

if (require.main === module) main(process.argv.slice(2));

module.exports = { generator, makeProgram };
