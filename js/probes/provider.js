'use strict';
// Providers and probes: dtrace-provider's API. A probe is live while its provider is enabled and
// somebody subscribed to it, or a kernel tracer is attached to it; else firing it costs two reads:
// a flag of ours, and the first byte of the probe's instruction, which the kernel changes.

const { threadId } = require('node:worker_threads');
const agent = require('../agent');
const { isoNow } = require('../agent/clock');
const { ARGUMENTS_MAX, argumentType } = require('./arguments');
const { Firing } = require('./firing');
const { IDLE, KernelProbe, KernelProvider } = require('./kernel');

/** What a probe of a disabled provider fires into: nobody, ever. */
const NOWHERE = Object.freeze({ live: 0, wanted: 0, interests: [], watchers: [] });

let modules = 0;

/**
 * @param {string} message
 * @param {TypeErrorConstructor | RangeErrorConstructor} [Kind]
 */
function badArgument(message, Kind = TypeError) {
  return Object.assign(new Kind(message), { code: 'ERR_NODEOBS_ARGUMENT' });
}

/** One probe of a {@link Provider}; made by {@link Provider.addProbe}. */
class Probe {
  /**
   * @param {Provider} provider kept alive by its probes
   * @param {string} name @param {string[]} types
   */
  constructor(provider, name, types) {
    /** @type {Pick<import('../agent/topic').Topic, 'live' | 'wanted' | 'interests' | 'watchers'>} the bus's topic while the provider is enabled */
    this._topic = NOWHERE;
    /** @type {import('./kernel').Code} the probe's instruction while the provider is enabled */
    this._code = IDLE;
    this._nop = IDLE[0];
    this.provider = provider;
    this.name = name;
    this.types = types;
    this.fired = 0;
    this.errors = 0;
    this._arguments = types.map(argumentType);
    /** Whether the values of its `json` arguments are our own plain objects, which D looks into. */
    this.translated = false;
    /** @type {KernelProbe | string | null} or why there is none; null: not enabled yet */
    this._kernel = null;
    this._failed = () => {
      this.errors += 1;
    };
    const names = { provider: provider.name, module: provider.module, probe: name };
    const where = { pid: process.pid, tid: threadId };
    this._prefix = `${JSON.stringify({ ...names, ...where }).slice(0, -1)},"time":"`;
  }

  /**
   * Fires the probe if somebody listens.
   * @param {(this: Probe, ...args: any[]) => any[]} callback makes the arguments; runs once
   *   however many listen, and not at all while nobody does. Anything but an array means: don't
   * @param {...any} args handed to the callback
   * @returns {true | undefined} true when it fired
   */
  fire(callback, ...args) {
    if (typeof callback !== 'function') {
      throw badArgument('Must give probe value callback as first argument');
    }
    if (this._topic.live === 0 && this._code[0] === this._nop) return undefined;
    return this._fire(callback, ...args); // spread, or V8 would make an array for every call
  }

  // Whatever the callback does, the caller does not feel it.
  /** @param {(...args: any[]) => any[]} callback @param {any[]} args */
  _fire(callback, ...args) {
    const mark = agent.costs.sample();
    try {
      const values = callback.apply(this, args);
      if (!Array.isArray(values)) {
        this.errors += 1;
        return undefined;
      }
      this.fired += 1;
      const firing = new Firing(this, values);
      if (this._code[0] !== this._nop) this._fireKernel(firing.all());
      this._deliver(firing);
      return true;
    } catch {
      this.errors += 1;
      return undefined;
    } finally {
      agent.costs.done(mark);
    }
  }

  /** To those who see it in this thread, and on the bus. @param {import('./firing').FiringView} firing */
  _deliver(firing) {
    const { watchers, interests } = this._topic;
    for (let i = 0; i < watchers.length; i++) watchers[i].fire(firing);
    if (interests.length !== 0) this._publish(firing);
  }

  /**
   * A value of a firing as its declared type has it.
   * @param {any} value @param {number} i which argument it is
   */
  _plain(value, i) {
    const type = this._arguments[i];
    if (type === undefined) return undefined;
    try {
      const { takes } = type;
      // Most values are plain already, and calling `plain` costs more than looking.
      const ready = typeof value === takes && (takes === 'string' || (value | 0) === value);
      return ready ? value : type.plain(value, this._failed);
    } catch {
      this.errors += 1;
      return undefined;
    }
  }

  /** @param {(string | number | bigint | undefined)[]} plain */
  _fireKernel(plain) {
    const { binding, id } = /** @type {KernelProbe} */ (this._kernel);
    // A spread call takes as long as two arguments more.
    const p = plain;
    if (p.length > 6) binding.fire(id, ...p);
    else if (p.length > 3) binding.fire(id, p[0], p[1], p[2], p[3], p[4], p[5]);
    else binding.fire(id, p[0], p[1], p[2]);
  }

  /** @param {import('./firing').FiringView} firing */
  _publish(firing) {
    const plain = firing.all();
    let text = '';
    for (let i = 0; i < plain.length; i++) {
      if (i > 0) text += ',';
      text += plain[i] === undefined ? 'null' : this._arguments[i].json(plain[i]);
    }
    const topic = /** @type {import('../agent/topic').Topic} */ (this._topic);
    topic.publish(`${this._prefix}${this._time(firing)}","args":[${text}]}\n`);
  }

