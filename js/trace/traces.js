'use strict';
// All programs of a thread, and whose they are: each ends with the connection that started it.

const { now } = require('./clock');
const { ProgramError } = require('./compiler');
const { setGlobals } = require('./global-values');
const { BATCH_MS, Memory, WATCHES } = require('./limits');
const { isGlob, matches, matchesProbe, parseDescription } = require('./match');
const { Program } = require('./program');
const { Scopes } = require('./scopes');
const { Watch } = require('./watch');

const ID = /^[A-Za-z0-9_-]{1,40}$/;
const LISTED = 10_000;

/**
 * @typedef {import('../agent/agent').Agent} Agent
 * @typedef {import('../agent/peer').Peer} Peer
 * @typedef {import('../probes/provider').Probe} Probe
 * @typedef {import('./match').Patterns} Patterns
 */

class Traces {
  /** @type {Map<string, {watch: Watch, peer: Peer}>} */
  #watches = new Map();
  /** @type {WeakSet<Peer>} whose ending ends programs */
  #peers = new WeakSet();
  #made = 0;

  /** @param {Agent} agent */
  constructor(agent) {
    this.agent = agent;
    this.memory = new Memory();
    this.scopes = new Scopes(agent.costs);
  }

  /**
   * Compiles a program; nothing runs before {@link go}.
   * @param {Peer} peer @param {any} request program, globals, watch
   * @throws {ProgramError}
   */
  start(peer, { program: given, globals, watch: name = null }) {
    if (name !== null && !(typeof name === 'string' && ID.test(name))) {
      throw new ProgramError('watch', 'it is not of 1 to 40 letters, digits, "_" or "-"');
    }
    if (this.#watches.size >= WATCHES) {
      throw new ProgramError('watch', `${WATCHES} programs run in this thread already`);
    }
    this.#made += 1;
    const id = name ?? `${process.pid}-${this.agent.tid}-${String(this.#made).padStart(6, '0')}`;
    if (this.#watches.has(id)) throw new ProgramError('watch', 'there is one of this name');
    const program = new Program(given, this.memory, this.scopes);
    if (globals !== undefined) setGlobals(program, globals);
    const topic = this.agent.bus.topic(`watch.${id}`);
    topic.wait = BATCH_MS;
    const watch = new Watch(id, program, topic);
    for (const { descriptions } of program.clauses) watch.held.push(...this.#named(descriptions));
    for (const probe of this.#probes(watch)) watch.consider(probe);
    this.#watches.set(id, { watch, peer });
    if (!this.#peers.has(peer)) {
      this.#peers.add(peer);
      peer.endings.push(() => this.#left(peer));
    }
    return watch;
  }

  /** @param {Watch} watch */
  go(watch) {
    watch.go(this.#probes(watch));
    return { t: now() };
  }

  /** @param {Watch} watch @param {any} globals */
  set(watch, globals) {
    setGlobals(watch.program, globals);
  }

  /**
   * Hands out what was counted since the last time. The records before it are on their way when
   * the answer is.
   * @param {Watch} watch @param {any} names of globals
   */
  read(watch, names) {
    this.agent.bus.flush();
    return watch.read(names);
  }

  /**
   * Takes a program off all probes and hands out the rest; it is gone when that is all.
   * @param {Watch} watch @param {any} names of globals
   */
  stop(watch, names) {
    this.#halt(watch);
    const answer = this.read(watch, names);
    if (!('more' in answer)) this.#end(watch);
    return answer;
  }

  /** @param {Peer} peer @param {any} id @returns {Watch | undefined} only the peer's own */
  find(peer, id) {
    const known = this.#watches.get(id);
    return known?.peer === peer ? known.watch : undefined;
  }

  /** @param {Peer} peer @returns {string[]} */
  names(peer) {
    return [...this.#watches].filter(([, known]) => known.peer === peer).map(([id]) => id);
  }

  /** A probe can be observed from now on: called in the application's own calls. @param {Probe} probe */
  consider(probe) {
    this.agent.costs.guard(() => {
      for (const { watch } of this.#watches.values()) {
        watch.consider(probe);
        watch.tell();
      }
    });
  }

  /**
   * What there is to trace, or can be made.
   * @param {any} glob text or a list of four patterns
   */
  list(glob) {
    const patterns = readPatterns(glob);
    const found = new Map();
    let truncated = false;
    for (const probe of this.#all([patterns])) {
      if (!matchesProbe(patterns, probe)) continue;
      const { provider, name, types } = probe;
      const { name: own, module } = provider;
      const key = JSON.stringify([own, module, name, types]);
      if (found.has(key)) continue;
      if (found.size >= LISTED) truncated = true;
      else found.set(key, { provider: own, module, function: name, name, types });
    }
    return { probes: [...found.values()], truncated };
  }

  /** For the `stats` request. */
  describe() {
    return [...this.#watches].map(([id, { watch, peer }]) => ({
      id,
      peer: peer.id,
      running: watch.running,
      spent_ms: watch.pace.spent,
    }));
  }

  /** The process exits, or the agent stops. */
  leave() {
    for (const { watch } of this.#watches.values()) {
      this.agent.costs.guard(() => watch.leave());
      this.#halt(watch);
    }
  }

  /** @param {Peer} peer */
  #left(peer) {
    for (const { watch, peer: owner } of [...this.#watches.values()]) {
      if (owner !== peer) continue;
      this.#halt(watch);
      this.#end(watch);
    }
  }

  /** @param {Watch} watch */
  #halt(watch) {
    const { bus, logProbes } = this.agent;
    watch.halt([...bus.all(), ...logProbes.probes.map(({ _topic }) => _topic)]);
  }

  /** @param {Watch} watch */
  #end(watch) {
    watch.program.clear();
    this.#watches.delete(watch.id);
  }

  /** Every probe that a watch may have. @param {Watch} watch @returns {Generator<Probe>} */
  *#probes(watch) {
    yield* this.#all([]);
    yield* watch.held;
  }

  /** @param {Patterns[]} named descriptions of probes to be made @returns {Generator<Probe>} */
  *#all(named) {
    for (const provider of this.agent.providers()) {
      if (named.length > 0 || provider.enabled) yield* provider.probes.values();
    }
    yield* /** @type {any} */ (this.agent.logProbes.probes);
    yield* this.#named(named);
  }

