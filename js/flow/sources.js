'use strict';
// The types `flow`, `queue` and `barrier` of the registry, and what the stuck finder finds in them.
// Several copies of the package in a thread put their objects into the same types.

const { performance } = require('node:perf_hooks');
const agent = require('../agent');
const { book } = require('./book');
const { barriers, queues } = require('./queues');
const { siteText } = require('./sites');

/** @typedef {import('../state/registry').Pending} Pending */

const SLOT = Symbol.for('nodeobs.flows');
const BEHIND = 5; // names of pending functions that are told

/**
 * @typedef {object} Copy what a copy of the package offers the first one in its thread
 * @property {{[type: string]: {fields: string[], count: () => number,
 *   ids: () => Iterable<string>, get: (id: string) => any}}} types
 * @property {(before: number, limit: number) => Pending[]} find
 */

/** What is shown of them; loaded when somebody looks. */
function shown() {
  return require('./shown');
}

/** @param {string} prefix of all ids @returns {Copy} */
function offered(prefix) {
  book.prefix = prefix;
  const { Barrier } = require('./barrier');
  const { WorkQueue } = require('./work-queue');
  return {
    types: {
      flow: {
        fields: ['kind', 'label', 'state', 'ms', 'done', 'of', 'at'],
        count: () => book.count(),
        *ids() {
          for (const flow of book.walk()) yield flow.id;
        },
        get: (id) => {
          const flow = id.startsWith(prefix) ? book.find(Number(id.slice(prefix.length))) : null;
          return flow ? shown().showFlow(flow) : undefined;
        },
      },
      queue: {
        fields: ['worker', 'state', 'concurrency', 'length', 'npending', 'done'],
        count: () => queues.size,
        *ids() {
          for (const [id] of queues.entries()) yield prefix + id;
        },
        get: (id) => {
          const queue = id.startsWith(prefix) ? queues.get(id.slice(prefix.length)) : undefined;
          return queue && shown().showQueue(id, queue, WorkQueue.look(queue));
        },
      },
      barrier: {
        fields: ['npending', 'at'],
        count: () => barriers.size,
        *ids() {
          for (const [id] of barriers.entries()) yield prefix + id;
        },
        get: (id) => {
          const barrier = id.startsWith(prefix) ? barriers.get(id.slice(prefix.length)) : undefined;
          return barrier && shown().showBarrier(id, barrier, Barrier.look(barrier));
        },
      },
    },
    find: (before, limit) =>
      oldest(
        [...stuckFlows(before), ...stuckTasks(before, prefix), ...stuckBarriers(before, prefix)],
        limit,
      ),
  };
}

/** @param {Pending[]} found @param {number} limit */
function oldest(found, limit) {
  return found.sort((a, b) => a.since - b.since).slice(0, limit);
}

/** @param {number} before @returns {Generator<Pending>} */
function* stuckFlows(before) {
  for (const flow of book.live()) {
    if (flow.started > before) continue;
    const pending = pendingOf(flow);
    if (pending.since > before) continue;
    const { site } = flow;
    yield {
      kind: flow.kind,
      type: 'flow',
      id: flow.id,
      name: flow.label,
      since: pending.since,
      more: {
        ...pending.more,
        flow_ms: shown().rounded(performance.now() - flow.started),
        at: site && siteText(site),
        ...shown().originOf(flow.origin),
      },
    };
  }
}

/** What a live flow waits for. @param {any} flow @returns {{since: number, more: object}} */
function pendingOf(flow) {
  const { hasOperations, startOf, statusOf } = shown();
  const { result, total } = flow;
  if (flow.kind === 'whilst') {
    const more = { function: flow.names || '(anon)', iterations: result?.iterations ?? 0 };
    return { since: flow.since, more };
  }
  const steps = { steps: total, done: result?.ndone ?? 0 };
  if (!hasOperations(flow)) {
    return { since: flow.started, more: { function: flow.names || '(anon)', ...steps } };
  }
  /** @type {number[]} */
  const open = [];
  let count = 0;
  for (let i = 0; i < total; i++) {
    if (statusOf(flow, i) !== 'pending') continue;
    count += 1;
    if (open.length < BEHIND) open.push(i);
  }
  const [first] = open;
  if (first === undefined) return { since: flow.started, more: steps };
  const about = { step: first + 1, ...steps, function: flow.functionAt(first) };
  const others = open.map((index) => flow.functionAt(index));
  const more = count > 1 ? { ...about, pending: count, functions: others } : about;
  return { since: startOf(flow, first), more };
}

/** @param {number} before @param {string} prefix @returns {Generator<Pending>} */
function* stuckTasks(before, prefix) {
  const { WorkQueue } = require('./work-queue');
  for (const [id, queue] of queues.entries()) {
    if (queue.npending === 0) continue;
    const look = WorkQueue.look(queue);
    for (const { id: task, since, entry, of } of look.pending) {
      if (since > before) break; // the others began later
      yield {
        kind: 'task',
        type: 'queue',
        id: prefix + id,
        name: id,
        since,
        more: {
          function: queue.worker_name,
          task,
          preview: shown().preview(entry.task),
          waiting: queue.length(),
          pending: queue.npending,
          concurrency: queue.concurrency,
          at: look.site && siteText(look.site),
          ...shown().originOf(of),
        },
      };
    }
  }
}

/** @param {number} before @param {string} prefix @returns {Generator<Pending>} */
function* stuckBarriers(before, prefix) {
  const { Barrier } = require('./barrier');
  const now = performance.now();
  for (const [id, barrier] of barriers.entries()) {
    const pending = shown().barrierPending(barrier);
    if (pending.length === 0 || now - pending[0].ms > before) continue;
    const { site, of } = Barrier.look(barrier);
    yield {
      kind: 'barrier',
      type: 'barrier',
      id: prefix + id,
      name: id,
      since: now - pending[0].ms,
      more: {
        pending: pending.length,
        operations: pending.slice(0, shown().NAMES_MAX),
        at: site && siteText(site),
        ...shown().originOf(of),
      },
    };
  }
}

/** @param {Copy[]} copies @param {string} type @returns {import('../state/registry').Source} */
function merged(copies, type) {
  const all = () => copies.map(({ types }) => types[type]).filter((one) => one !== undefined);
  const count = () => all().reduce((sum, one) => sum + one.count(), 0);
  function* ids() {
    for (const one of all()) yield* one.ids();
  }
  return {
    fields: all()[0].fields,
    count,
    ids: (limit) => {
      const some = [];
      if (limit > 0) {
        for (const id of ids()) if (some.push(id) >= limit) break;
      }
      return { ids: some, total: count() };
    },
    walk: () => ({ ids: ids(), total: count() }),
    get: (id) => {
      for (const one of all()) {
        const object = one.get(id);
        if (object !== undefined) return object;
      }
      return undefined;
    },
  };
}

/** Makes this copy's flows visible. The first copy's types show those of all. */
function register() {
  const registry = /** @type {any} */ (agent.registry);
  /** @type {Copy[] | undefined} */
  const copies = registry[SLOT];
  if (copies !== undefined) {
    copies.push(offered(`${copies.length + 1}.`));
    return;
  }
  const own = [offered('')];
  Object.defineProperty(registry, SLOT, { value: own });
  for (const type of Object.keys(own[0].types)) registry.builtIn(type, merged(own, type));
  registry.addPending?.(function flows(/** @type {number} */ before, /** @type {number} */ limit) {
    return oldest(
      own.flatMap((copy) => copy.find(before, limit)),
      limit,
    );
  });
}

module.exports = { register };
