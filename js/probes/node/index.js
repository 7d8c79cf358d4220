'use strict';
// Node's own probes: the providers `node` and `channel`, which are in every process without a line
// of code in it. This table is all there is of them until somebody observes one.
// What the arguments are: docs/node-probes.md, in the same order.

const { ChannelProvider, KNOWN } = require('./channels');
const { NodeProvider, Source } = require('./source');

const TEXT = 'char *';
const CONNECTION = ['json', TEXT, 'int', 'int']; // the object, address, port, descriptor
const REQUEST = ['json', ...CONNECTION.slice(0, 3), TEXT, TEXT, 'int', 'int', TEXT, TEXT];
const RESPONSE = [...CONNECTION, 'int', 'int', 'int', TEXT, TEXT];
const HANDLER = ['int', TEXT, TEXT, TEXT];
const FAULT = [TEXT, TEXT, TEXT, TEXT];

/** What each source requires when it is wanted. @type {Record<string, () => import('./source').Install>} */
const SOURCES = {
  server: () => require('./http-server'),
  handlers: () => require('./handlers'),
  client: () => require('./http-client'),
  connections: () => require('./net').installConnections,
  ends: () => require('./net').installEnds,
  gc: () => require('./gc'),
  loop: () => require('./loop'),
  dns: () => require('./dns'),
  fs() {
    // From then on fs is observed, and what we load would look like the application's doing.
    for (const [name, load] of Object.entries(SOURCES)) if (name !== 'fs') load();
    return require('./fs');
  },
  exceptions: () => require('./faults').installExceptions,
  rejections: () => require('./faults').installRejections,
};

/** Module → probe → its source and types. @type {Record<string, Record<string, [string, string[]]>>} */
const PROBES = {
  http: {
    'http-server-request': ['server', REQUEST],
    'http-server-response': ['server', [...RESPONSE, TEXT, 'int', TEXT, TEXT, TEXT, 'int']],
    'http-handler-start': ['handlers', HANDLER],
    'http-handler-done': ['handlers', [...HANDLER, 'int', TEXT]],
    'http-client-request': ['client', REQUEST],
    'http-client-response': ['client', [...RESPONSE, 'int', 'int', TEXT, TEXT, TEXT, 'int', TEXT]],
  },
  net: {
    'net-server-connection': ['connections', [...CONNECTION, 'int']],
    'net-stream-end': ['ends', [...CONNECTION, 'int', 'int']],
  },
  gc: {
    'gc-start': ['gc', ['int', 'int', 'int', TEXT]],
    'gc-done': ['gc', ['int', 'int', 'int', TEXT, 'int']],
  },
  loop: {
    'event-loop-stall': ['loop', ['int']],
    'timer-lag': ['loop', ['int']],
  },
  dns: {
    'dns-lookup': ['dns', [TEXT, 'int', TEXT, TEXT]],
  },
  fs: {
    'fs-op-start': ['fs', [TEXT, TEXT, TEXT, 'int', TEXT]],
    'fs-op-done': ['fs', [TEXT, TEXT, TEXT, 'int', 'int', TEXT, 'int']],
  },
  process: {
    'uncaught-exception': ['exceptions', [...FAULT, TEXT]],
    'unhandled-rejection': ['rejections', FAULT],
  },
};

/** Node's own probes in one thread. */
class NodeProbes {
  constructor() {
    /** @type {NodeProvider[]} */
    this.providers = [];
    this.channels = new ChannelProvider();
    /** @type {Map<string, Source>} */
    const sources = new Map();
    for (const [module, probes] of Object.entries(PROBES)) {
      const provider = new NodeProvider('node', module);
      for (const [name, [wanted, types]] of Object.entries(probes)) {
        const source = sources.get(wanted) ?? new Source(SOURCES[wanted]);
        sources.set(wanted, source);
        provider.add(name, types, source);
      }
      provider.enable();
      this.providers.push(provider);
    }
  }

  /**
   * A peer subscribed to a prefix: a channel's probe is made by naming it.
   * @param {string} prefix of topics
   */
  asked(prefix) {
    const CHANNEL = 'probe.channel.';
    if (prefix.startsWith(CHANNEL)) this.channels.named(prefix.slice(CHANNEL.length));
  }

  /**
   * The probe of a diagnostics channel (`tracing:NAME`: of a whole tracing channel).
   * @param {string} name
   */
  channel(name) {
    return this.channels.named(name);
  }
}

/** @type {NodeProbes | undefined} */
let started;

/** Those of this thread. */
function nodeProbes() {
  started ??= new NodeProbes();
  return started;
}

module.exports = { KNOWN_CHANNELS: KNOWN, NodeProbes, nodeProbes };