  /** When the thing happened that it fires for. @param {import('./firing').FiringView} _firing */
  _time(_firing) {
    return isoNow();
  }

  /** Connects it to those who may want to see it. @param {KernelProbe | string} kernel */
  _connect(kernel) {
    this._topic = agent.bus.topic(`probe.${this.provider.name}.${this.name}`);
    this._kernel = kernel;
    if (typeof kernel === 'string') return;
    this._code = kernel.code;
    this._nop = kernel.nop;
  }

  _disconnect() {
    this._topic = NOWHERE;
    this._code = IDLE;
    this._nop = IDLE[0];
  }

  /** For the `probes` request. */
  describe() {
    const { _topic: topic, _kernel: kernel } = this;
    const { dropped = 0, interests } = /** @type {import('../agent/topic').Topic} */ (topic);
    return {
      provider: this.provider.name,
      module: this.provider.module,
      name: this.name,
      types: this.types,
      enabled: this.provider.enabled,
      fired: this.fired,
      errors: this.errors,
      dropped,
      listeners: interests.map(({ peer }) => peer.id),
      kernel:
        kernel instanceof KernelProbe
          ? { ...kernel.place, attached: kernel.attached }
          : { reason: kernel ?? 'its provider has never been enabled' },
    };
  }
}

/** A named set of probes. */
class Provider {
  /**
   * @param {string} name as it stands before the first colon of `name:module:probe`
   * @param {string} [module] default: one that no other provider of this thread has
   */
  constructor(name, module) {
    if (typeof name !== 'string' || name === '') throw badArgument('Must give provider name');
    this.name = name;
    modules += 1;
    this.module = module === undefined || module === null ? `mod-${modules}` : String(module);
    this.enabled = false;
    /** Whether it is Node's own, which every thread has. */
    this.builtIn = false;
    /** @type {Map<string, Probe>} */
    this.probes = new Map();
    this._kernel = new KernelProvider(name);
    agent.addProvider(this);
  }

  get id() {
    return `${this.name}:${this.module}`;
  }

  /**
   * Declares a probe; it is also there as `provider[name]`. One of the same name is replaced.
   * @param {string} name
   * @param {...string} types `int` (64 bits), `char *` or `json`, at most 32
   * @returns {Probe}
   */
  addProbe(name, ...types) {
    if (typeof name !== 'string' || name === '') throw badArgument('Must give probe name');
    if (types.length > ARGUMENTS_MAX) {
      throw badArgument(`a probe has at most ${ARGUMENTS_MAX} arguments`, RangeError);
    }
    const probe = new Probe(this, name, types.map(String));
    this.probes.set(name, probe);
    if (!(name in Provider.prototype)) {
      Object.defineProperty(this, name, {
        value: probe,
        configurable: true,
        enumerable: true,
        writable: true,
      });
    }
    if (this.enabled) {
      this._connect([probe]);
      agent.connected(probe);
    }
    return probe;
  }

  /**
   * Takes a probe away; firing it does nothing from then on.
   * @param {Probe} probe
   * @returns {true}
   */
  removeProbe(probe) {
    probe._disconnect();
    if (this.probes.get(probe.name) === probe) {
      this.probes.delete(probe.name);
      delete (/** @type {any} */ (this)[probe.name]);
    }
    return true;
  }

  /** Lets observers see the probes. Calling it twice does no harm. */
  enable() {
    this.enabled = true;
    this._connect([...this.probes.values()]);
    for (const probe of this.probes.values()) agent.connected(probe);
  }

  /** Hides the probes from observers; `enable` brings them back. */
  disable() {
    this.enabled = false;
    for (const probe of this.probes.values()) probe._disconnect();
  }

  /**
   * Fires a probe by name.
   * @param {string} name
   * @param {(this: Probe, ...args: any[]) => any[]} callback
   * @param {...any} args
   * @returns {true | undefined} true when there is such a probe, fired or not
   */
  fire(name, callback, ...args) {
    if (typeof name !== 'string') throw badArgument('Must give probe name as first argument');
    if (typeof callback !== 'function') {
      throw badArgument('Must give probe value callback as second argument');
    }
    const probe = this.probes.get(name);
    if (probe === undefined) return undefined;
    if (probe._topic.live !== 0 || probe._code[0] !== probe._nop) probe._fire(callback, ...args);
    return true;
  }

  /** @param {Probe[]} probes */
  _connect(probes) {
    const wanted = probes.map(({ name, _arguments }) => ({
      name,
      kinds: _arguments.map(({ kind }) => kind),
    }));
    const made = this._kernel.load(wanted);
    for (const [i, probe] of probes.entries()) probe._connect(made[i]);
  }

  /** For the `probes` request. */
  describe() {
    return [...this.probes.values()].map((probe) => probe.describe());
  }

  /** As an object to look at. */
  inspect() {
    return {
      name: this.name,
      module: this.module,
      enabled: this.enabled,
      probes: this.probes.size,
      details: this.describe().map(({ name, types, fired, errors }) => ({
        name,
        types,
        fired,
        errors,
      })),
    };
  }
}

/**
 * @param {string} name @param {string} [module]
 * @returns {Provider & Record<string, any>}
 */
function createProvider(name, module) {
  return new Provider(name, module);
}

module.exports = { Probe, Provider, createProvider };
