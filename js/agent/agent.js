'use strict';
// The agent: the endpoint, the bus and everything an observer can ask about.

const { performance } = require('node:perf_hooks');
const { threadId } = require('node:worker_threads');
const { version } = require('../../package.json');
const { LogChannel } = require('../log/channel');
const { LogProbes } = require('../log/probes');
const { Recorder } = require('../log/recorder');
const kernel = require('../probes/kernel');
const { registerOwnTypes } = require('../state/own-types');
const { LoopWatch } = require('../state/process');
const { Registry } = require('../state/registry');
const starts = require('../state/starts');
const { Bus } = require('./bus');
const { Costs } = require('./costs');
const { Endpoint, EndpointError, endpointPath } = require('./endpoint');
const { PROTOCOL } = require('./interest');
const { Overrides } = require('./overrides');
const { Peer } = require('./peer');
const { answer } = require('./requests');

// What copies of the package expect of an agent made by another; raised when that changes.
const CONTRACT = 3;
const PEERS_MAX = 64;
const MEBI = 1 << 20;

/** @typedef {import('../probes/provider').Provider} Provider */

/**
 * @typedef {object} Status
 * @property {'on' | 'off' | 'starting'} state
 * @property {string | null} reason why it is off
 * @property {string | null} hint what to do about it
 * @property {string | null} endpoint path of the socket
 * @property {string} version of the package whose agent it is
 * @property {number} protocol
 * @property {number} peers connected now
 * @property {import('../probes/kernel').KernelStatus} kernel whether kernel tracers see the probes
 */

class Agent {
  /** @param {NodeJS.ProcessEnv} env */
  constructor(env) {
    this.contract = CONTRACT;
    this.version = version;
    this.tid = threadId;
    this.costs = new Costs();
    this.bus = new Bus(this.costs, {
      peer: bytesFrom(env.NODEOBS_QUEUE_PEER, 8 * MEBI),
      all: bytesFrom(env.NODEOBS_QUEUE_ALL, 32 * MEBI),
    });
    this.registry = new Registry();
    this.overrides = new Overrides(this);
    this.loop = new LoopWatch();
    /** @type {Map<string, WeakRef<LogChannel>>} */
    this.logs = new Map();
    this.forgetLog = new FinalizationRegistry((/** @type {string} */ name) => {
      if (this.logs.get(name)?.deref() === undefined) this.logs.delete(name);
    });
    /** @type {Set<WeakRef<Provider>>} */
    this.providerRefs = new Set();
    this.forgetProvider = new FinalizationRegistry((/** @type {WeakRef<Provider>} */ ref) =>
      this.providerRefs.delete(ref),
    );
    /** @type {Set<Peer>} */
    this.peers = new Set();
    this.peersSeen = 0;
    this.events = this.bus.topic('agent');
    /** @type {import('../probes/node').NodeProbes | null} from the first connection on */
    this.nodeProbes = null;
    /** @type {Set<Peer>} whose loop figures are kept up */
    this.loopPeers = new Set();
    /** @type {import('../trace/traces').Traces | null} null: nobody has asked for one */
    this.traces = null;
    /** The probes of all loggers, for D programs. */
    this.logProbes = new LogProbes(this);
    this.recorder = new Recorder();
    /** What has to go when the application stops the agent. @type {Set<() => void>} */
    this.endings = new Set();
    /** @type {Endpoint | null} */
    this.endpoint = null;
    /** @type {Pick<Status, 'state' | 'reason' | 'hint'>} */
    this.life = { state: 'starting', reason: null, hint: null };
    registerOwnTypes(this);
  }

