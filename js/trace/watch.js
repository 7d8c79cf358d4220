'use strict';
// A running program: it is on the topics of the probes that it matches, its clauses run where they
// fire, and it ends with its peer. Firing it never throws.

const { Binding, Known } = require('./binding');
const { now } = require('./clock');
const { FAULTED, IDLE } = require('./clause');
const { threadId } = require('./frame');
const { readGlobals } = require('./global-values');
const { ANSWER, PROBES } = require('./limits');
const { Pace, Rate } = require('./pace');

// A value's conversion may fire other probes, and theirs others.
const NESTING = 8;

/**
 * @typedef {import('./binding').Known} KnownProbe
 * @typedef {import('./clause').Clause} Clause
 * @typedef {import('./program').Program} Program
 * @typedef {import('../probes/firing').FiringView} Firing
 * @typedef {import('../probes/provider').Probe} Probe
 */

class Watch {
  /** @type {WeakMap<object, Binding>} by probe, which it must not keep alive */
  #bindings = new WeakMap();
  /** @type {Map<string, KnownProbe>} by description */
  #known = new Map();
  #unknown = 0; // probes that were one too many
  /** @type {import('./frame').Frame[]} one for each firing within another */
  #frames = [];
  #depth = 0;
  #faults = 0;
  /** @type {object[]} probes found since they were last told of */
  #added = [];

  /**
   * @param {string} id
   * @param {Program} program
   * @param {import('../agent/topic').Topic} topic of its records
   */
  constructor(id, program, topic) {
    this.id = id;
    this.program = program;
    this.topic = topic;
    /** Bits of the arguments that one of its clauses may ask for. */
    this.wanted = program.wanted;
    /** Whether clauses run: from go to exit() or stop. */
    this.running = false;
    this.stopped = false;
    /** Probes that nobody else keeps while they are watched. @type {Probe[]} */
    this.held = [];
    this.records = 0; // published
    this.rate = new Rate(program.options.rate);
    this.pace = new Pace();
  }

