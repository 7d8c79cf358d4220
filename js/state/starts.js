'use strict';
// When requests began, and which servers and workers there are: what nobody could find out who
// looks later. One mark for each request, and nothing to be undone.

const channels = require('node:diagnostics_channel');
const { performance } = require('node:perf_hooks');
const { createStamp } = require('../probes/node/stamp');

const now = performance.now.bind(performance);

/** @type {ReturnType<typeof createStamp<number>>} on sockets, when their newest request began */
const NEWEST = createStamp();
/** @type {ReturnType<typeof createStamp<number>>} on requests, ms of performance.now() */
const BEGAN = createStamp();
/** @type {ReturnType<typeof createStamp<{at: number, headers: any}>>} on streams of HTTP/2 */
const STREAM = createStamp();

/** Objects that come seldom and are found again while they live. @template {object} T */
class Known {
  constructor() {
    /** @type {Set<WeakRef<T>>} */
    this.refs = new Set();
    /** @type {WeakSet<T>} */
    this.objects = new WeakSet();
    this.forget = new FinalizationRegistry((/** @type {WeakRef<T>} */ ref) =>
      this.refs.delete(ref),
    );
  }

  /** @param {T} object */
  add(object) {
    if (this.objects.has(object)) return;
    this.objects.add(object);
    const ref = new WeakRef(object);
    this.refs.add(ref);
    this.forget.register(object, ref);
  }

  /** @returns {Generator<T>} */
  *[Symbol.iterator]() {
    for (const ref of this.refs) {
      const object = ref.deref();
      if (object !== undefined) yield object;
    }
  }
}

/** @type {Known<any>} that listen, or did */
const servers = new Known();
/** @type {Known<any>} HTTP/2 sessions with requests */
const sessions = new Known();
/** @type {Known<import('node:worker_threads').Worker>} */
const workers = new Known();

/** @type {[string, (message: any) => void][]} channels, and who follows them */
const following = [];
/** @param {any} worker */
const workerBegan = (worker) => workers.add(worker);

/** Begins to take notes; once is enough. */
function follow() {
  if (following.length > 0) return;
  on('http.server.request.start', serverRequest);
  on('http.client.request.created', callBegan); // from Node 22.12 on
  on('http.client.request.start', callBegan);
  on('undici:request:create', callBegan);
  on('http2.server.stream.start', streamBegan); // from Node 22.17 on
  on('tracing:net.server.listen:asyncStart', ({ server }) => servers.add(server));
  process.on('worker', workerBegan);
}

/** Takes no more notes. */
function leave() {
  for (const [name, note] of following.splice(0)) channels.unsubscribe(name, note);
  process.off('worker', workerBegan);
}

// An exception would reach the application as an uncaught one.
/** @param {string} name @param {(message: any) => void} note */
function on(name, note) {
  /** @param {any} message */
  const guarded = (message) => {
    try {
      note(message);
    } catch {
      // It is not marked then.
    }
  };
  following.push([name, guarded]);
  channels.subscribe(name, guarded);
}

// A new property costs a request more than all the rest of this; its socket has one already, but
// for the first time. A request that was sent before the one ahead was answered has its own.
/** @param {any} message */
function serverRequest({ request, socket }) {
  if (socket._httpMessage) BEGAN.set(request, now());
  else NEWEST.set(socket, now());
}

/** @param {any} message */
function callBegan({ request }) {
  if (BEGAN.get(request) === undefined) BEGAN.set(request, now());
}

/** @param {any} message */
function streamBegan({ stream, headers }) {
  STREAM.set(stream, { at: now(), headers });
  sessions.add(stream.session);
}

/** @param {any} request @param {any} [socket] that answers it @returns {number | undefined} */
function beganAt(request, socket) {
  return BEGAN.get(request) ?? NEWEST.get(socket);
}

/** @param {any} stream */
function streamStart(stream) {
  return STREAM.get(stream);
}

module.exports = { beganAt, follow, leave, servers, sessions, streamStart, workers };