  /** Starts listening. Never throws: why it can't is in {@link status}. */
  start() {
    const wish = process.env.NODEOBS;
    if (wish === 'off' || wish === '0' || wish === 'false') {
      this.recorder.on = false; // unless a logger asks for it
      this.turnOff(`NODEOBS=${wish} is set`, 'unset NODEOBS and restart the process');
      return;
    }
    try {
      const euid = process.geteuid?.();
      if (euid === undefined) throw new EndpointError('no unix sockets here', 'use Linux');
      this.endpoint = new Endpoint(endpointPath(process.env, euid, this.tid), {
        connection: (socket) => this.costs.guard(() => this.#accept(socket)),
        listening: () => {
          this.life = { state: 'on', reason: null, hint: null };
        },
        failed: (error) => this.turnOff(error.message, error.hint),
      });
      const exited = (/** @type {number} */ code) => this.#exit(code);
      process.on('exit', exited);
      this.endings.add(() => process.off('exit', exited));
      starts.follow();
      this.endings.add(starts.leave);
    } catch (error) {
      const hint = error instanceof EndpointError ? error.hint : 'please report this';
      this.turnOff(error instanceof Error ? error.message : String(error), hint);
    }
  }

  /**
   * Closes the endpoint and all connections, for good.
   * @param {string} [reason] shown in {@link status}
   */
  stop(reason = 'stopped by the application') {
    if (this.life.state === 'off') return;
    this.announce('stopped', { reason });
    this.#leave();
    for (const end of this.endings) this.costs.guard(end);
    this.endings.clear();
    this.turnOff(reason, 'restart the process');
  }

  /** @returns {Status} */
  status() {
    return {
      ...this.life,
      endpoint: this.life.state === 'on' ? (this.endpoint?.file ?? null) : null,
      version: this.version,
      protocol: PROTOCOL,
      peers: this.peers.size,
      kernel: this.kernel,
    };
  }

  get kernel() {
    return kernel.status();
  }

  /**
   * The channel of the loggers of this name.
   * @param {string} name
   * @returns {LogChannel}
   */
  channel(name) {
    const known = this.logs.get(name)?.deref();
    if (known) return known;
    const channel = new LogChannel(name, this.bus, this.costs, this.logProbes, this.recorder);
    this.logs.set(name, new WeakRef(channel));
    this.forgetLog.register(channel, name);
    this.overrides.apply(channel);
    return channel;
  }

  /** @returns {Generator<LogChannel>} */
  *channels() {
    for (const ref of this.logs.values()) {
      const channel = ref.deref();
      if (channel) yield channel;
    }
  }

  /** @param {Provider} provider kept weakly */
  addProvider(provider) {
    const ref = new WeakRef(provider);
    this.providerRefs.add(ref);
    this.forgetProvider.register(provider, ref);
  }

  /** @returns {Generator<Provider>} */
  *providers() {
    for (const ref of this.providerRefs) {
      const provider = ref.deref();
      if (provider) yield provider;
    }
  }

  /** A probe can be observed from now on. @param {import('../probes/provider').Probe} probe */
  connected(probe) {
    this.traces?.consider(probe);
  }

  /** Publishes an event of the agent's own life. @param {string} event @param {object} more */
  announce(event, more) {
    if (this.events.live === 0) return;
    const time = new Date().toISOString();
    const record = { event, time, pid: process.pid, tid: this.tid, ...more };
    this.events.publish(`${JSON.stringify(record)}\n`);
  }

  /** Keeps the event-loop figures up until this peer leaves. @param {Peer} peer */
  watchLoop(peer) {
    if (this.loopPeers.has(peer)) return;
    this.loopPeers.add(peer);
    const end = this.loop.watch();
    peer.endings.push(() => {
      this.loopPeers.delete(peer);
      end();
    });
  }

  stats() {
    const { costs, bus } = this;
    bus.flush();
    let { sent } = costs.bytes;
    let queued = 0;
    for (const { outbox } of this.peers) {
      sent += outbox.written;
      queued += outbox.bytes;
    }
    /** @type {Record<string, object>} */
    const topics = {};
    for (const { name, published, sent, dropped } of bus.all()) {
      if (published > 0) topics[name] = { published, sent, dropped };
    }
    return {
      since: costs.since.toISOString(),
      uptime_ms: Math.round(Date.now() - costs.since.getTime()),
      spent_ms: costs.spent,
      bytes: { sent, received: costs.bytes.received, queued, queued_peak: bus.heldPeak },
      records: costs.records,
      batches: costs.batches,
      topics,
      peers: [...this.peers].map((peer) => ({
        id: peer.id,
        type: peer.type,
        name: peer.name,
        since: peer.since.toISOString(),
        queued: peer.outbox.bytes,
        sent: peer.sent,
        dropped: peer.dropped,
        subscriptions: peer.subscriptions.size,
      })),
      refused: Object.fromEntries(costs.refused),
      recent_refusals: costs.recentRefusals,
      traces: this.traces?.describe() ?? [],
      memory: {
        queued: bus.held,
        limit_peer: bus.limits.peer,
        limit_all: bus.limits.all,
        traces: this.traces?.memory.used ?? 0,
      },
      connections: { now: this.peers.size, ever: this.peersSeen },
    };
  }

  /** @param {Peer} peer @param {Buffer} body @returns {string} */
  answer(peer, body) {
    const start = performance.now();
    const text = answer(this, peer, body);
    this.costs.spent.requests += performance.now() - start;
    return text;
  }

  /** @param {Peer} peer */
  gone(peer) {
    this.peers.delete(peer);
  }

  /** @param {import('node:net').Socket} socket */
  #accept(socket) {
    this.peersSeen += 1;
    if (this.peers.size >= PEERS_MAX) {
      this.costs.refuse('peers');
      socket.on('error', () => {});
      socket.destroy();
      return;
    }
    if (this.nodeProbes === null) this.costs.guard(() => this.#addNodeProbes());
    this.peers.add(new Peer(this.peersSeen, socket, this));
  }

  // Nobody can observe them before, so until then an application does not even pay for the file.
  #addNodeProbes() {
    const { nodeProbes } = require('../probes/node');
    const probes = nodeProbes();
    this.nodeProbes = probes;
    this.bus.onasked = (prefix) => this.costs.guard(() => probes.asked(prefix));
  }

  // Whatever a kernel buffer still takes reaches the observers; nothing waits for them.
  /** @param {number} code */
  #exit(code) {
    try {
      this.announce('exit', { code });
      this.#leave();
    } catch {
      // The process is going down; there is nobody to tell.
    }
  }

  #leave() {
    this.traces?.leave();
    this.bus.flush();
    this.endpoint?.close();
    for (const peer of [...this.peers]) {
      peer.outbox.flush();
      peer.close();
    }
  }

  /** @param {string} reason why there is no agent @param {string} hint what to do about it */
  turnOff(reason, hint) {
    this.life = { state: 'off', reason, hint };
  }
}

/** @param {string | undefined} text @param {number} fallback */
function bytesFrom(text, fallback) {
  const value = Number(text);
  return text && Number.isFinite(value) && value > 0 ? value : fallback;
}

module.exports = { Agent, CONTRACT };
