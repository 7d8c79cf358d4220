'use strict';
// The types that are there by themselves. What they show is found, and what finds it is loaded,
// when somebody asks.

// Taken now: an application may replace the clock.
const { setImmediate } = require('node:timers');
const { inspectProcess } = require('./process');

/**
 * @typedef {import('../agent/agent').Agent} Agent
 * @typedef {import('./source').Source} Source
 */

/**
 * A type whose objects are found all at once.
 * @template T
 * @param {readonly string[]} fields @param {() => Map<string, T>} find by id
 * @param {(object: T, id: string) => any} describe
 * @returns {Source}
 */
function foundAtOnce(fields, find, describe) {
  return {
    fields,
    count: () => find().size,
    ids(limit) {
      const ids = [...findAll(find).keys()];
      return { ids: ids.slice(0, limit), total: ids.length };
    },
    get(id) {
      const object = recent?.find === find ? recent.found.get(id) : find().get(id);
      return object === undefined ? undefined : describe(object, id);
    },
    walk() {
      const found = findAll(find);
      return { ids: found.keys(), total: found.size };
    },
  };
}

// Going through a list finds everything once, not once for each. Kept for the turn of the loop.
/** @type {{find: Function, found: Map<string, any>} | null} */
let recent = null;

/** @template T @param {() => Map<string, T>} find */
function findAll(find) {
  if (recent === null) {
    setImmediate(() => {
      recent = null;
    }).unref();
  }
  const found = find();
  recent = { find, found };
  return found;
}

/** @param {Agent} agent */
function registerOwnTypes(agent) {
  const { registry } = agent;
  const pid = String(process.pid);
  const endpoint = () => agent.endpoint?.server;
  registry.builtIn('process', {
    fields: ['node', 'title', 'uptime_s', 'tid'],
    count: () => 1,
    ids: () => ({ ids: [pid], total: 1 }),
    get: (id) => (id === pid ? inspectProcess(agent.loop) : undefined),
  });
  registry.builtIn(
    'logger',
    foundAtOnce(
      ['level', 'records', 'override', 'snooped'],
      () => new Map([...agent.channels()].map((channel) => [channel.name, channel])),
      (channel) => channel.describe(),
    ),
  );
  registry.builtIn(
    'provider',
    foundAtOnce(
      ['module', 'enabled', 'probes'],
      () => new Map(made(agent).map((provider) => [provider.id, provider])),
      (provider) => provider.inspect(),
    ),
  );
  registry.builtIn(
    'server',
    foundAtOnce(
      ['kind', 'connections', 'requests'],
      () => require('./servers').namedServers(endpoint()),
      (server) => require('./servers').describe(server, requestsOf(server, endpoint())),
    ),
  );
  registry.builtIn(
    'request',
    foundAtOnce(
      ['kind', 'method', 'url', 'ms', 'status', 'route', 'req_id', 'remote'],
      () => {
        const { idOf, requestsInFlight } = require('./in-flight');
        return new Map([...requestsInFlight(endpoint())].map((one) => [idOf(one), one]));
      },
      (one) => require('./in-flight').shown(one),
    ),
  );
  registry.builtIn(
    'handle',
    foundAtOnce(
      ['kind', 'local', 'remote', 'read', 'written', 'detail'],
      () => require('./handles').handles(),
      (handle) => require('./handles').describe(handle),
    ),
  );
  registry.builtIn(
    'timer',
    foundAtOnce(
      ['count'],
      () => require('./handles').timers(),
      (count) => ({ count, note: 'Node tells how many there are, not which' }),
    ),
  );
  registry.builtIn(
    'worker',
    foundAtOnce(
      ['state', 'utilization', 'name'],
      () => require('./workers').liveWorkers(),
      (worker) => require('./workers').describe(worker),
    ),
  );
  registry.addPending(function requests(before, limit) {
    const { idOf, requestsInFlight, shown } = require('./in-flight');
    return [...requestsInFlight(endpoint())]
      .filter(({ since }) => since <= before)
      .sort((a, b) => a.since - b.since)
      .slice(0, limit)
      .map((one) => {
        const { kind, method, url, ms: _ms, ...more } = /** @type {any} */ (shown(one));
        const name = `${method ?? ''} ${url ?? ''}`.trim();
        return {
          kind: kind === 'in' ? 'request' : 'call',
          type: 'request',
          id: idOf(one),
          name,
          since: one.since,
          more,
        };
      });
  });
}

/** @param {Agent} agent those that the application made */
function made(agent) {
  return [...agent.providers()].filter(({ builtIn }) => !builtIn);
}

/** @param {any} server @param {any} except */
function requestsOf(server, except) {
  const { requestsInFlight } = require('./in-flight');
  let count = 0;
  for (const one of requestsInFlight(except)) if (one.server === server) count += 1;
  return count;
}

module.exports = { registerOwnTypes };
