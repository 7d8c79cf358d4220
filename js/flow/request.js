'use strict';
// An HTTP request that flows belong to. What is needed of it to be named is read when it begins;
// the request itself is only held until its response is done.

const { own, text } = require('../probes/node/reading');

const HEADERS = ['x-request-id', 'request-id'];

class HttpRequest {
  /** @param {any} request an http.IncomingMessage */
  constructor(request) {
    this.method = request.method;
    this.url = request.url;
    /** @type {any} null: it is over, and `id` is what it was */
    this.message = request;
    /** @type {string | null} */
    this.id = null;
  }

  /** An origin of flows is a flow or a request; this one is no flow. */
  get flow() {
    return null;
  }

  get request() {
    return this;
  }

  settle() {
    if (this.message === null) return;
    this.id = requestId(this.message);
    this.message = null;
  }

  describe() {
    const req_id = this.message === null ? this.id : requestId(this.message);
    const about = { method: text(this.method), url: text(this.url) };
    return req_id === null ? about : { ...about, req_id };
  }
}

/**
 * What restify (`_id`, which getId() gives), express (`id`) and proxies know a request by. No code
 * of the application runs: restify's getId() would make an id where there is none yet.
 * @param {any} message @returns {string | null}
 */
function requestId(message) {
  for (const key of ['_id', 'id']) {
    const id = own(message, key);
    if (typeof id === 'string' && id !== '') return text(id);
    if (typeof id === 'number' || typeof id === 'bigint') return String(id);
  }
  const raw = own(message, 'rawHeaders');
  if (!Array.isArray(raw)) return null;
  for (const wanted of HEADERS) {
    for (let i = 0; i + 1 < raw.length; i += 2) {
      if (typeof raw[i] === 'string' && raw[i].toLowerCase() === wanted) return text(raw[i + 1]);
    }
  }
  return null;
}

module.exports = { HttpRequest, requestId };
