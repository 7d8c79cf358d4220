'use strict';

// Load for the examples: requests at a steady rate, for a time, then one line of results.
//
//   node load.js --url http://127.0.0.1:8080 [--duration 10] [--connections 10] [--rate 100] [--json]
//
// URLs with a path are asked for in turn; one without gets the mix of routes that the restify and
// the fastify example have. --duration is in seconds; --rate is in requests a second, 0 for as many
// as possible.

const { parseArgs } = require('node:util');
const autocannon = require('autocannon');

const USAGE = 'usage: load.js --url URL… [--duration S] [--connections N] [--rate N] [--json]';

const getUser = {
  setupRequest: (request) => ({ ...request, path: `/users/${Math.ceil(Math.random() * 50)}` }),
};
const createOrder = {
  method: 'POST',
  path: '/orders',
  headers: { 'content-type': 'application/json' },
  setupRequest: (request) => ({
    ...request,
    body: JSON.stringify({ item: pick(['book', 'pen', 'lamp']), quantity: pick([1, 2, 3]) }),
  }),
};
const checkout = { method: 'POST', path: '/checkout' };
const MIX = [
  getUser,
  { path: '/health' },
  createOrder,
  getUser,
  { path: '/flaky' },
  checkout,
  getUser,
  createOrder,
  { path: '/report' },
];

function pick(values) {
  return values[Math.floor(Math.random() * values.length)];
}

// The connections go through the requests at the same pace, so each starts at another place of them.
function startAnywhere(requests) {
  return (client) => {
    const start = Math.floor(Math.random() * requests.length);
    client.setRequests([...requests.slice(start), ...requests.slice(0, start)]);
  };
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        url: { type: 'string', multiple: true, default: [] },
        duration: { type: 'string', default: '10' },
        connections: { type: 'string', default: '10' },
        rate: { type: 'string', default: '100' },
        json: { type: 'boolean', default: false },
      },
    });
    if (!values.url.length || !values.url.every((url) => URL.canParse(url))) {
      throw new Error('--url takes the URL of a server');
    }
    const urls = values.url.map((url) => new URL(url));
    if (new Set(urls.map((url) => url.origin)).size > 1) {
      throw new Error('--url takes one server only');
    }
    return {
      url: urls[0],
      paths: urls.map((url) => url.pathname + url.search),
      duration: number('duration', values.duration, 1),
      connections: number('connections', values.connections, 1),
      rate: number('rate', values.rate, 0),
      json: values.json,
    };
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(2);
  }
}

function number(name, text, least) {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`--${name} takes a whole number from ${least}, not ${JSON.stringify(text)}`);
}

async function main() {
  const { url, paths, duration, connections, rate, json } = readOptions();
  const requests = paths.length === 1 && paths[0] === '/' ? MIX : paths.map((path) => ({ path }));
  const run = autocannon({
    url: url.origin,
    duration,
    connections: rate ? Math.min(connections, rate) : connections,
    bailout: 100, // errors: a server that is gone ends the run
    // The latencies are those of the server: waiting for the slow routes of the mix is not added.
    ...(rate ? { overallRate: rate, ignoreCoordinatedOmission: true } : {}),
    requests,
    setupClient: startAnywhere(requests),
  });
  process.once('SIGINT', () => run.stop());
  process.once('SIGTERM', () => run.stop());
  const result = await run;

  const summary = {
    requests: result.requests.total,
    seconds: result.duration,
    rate: result.requests.total / result.duration,
    p50_ms: result.latency.p50,
    p99_ms: result.latency.p99,
    failed: result.non2xx,
    errors: result.errors,
  };
  if (json) console.log(JSON.stringify(summary));
  else {
    console.log(
      `${summary.requests} requests in ${summary.seconds} s (${summary.rate.toFixed(0)}/s), ` +
        `p50 ${summary.p50_ms} ms, p99 ${summary.p99_ms} ms, ` +
        `${summary.failed} failed, ${summary.errors} without an answer`,
    );
  }
  if (summary.requests === 0) {
    console.error(`${url.href} does not answer: is the server running there?`);
    process.exitCode = 1;
  }
}

main();
