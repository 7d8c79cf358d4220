'use strict';
// kang's two routes for any server whose request and response are Node's.

const { Service } = require('./service');
const { SharedAnswer } = require('./shared-answer');

/**
 * @typedef {import('node:http').IncomingMessage} Request
 * @typedef {import('node:http').ServerResponse} Response
 * @typedef {(request: Request, response: Response, next?: (error?: any) => void) => void} Handler
 */

class Routes {
  /** @param {Service} service */
  constructor(service) {
    this.base = service.base;
    this.readMs = service.limits.read_ms;
    /** @type {Record<string, SharedAnswer>} */
    this.answers = {
      [`${this.base}/snapshot`]: new SharedAnswer(service, 'snapshot'),
      [`${this.base}/schema`]: new SharedAnswer(service, 'schema'),
    };
  }

  /**
   * The path that is asked for, as it is below a mount point or as the client wrote it.
   * @param {Request} request
   */
  pathOf(request) {
    const { originalUrl, url } = /** @type {Request & {originalUrl?: unknown}} */ (request);
    const paths = [url, originalUrl].map((one) => String(one ?? '').replace(/[?#].*$/s, ''));
    return paths.find((one) => this.#owns(one)) ?? null;
  }

  /** @param {string} path */
  #owns(path) {
    return path.startsWith(`${this.base}/`);
  }

  /**
   * @param {Request} request @param {Response} response
   * @returns {Promise<void>} when it is answered, as far as it is for us to do
   */
  async answer(request, response) {
    if (response.headersSent) return; // by somebody before us
    const path = this.pathOf(request);
    const shared = path !== null && Object.hasOwn(this.answers, path) ? this.answers[path] : null;
    if (shared === null) {
      return refuse(response, 404, 'ResourceNotFound', `${request.url} does not exist`);
    }
    if (request.method === 'HEAD') return begin(response, 200);
    if (request.method !== 'GET') {
      response.setHeader('allow', 'GET, HEAD');
      return refuse(response, 405, 'MethodNotAllowed', `${request.method} is not allowed`);
    }
    const build = shared.want();
    let here = true;
    const leave = () => {
      if (here) build.waiting -= 1;
      here = false;
    };
    response.on('close', leave);
    try {
      const body = await build.body;
      if (here) send(response, body, this.readMs);
    } catch (error) {
      refuse(response, 500, 'InternalError', String(error));
    }
  }
}

/** @param {Response} response @param {number} status */
function begin(response, status) {
  if (response.headersSent) return;
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.setHeader('cache-control', 'no-store');
  if (status === 200) response.end();
}

/**
 * A client that takes none of its answer for a while loses its connection: a write that is pending
 * holds memory, and keeps the process alive.
 * @param {Response} response @param {Buffer[]} body @param {number} ms
 */
function send(response, body, ms) {
  if (response.headersSent || response.destroyed) return;
  response.statusCode = 200;
  response.setHeader('content-type', 'application/json');
  response.setHeader('cache-control', 'no-store');
  response.setHeader(
    'content-length',
    body.reduce((sum, chunk) => sum + chunk.length, 0),
  );
  const timer = setTimeout(() => response.destroy(), ms).unref();
  response.on('error', () => {});
  response.on('close', () => clearTimeout(timer));
  let next = 0;
  const write = () => {
    timer.refresh();
    while (next < body.length) {
      if (response.destroyed) return;
      if (!response.write(body[next++])) {
        response.once('drain', write);
        return;
      }
    }
    response.end();
  };
  write();
}

/**
 * An error as restify's, which kang answers with.
 * @param {Response} response @param {number} status @param {string} code @param {string} message
 */
function refuse(response, status, code, message) {
  if (response.headersSent || response.destroyed) return;
  const body = Buffer.from(JSON.stringify({ code, message }));
  begin(response, status);
  response.setHeader('content-length', body.length);
  response.end(body);
}

/** @param {Routes} routes @returns {Handler} */
function handlerOf(routes) {
  return (request, response, next) => {
    // Among other handlers, what is not kang's is theirs.
    if (routes.pathOf(request) === null && typeof next === 'function' && !isRestify(request)) {
      next();
      return;
    }
    const answered = routes.answer(request, response);
    // restify counts a request as in flight until its chain has ended; elsewhere the next one is
    // who answers when nobody else has.
    if (isRestify(request) && typeof next === 'function') answered.then(() => next());
  };
}

/** @param {any} request */
function isRestify(request) {
  return typeof request.getRoute === 'function';
}

/**
 * Answers kang's requests in any server: node:http, express, restify; fastify with
 * `reply.hijack()` and `.raw`, koa with `ctx.respond = false` and `ctx.req`, `ctx.res`.
 * @param {import('./service').Options} [args]
 * @returns {Handler}
 * @throws AssertionError for options that are none
 */
function knHandler(args = {}) {
  const service = new Service(args);
  service.provide();
  return handlerOf(new Routes(service));
}

module.exports = { Routes, handlerOf, knHandler };
