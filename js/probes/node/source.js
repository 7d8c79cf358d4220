'use strict';
// Probes of Node itself and what feeds them. A source's hooks are in Node only while one of its
// probes is observed: the first observer puts them in, the last that leaves takes them out.

const { performance } = require('node:perf_hooks');
const agent = require('../../agent');
const { isoNow } = require('../../agent/clock');
const { Probe, Provider } = require('../provider');
const { NodeFiring } = require('./firing');
const { Hooks } = require('./hooks');
const { isTranslated } = require('./translated');

const NO_KERNEL = 'its hooks go in when an observer subscribes, which a kernel tracer cannot do';

/** Between two batches, at least: there may be thousands of firings a second. */
const BATCH_MS = 10;

/**
 * What puts hooks into Node.
 * @typedef {(hooks: Hooks, probes: Record<string, NodeProbe>) => void} Install
 */

class Source {
  /** @param {() => Install} load requires the code, which nobody pays for before it is wanted */
  constructor(load) {
    this.load = load;
    /** @type {Record<string, NodeProbe>} */
    this.probes = {};
    /** @type {Set<NodeProbe>} those that are observed */
    this.observed = new Set();
    /** @type {Hooks | null} what is in Node now */
    this.hooks = null;
  }

  /** @param {NodeProbe} probe @param {number} live whether it is observed */
  changed(probe, live) {
    if (live > 0) {
      this.observed.add(probe);
      if (this.hooks === null) this.#install();
    } else if (this.observed.delete(probe) && this.observed.size === 0) {
      // Later: we may be in the middle of a hook, whose firing broke the last observer's socket.
      queueMicrotask(() => {
        if (this.observed.size === 0) this.#remove();
      });
    }
  }

  #install() {
    const hooks = new Hooks(agent.costs);
    try {
      this.load()(hooks, this.probes);
      hooks.settle();
      this.hooks = hooks;
    } catch {
      // Somebody froze what we wanted to hook: these probes do not fire here.
      agent.costs.refuse('internal');
      hooks.remove();
    }
  }

  #remove() {
    this.hooks?.remove();
    this.hooks = null;
  }
}

/** A probe that a source fires. */
class NodeProbe extends Probe {
  /**
   * @param {Provider} provider @param {string} name @param {string[]} types
   * @param {Source} source whose hooks it needs
   */
  constructor(provider, name, types, source) {
    super(provider, name, types);
    this.source = source;
    this.translated = true;
    source.probes[name] = this;
  }

  /** Whether anybody observes it. */
  get live() {
    return this._topic.live !== 0;
  }

  /** Whether somebody who observes it asks for an argument. @param {number} i */
  wants(i) {
    return (this._topic.wanted & (1 << i)) !== 0;
  }

  /**
   * Fires it if somebody listens.
   * @template {object} T
   * @param {readonly import('./firing').Maker<T>[]} makers of its arguments
   * @param {T} subject what they are made of, and the scope of the firing
   * @param {number} [at] when it happened, where that is not now: ms of performance.now()
   */
  tell(makers, subject, at) {
    if (this._topic.live === 0) return;
    const mark = agent.costs.sample();
    try {
      this.fired += 1;
      this._deliver(new NodeFiring(this, makers, subject, at));
    } catch {
      this.errors += 1;
    } finally {
      agent.costs.done(mark);
    }
  }

  /** @override @param {any} value @param {number} i */
  _plain(value, i) {
    if (typeof value === 'object' && isTranslated(value)) return value.json;
    return super._plain(value, i);
  }

  /** @override @param {import('../firing').FiringView} firing */
  _time({ at }) {
    // What has only just happened has a text already.
    if (at === undefined || performance.now() - at < 1) return isoNow();
    return new Date(performance.timeOrigin + at).toISOString();
  }

  /** @override */
  _connect() {
    const name = `probe.${this.provider.name}.${this.name}`;
    const changed = (/** @type {number} */ live) => this.source.changed(this, live);
    // An observer has to name the provider, or `probe.` would slow every application down.
    const floor = `probe.${this.provider.name}`.length;
    const topic = agent.bus.topic(name, changed, floor);
    topic.wait = BATCH_MS;
    this._topic = topic;
    this._kernel = NO_KERNEL;
    if (topic.onlive === changed) return;
    // The application has a provider of this name itself, so the topic was there.
    topic.onlive = changed;
    if (topic.live > 0) changed(topic.live);
  }
}

/** A provider whose probes are fired by sources. Kernel tracers do not see it. */
class NodeProvider extends Provider {
  /** @param {string} name @param {string} module */
  constructor(name, module) {
    super(name, module);
    this.builtIn = true;
  }

  /**
   * @param {string} name @param {string[]} types @param {Source} source
   * @returns {NodeProbe}
   */
  add(name, types, source) {
    const probe = new NodeProbe(this, name, types, source);
    this.probes.set(name, probe);
    if (this.enabled) {
      probe._connect();
      agent.connected(probe);
    }
    return probe;
  }

  /** @param {Probe[]} probes @override */
  _connect(probes) {
    for (const probe of probes) /** @type {NodeProbe} */ (probe)._connect();
  }
}

module.exports = { NodeProbe, NodeProvider, Source };
