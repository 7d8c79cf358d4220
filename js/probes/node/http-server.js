'use strict';
// http-server-request and -response, for servers of http and https.

const { exchanges } = require('./exchanges');
const { text } = require('./reading');
const { routeOf } = require('./route');
const { TranslatedRequest } = require('./translated');

/** @typedef {import('./exchanges').Exchange} Exchange */
/** @typedef {import('./firing').Maker<Exchange>} Maker */

/** @type {Record<string, Maker>} */
const ARGUMENTS = {
  request: (exchange) =>
    new TranslatedRequest(
      text(exchange.url),
      text(exchange.method),
      exchange.headers['x-forwarded-for'],
    ),
  connection: ({ connection, socket }) => connection.shown(socket),
  address: ({ connection }) => connection.address,
  port: ({ connection }) => connection.port,
  fd: ({ connection }) => connection.fd,
  id: ({ id }) => id,
  method: ({ method }) => text(method),
  url: ({ url }) => text(url),
  requestId: ({ requestId }) => requestId,
  host: ({ headers }) => headers.host,
  status: ({ status }) => status,
  latency: ({ latency }) => latency,
  route: routeOf,
  bytes: ({ bytes }) => bytes,
  error: ({ error }) => error,
  aborted: ({ aborted }) => (aborted ? 1 : 0),
};

/** @param {string} names @returns {readonly Maker[]} */
function makers(names) {
  return names.split(' ').map((name) => ARGUMENTS[name]);
}

const REQUEST = makers('request connection address port method url fd id requestId host');
const RESPONSE = makers(
  'connection address port fd id status latency method url route bytes requestId host error aborted',
);
const BYTES = RESPONSE.indexOf(ARGUMENTS.bytes);

/** @type {import('./source').Install} */
function install(hooks, probes) {
  const request = probes['http-server-request'];
  const response = probes['http-server-response'];
  const leave = exchanges.follow({
    began: (exchange) => request.tell(REQUEST, exchange),
    ended: (exchange) => response.tell(RESPONSE, exchange, exchange.end),
    counts: () => response.wants(BYTES),
  });
  hooks.atEnd(leave);
}

module.exports = install;
