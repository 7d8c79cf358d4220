'use strict';
// Fetching from many services at once.

const http = require('node:http');
const { assertion } = require('../log/assertion');
const { knMergeSnapshots, faultOf } = require('./snapshot');
const { urlOf } = require('./sources');

const BYTES_MAX = 64 << 20;
const CONNECT_MS = 5000;
const REQUEST_MS = 30_000;
/** Of the client options, what is ours and not node:http's. */
const OURS = new Set(['connectTimeout', 'requestTimeout', 'userAgent', 'maxBytes', 'headers']);

/**
 * @typedef {import('./sources').Source} Source
 * @typedef {Record<string, any>} ClientOptions restify's `connectTimeout`, `requestTimeout` (ms),
 *   `headers`, `userAgent`; `maxBytes`; others go to node:http or node:https (`agent`, `ca`, …)
 * @typedef {{sources: Source[], clientOptions?: ClientOptions}} FetchArgs
 */

/** @param {any} sources */
function checkSources(sources) {
  const fine =
    Array.isArray(sources) &&
    sources.every(
      (source) =>
        typeof source?.host === 'string' &&
        typeof source.path === 'string' &&
        typeof source.port === 'number' &&
        ['http', 'https'].includes(source.protocol),
    );
  if (!fine) throw assertion('"sources" must be an array of sources');
}

/**
 * Both arguments of the callback are given where only some can be fetched.
 * @param {FetchArgs} args
 * @param {(error: Error | null, snapshot: import('./snapshot').Snapshot) => void} callback
 */
function knFetchAll(args, callback) {
  checkSources(args.sources);
  fetchEach(args, ({ path }) => path, faultOf).then(({ error, answers }) =>
    later(callback, error, knMergeSnapshots(answers)),
  );
}

/**
 * @param {FetchArgs} args
 * @param {(error: Error | null, schema?: {types: Record<string, any>}) => void} callback
 */
function knFetchSchema(args, callback) {
  checkSources(args.sources);
  fetchEach(args, schemaPath, () => null).then(({ error, answers }) =>
    error ? later(callback, error) : later(callback, null, mergeSchemas(answers)),
  );
}

/** @param {Source} source */
function schemaPath({ path }) {
  if (path.endsWith('/snapshot')) return path.replace(/snapshot$/, 'schema');
  throw new Error(`don't know how to infer schema URL from ${path}`);
}

/** What a callback throws is its owner's. @param {Function} callback @param {any[]} args */
function later(callback, ...args) {
  process.nextTick(callback, ...args);
}

/**
 * @param {FetchArgs} args
 * @param {(source: Source) => string} pathOf
 * @param {(data: any) => string | null} faultIn
 */
async function fetchEach({ sources, clientOptions = {} }, pathOf, faultIn) {
  const outcomes = await Promise.allSettled(
    sources.map(async (source) => {
      const data = await fetchJson(source, pathOf(source), clientOptions);
      const fault = faultIn(data);
      if (fault === null) return data;
      throw new Error(`${urlOf(source)}: the answer is no snapshot: ${fault}`);
    }),
  );
  /** @type {any[]} */
  const answers = [];
  /** @type {Error[]} */
  const errors = [];
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.status === 'rejected') errors.push(outcome.reason);
    else if (typeof outcome.value !== 'object' || outcome.value === null) continue;
    else answers.push({ ...outcome.value, source: sources[i] });
  }
  return { error: errors.length > 0 ? allOf(errors) : null, answers };
}

/** kang's kind of error. @param {Error[]} errors */
function allOf(errors) {
  const { MultiError } = require('verror');
  return new MultiError(errors);
}

/** @param {Source} source @param {string} path @param {ClientOptions} options */
function fetchJson(source, path, options) {
  const url = urlOf({ ...source, path });
  return new Promise((resolve, reject) => {
    /** @param {string} reason @param {unknown} [cause] */
    const fail = (reason, cause) => {
      request.destroy();
      done(reject, new Error(`${url}: ${reason}`, { cause }));
    };
    /** @param {(value: any) => void} settle @param {any} value */
    const done = (settle, value) => {
      for (const timer of timers) clearTimeout(timer);
      settle(value);
    };
    const client = source.protocol === 'https' ? require('node:https') : http;
    const request = client.get({
      ...Object.fromEntries(Object.entries(options).filter(([key]) => !OURS.has(key))),
      host: source.host,
      port: source.port,
      path,
      headers: {
        accept: 'application/json',
        'user-agent': options.userAgent ?? 'nodeobs-kang',
        ...options.headers,
      },
    });
    const connectMs = options.connectTimeout ?? CONNECT_MS;
    const requestMs = options.requestTimeout ?? REQUEST_MS;
    const connecting = setTimeout(() => fail(`no connection after ${connectMs} ms`), connectMs);
    const timers = [
      connecting,
      setTimeout(() => fail(`no answer after ${requestMs} ms`), requestMs),
    ];
    const ready = source.protocol === 'https' ? 'secureConnect' : 'connect';
    request.on('socket', (socket) => {
      if (!socket.connecting) clearTimeout(connecting);
      else socket.once(ready, () => clearTimeout(connecting));
    });
    request.on('error', (error) => fail(error.message, error));
    request.on('response', (response) => {
      if (response.statusCode !== 200) {
        fail(`response code ${response.statusCode}`);
        return;
      }
      read(response, options.maxBytes ?? BYTES_MAX, fail, (data) => done(resolve, data));
    });
  });
}

/**
 * @param {http.IncomingMessage} response @param {number} max bytes
 * @param {(reason: string, cause?: unknown) => void} fail
 * @param {(data: any) => void} got
 */
function read(response, max, fail, got) {
  /** @type {Buffer[]} */
  const chunks = [];
  let size = 0;
  response.on('data', (/** @type {Buffer} */ chunk) => {
    size += chunk.length;
    if (size > max) fail(`the answer is longer than ${max} bytes`);
    else chunks.push(chunk);
  });
  response.on('error', (error) => fail(error.message, error));
  response.on('end', () => {
    let data;
    try {
      data = JSON.parse(Buffer.concat(chunks).toString());
    } catch (error) {
      fail('the answer is not JSON', error);
      return;
    }
    got(data);
  });
}

/** @param {any[]} schemas */
function mergeSchemas(schemas) {
  /** @type {Map<string, Map<string, Map<string, any>>>} */
  const types = new Map();
  for (const { service, types: names, schemas: given } of schemas) {
    if (!Array.isArray(names) || typeof given !== 'object' || given === null) continue;
    for (const [type, schema] of Object.entries(given)) {
      const services = types.get(type) ?? new Map();
      types.set(type, services);
      const components = services.get(String(service?.name)) ?? new Map();
      services.set(String(service?.name), components);
      const component = String(service?.component);
      if (!components.has(component)) components.set(component, schema);
    }
  }
  return { types: plain(types) };
}

/** @param {any} value @returns {any} */
function plain(value) {
  if (!(value instanceof Map)) return value;
  return Object.fromEntries([...value].map(([key, inner]) => [key, plain(inner)]));
}

module.exports = { knFetchAll, knFetchSchema };