  /** Descriptions of what it matches so far. */
  probes() {
    this.#added = [];
    return [...this.#known.values()].map(shown);
  }

  /**
   * Takes a probe in if a clause matches it.
   * @param {Probe} probe connected to its topic
   */
  consider(probe) {
    if (this.stopped) return;
    let binding = this.#bindings.get(probe);
    if (binding === undefined) {
      const clauses = this.program.clauses.filter((clause) => clause.matches(probe));
      if (clauses.length === 0) return;
      const known = this.#describe(probe);
      if (known === null) return;
      binding = new Binding(probe, known, clauses);
      this.#bindings.set(probe, binding);
    }
    if (this.running) /** @type {any} */ (probe._topic).watch(this);
  }

  /** @param {Iterable<Probe>} probes all that there are */
  go(probes) {
    if (this.running || this.stopped) return;
    this.running = true;
    this.program.self.enter();
    for (const probe of probes) {
      if (this.#bindings.has(probe)) /** @type {any} */ (probe._topic).watch(this);
    }
    this.tell();
  }

  /** Publishes what was found since the peer was last told. */
  tell() {
    if (this.#added.length === 0 || !this.running) return;
    const record = { t: now(), tid: threadId, k: 'probes', added: this.#added };
    this.#added = [];
    this.#publish(`${JSON.stringify(record)}\n`);
  }

  /**
   * A probe fired.
   * @param {Firing} firing
   */
  fire(firing) {
    if (!this.running) return;
    const binding = this.#bindings.get(firing.probe);
    if (binding === undefined || this.#depth >= NESTING) return;
    const mark = this.#depth === 0 ? this.pace.begin() : 0;
    if (mark < 0) return;
    let frame = this.#frames[this.#depth];
    if (frame === undefined) {
      frame = this.program.frame();
      this.#frames.push(frame);
    }
    this.#depth += 1;
    try {
      binding.known.fired += 1;
      frame.begin(firing, binding);
      const { clauses } = binding;
      for (let i = 0; i < clauses.length && this.running; i++) this.#run(binding, i, frame);
    } catch {
      this.#faults += 1; // the stack is used up
    } finally {
      this.#depth -= 1;
      frame.end();
    }
    if (mark > 0) this.pace.done(mark);
  }

  /** @param {Binding} binding @param {number} i of its clauses @param {import('./frame').Frame} frame */
  #run(binding, i, frame) {
    const clause = binding.clauses[i];
    const outcome = clause.run(frame);
    if (outcome === IDLE) return;
    if (outcome === FAULTED) {
      this.#faults += 1;
      this.#faulted(clause, frame);
    } else if (clause.speaks && this.rate.allows(frame.timestamp())) {
      this.#publish(`{"t":${frame.timestamp()}${binding.heads[i]}${frame.data}]}\n`);
    }
    if (frame.exit === null) return;
    const record = { t: frame.timestamp(), tid: threadId, k: 'exit', code: frame.exit };
    frame.exit = null;
    this.#publish(`${JSON.stringify(record)}\n`);
    this.running = false;
  }

  /** @param {Clause} clause @param {import('./frame').Frame} frame */
  #faulted({ n, fault }, frame) {
    if (!this.rate.allows(frame.timestamp())) return;
    const record = {
      t: frame.timestamp(),
      tid: threadId,
      k: 'error',
      p: frame.binding.id,
      c: n,
      s: fault.statement,
      message: fault.message,
    };
    this.#publish(`${JSON.stringify(record)}\n`);
  }

  /**
   * Hands out the aggregations' deltas and the rest of what it has to tell, as far as an answer
   * bears it.
   * @param {any} [names] of globals
   */
  read(names) {
    let left = ANSWER;
    const fits = (/** @type {number} */ characters) => {
      left -= characters;
      return left >= 0;
    };
    const globals = readGlobals(this.program, names, fits);
    const aggregations = [];
    for (const aggregation of this.program.declarations.known.values()) {
      aggregations.push(...aggregation.take(fits));
    }
    /** @type {Record<number, number>} */
    const fired = {};
    for (const known of this.#known.values()) {
      if (known.fired > 0) fired[known.id] = known.fired;
      known.fired = 0;
    }
    const faults = this.#faults;
    this.#faults = 0;
    return {
      aggregations,
      globals,
      drops: this.#takeDrops(),
      fired,
      faults,
      records: this.records,
      spent_ms: this.pace.spent,
      ...(left < 0 ? { more: true } : {}),
    };
  }

  /** @returns {Record<string, number>} by kind, those that are not 0 */
  #takeDrops() {
    const { rate, pace } = this;
    const drops = {
      ...this.program.takeDrops(),
      records: rate.drops,
      time: pace.skipped,
      probes: this.#unknown,
    };
    rate.drops = 0;
    pace.skipped = 0;
    this.#unknown = 0;
    return Object.fromEntries(Object.entries(drops).filter(([, n]) => n > 0));
  }

  /** Publishes the last deltas: the process exits. */
  leave() {
    if (this.stopped || this.topic.interests.length === 0) return;
    this.tell();
    for (let more = true; more; ) {
      const answer = this.read();
      more = 'more' in answer;
      const record = { t: now(), tid: threadId, k: 'aggregations', ...answer };
      this.#publish(`${JSON.stringify(record)}\n`);
    }
  }

  /**
   * Takes it off all probes. What was counted can still be read.
   * @param {Iterable<import('../agent/topic').Topic>} topics all that there are
   */
  halt(topics) {
    this.stopped = true;
    this.running = false;
    for (const topic of topics) topic.unwatch(this);
    for (const probe of this.held) /** @type {any} */ (probe._topic).unwatch(this);
    this.held = [];
    this.program.self.leave();
  }

  /** @param {Probe} probe @returns {KnownProbe | null} */
  #describe(probe) {
    const { provider, name, types } = probe;
    const key = JSON.stringify([provider.name, provider.module, name, types]);
    let known = this.#known.get(key);
    if (known !== undefined) return known;
    if (this.#known.size >= PROBES) {
      this.#unknown += 1;
      return null;
    }
    known = new Known(this.#known.size + 1, {
      provider: provider.name,
      module: provider.module,
      function: name,
      name,
      types,
    });
    this.#known.set(key, known);
    this.#added.push(shown(known));
    return known;
  }

  /** @param {string} line */
  #publish(line) {
    if (this.topic.interests.length === 0) return;
    this.records += 1;
    this.topic.publish(line);
  }
}

/** @param {KnownProbe} known */
function shown({ id, description }) {
  return { id, ...description };
}

module.exports = { Watch };
