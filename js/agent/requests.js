'use strict';
// The JSON requests of docs/protocol.md: one function for each op.

const { OPS: STATE_OPS } = require('../state/requests');
const { OPS: TRACE_OPS } = require('../trace/requests');
const { app, mainScript, startedAt } = require('./app');
const { nearest } = require('./nearest');
const { PROTOCOL } = require('./interest');
const { RequestError } = require('./request-error');

const ANSWER_MAX = 4 << 20;
const LEVELS = Object.freeze({ trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 });
const TIMER_MAX_MS = 2 ** 31 - 1;

/**
 * @typedef {import('./agent').Agent} Agent
 * @typedef {import('./peer').Peer} Peer
 * @typedef {Record<string, any>} Request
 */

/** @type {Record<string, (agent: Agent, request: Request, peer: Peer) => any>} */
const OPS = {
  hello(agent, request, peer) {
    const versions = request.versions ?? [PROTOCOL];
    if (!Array.isArray(versions)) throw badRequest('versions', 'a list of numbers');
    if (!versions.includes(PROTOCOL)) {
      throw new RequestError(
        'version',
        `this agent speaks protocol ${PROTOCOL}, you speak ${versions.join(', ')}`,
        'upgrade the older of the two nodeobs packages',
        { versions: [PROTOCOL] },
      );
    }
    if (typeof request.client === 'string') peer.name = request.client.slice(0, 200);
    return {
      v: PROTOCOL,
      versions: [PROTOCOL],
      agent: agent.version,
      pid: process.pid,
      tid: agent.tid,
      node: process.version,
      argv: process.argv,
      execArgv: process.execArgv,
      cwd: workingDirectory(),
      main: mainScript(),
      app: app(),
      started: startedAt(),
      uptime: process.uptime(),
      ops: Object.keys(OPS),
    };
  },

  ping() {
    return { time: new Date().toISOString() };
  },

  probes(agent) {
    const probes = [];
    for (const provider of agent.providers()) probes.push(...provider.describe());
    return { probes, peers: describePeers(agent), kernel: agent.kernel };
  },

  loggers(agent) {
    return { loggers: [...agent.channels()].map((channel) => channel.describe()) };
  },

  'log.recent'(agent) {
    const { records, chars } = agent.recorder.limits;
    return { records: newest(agent.recorder.recent()), limits: { records, chars } };
  },

  'log.level'(agent, request, peer) {
    const level = parseLevel(request.level);
    const logger = request.logger ?? null;
    const stream = request.stream ?? null;
    const channels = withStream(chooseLoggers(agent, logger), stream);
    const { for_ms: forMs = null } = request;
    if (forMs !== null && !(Number.isFinite(forMs) && forMs > 0 && forMs <= TIMER_MAX_MS)) {
      throw badRequest('for_ms', `a number of milliseconds up to ${TIMER_MAX_MS}`);
    }
    return agent.overrides.set(peer, channels, logger, level, forMs, stream);
  },

  stats(agent) {
    return agent.stats();
  },

  ...STATE_OPS,
  ...TRACE_OPS,
};

/**
 * As many records as an answer holds; quotes in them will be escaped.
 * @param {{line: string}[]} records the oldest first
 */
function newest(records) {
  let room = ANSWER_MAX / 2;
  let first = records.length;
  while (first > 0 && room > records[first - 1].line.length) {
    first -= 1;
    room -= records[first].line.length;
  }
  return records.slice(first);
}

/** @param {string} key @param {string} wanted */
function badRequest(key, wanted) {
  return new RequestError('bad_request', `"${key}" must be ${wanted}`, 'see docs/protocol.md');
}

function workingDirectory() {
  try {
    return process.cwd();
  } catch {
    return null; // removed under the process
  }
}

/** @param {any} level */
function parseLevel(level) {
  if (level === null) return null;
  const value = typeof level === 'string' ? LEVELS[/** @type {'trace'} */ (level)] : level;
  if (!Number.isInteger(value) || value < 0) {
    const names = Object.keys(LEVELS);
    throw new RequestError(
      'bad_request',
      `unknown level ${JSON.stringify(level)}`,
      names.join(', '),
      {
        candidates: nearest(String(level), names),
      },
    );
  }
  return value;
}

/** @param {Agent} agent @param {any} name */
function chooseLoggers(agent, name) {
  const channels = [...agent.channels()];
  if (name === null) return channels;
  const chosen = channels.filter((channel) => channel.name === name);
  if (chosen.length > 0) return chosen;
  const candidates = nearest(
    String(name),
    channels.map((channel) => channel.name),
  );
  throw new RequestError('not_found', `no logger "${name}"`, 'list them: nodeobs state logger', {
    candidates,
  });
}

/**
 * Those with a stream of that name.
 * @param {import('../log/channel').LogChannel[]} channels
 * @param {any} stream null: all
 */
function withStream(channels, stream) {
  if (stream === null) return channels;
  const names = channels.map((channel) => channel.describe().streams.map(({ name }) => name));
  const chosen = channels.filter((_channel, i) => names[i].includes(stream));
  if (chosen.length > 0) return chosen;
  const known = names.flat().filter((name) => name !== null);
  throw new RequestError('not_found', `no stream "${stream}"`, 'list them: nodeobs state logger', {
    candidates: nearest(String(stream), known),
  });
}

/** @param {Agent} agent */
function describePeers(agent) {
  /** @type {Record<string, object>} */
  const peers = {};
  for (const peer of agent.peers) {
    peers[peer.id] = {
      type: peer.type,
      name: peer.name,
      since: peer.since.toISOString(),
      subscriptions: peer.subscriptions.size,
    };
  }
  return peers;
}

/**
 * Answers one request; never throws.
 * @param {Agent} agent @param {Peer} peer @param {Buffer} body
 * @returns {string} JSON
 */
function answer(agent, peer, body) {
  let id = null;
  try {
    const request = parse(body);
    id = request.id ?? null;
    const op = Object.hasOwn(OPS, request.op) ? OPS[request.op] : undefined;
    if (!op) {
      throw new RequestError('unknown_op', `unknown op "${request.op}"`, 'see docs/protocol.md', {
        candidates: nearest(String(request.op), Object.keys(OPS)),
      });
    }
    const text = JSON.stringify({ id, ok: op(agent, request, peer) });
    if (text.length <= ANSWER_MAX) return text;
    throw new RequestError(
      'too_large',
      `the answer is ${text.length} characters long, ${ANSWER_MAX} are the limit`,
      'ask for one type or one object',
    );
  } catch (error) {
    return JSON.stringify({ id, error: describeError(error) });
  }
}

/** @param {Buffer} body @returns {Request} */
function parse(body) {
  let request;
  try {
    request = JSON.parse(body.toString('utf8'));
  } catch {
    throw new RequestError('bad_request', 'the request is not JSON', 'see docs/protocol.md');
  }
  if (typeof request !== 'object' || request === null || typeof request.op !== 'string') {
    throw new RequestError('bad_request', 'the request has no "op"', 'see docs/protocol.md');
  }
  return request;
}

/** @param {unknown} error */
function describeError(error) {
  if (error instanceof RequestError) {
    return { code: error.code, message: error.message, hint: error.hint, ...error.more };
  }
  return { code: 'failed', message: String(error).slice(0, 500), hint: 'please report this' };
}

module.exports = { answer };
