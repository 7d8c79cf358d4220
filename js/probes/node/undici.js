'use strict';
// Calls made with fetch or undici, from the channels of undici.

const { performance } = require('node:perf_hooks');
const { descriptor } = require('./connection');
const { errorText, headersOf, own, text } = require('./reading');

/**
 * @param {import('./hooks').Hooks} hooks
 * @param {new () => any} Call
 * @param {{get(request: object): any, set(request: object, call: any): void}} stamp
 * @param {{began: (call: any) => void, ended: (call: any) => void}} watch
 */
function hookUndici(hooks, Call, stamp, watch) {
  /** @param {any} request */
  const of = (request) => {
    let call = stamp.get(request);
    if (call === undefined) {
      call = new Call();
      describe(call, request);
      stamp.set(request, call);
    }
    return call;
  };

  hooks.channel('undici:request:create', ({ request }) => {
    const call = of(request);
    call.start = performance.now();
    watch.began(call);
  });
  hooks.channel('undici:client:sendHeaders', ({ request, socket }) => {
    const call = of(request);
    call.fd = descriptor(socket);
    call.address = text(socket?.remoteAddress);
  });
  hooks.channel('undici:request:headers', ({ request, response }) => {
    const call = of(request);
    const status = own(response, 'statusCode');
    if (status < 200) return; // 103 and the like; the answer is to come
    call.status = status;
    call.answered = performance.now();
    call.bytes = contentLength(own(response, 'headers'));
  });
  hooks.channel('undici:request:trailers', ({ request }) => watch.ended(of(request)));
  hooks.channel('undici:request:error', ({ request, error }) => {
    const call = of(request);
    call.error = errorText(error) || 'error';
    call.aborted = true;
    call.bytes = -1;
    watch.ended(call);
  });
}

/** @param {any} call @param {any} request */
function describe(call, request) {
  call.method = text(own(request, 'method'));
  call.url = text(own(request, 'path'));
  const origin = own(request, 'origin');
  const url = origin instanceof URL ? origin : (URL.parse?.(String(origin)) ?? parsed(origin));
  if (url) {
    call.host = url.hostname;
    call.port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  }
  const headers = headersOf(headerList(own(request, 'headers')));
  call.requestId = headers['x-request-id'];
  call.forwardedFor = headers['x-forwarded-for'];
  call.hostHeader = text(own(request, 'host')) || headers.host || (url ? url.host : '');
}

/** Node 20 has no URL.parse. @param {any} origin */
function parsed(origin) {
  return typeof origin === 'string' && URL.canParse(origin) ? new URL(origin) : null;
}

/** Lines of text in undici 5, names and values by turns later. @param {any} headers */
function headerList(headers) {
  if (typeof headers !== 'string') return headers;
  return headers.split('\r\n').flatMap((line) => {
    const colon = line.indexOf(':');
    return colon < 0 ? [] : [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
}

/** @param {any} raw names and values by turns, as buffers @returns {number} -1: not said */
function contentLength(raw) {
  if (!Array.isArray(raw)) return -1;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    if (raw[i]?.length !== 14 || String(raw[i]).toLowerCase() !== 'content-length') continue;
    const bytes = Number(String(raw[i + 1]));
    return Number.isInteger(bytes) ? bytes : -1;
  }
  return -1;
}

module.exports = { hookUndici };