  /**
   * Probes that are made when somebody names them: those of diagnostics channels. Node does not
   * tell what channels there are, so patterns choose among its own.
   * @param {Patterns[]} descriptions
   * @returns {Probe[]}
   */
  #named(descriptions) {
    const { nodeProbes } = this.agent;
    if (nodeProbes === null) return [];
    const probes = [];
    for (const patterns of descriptions) {
      const [provider, , , name] = patterns;
      if (!provider.startsWith('channel')) continue;
      const plain = name !== '' && !isGlob(name);
      const names = plain ? [name] : knownChannels().filter((known) => matches(name, known));
      for (const one of names) {
        const probe = nodeProbes.channel(one);
        if (probe !== null && matchesProbe(patterns, probe)) probes.push(probe);
      }
    }
    return probes;
  }
}

function knownChannels() {
  return require('../probes/node').KNOWN_CHANNELS;
}

/** @param {any} glob @returns {Patterns} */
function readPatterns(glob) {
  if (glob === undefined || glob === null) return ['', '', '', ''];
  if (typeof glob === 'string' && glob.length <= 1024) return parseDescription(glob);
  const fits = (/** @type {any} */ pattern) => typeof pattern === 'string' && pattern.length <= 256;
  if (Array.isArray(glob) && glob.length === 4 && glob.every(fits)) {
    return /** @type {Patterns} */ ([...glob]);
  }
  throw new ProgramError('glob', 'it is neither a description nor a list of four patterns');
}

module.exports = { Traces };
