'use strict';

// A process with many objects that says how long its event loop stood still, and what a mark on a
// request costs. It answers lines of JSON:
//
//   {"op":"objects","count":100000}   registers them; {"url"} of the same for kang
//   {"op":"watch"}                    from now on; {}
//   {"op":"pause"}                    {"pause_ms","turns"}: the longest one since
//   {"op":"mark","count":1000000}     {"ns"} that the mark on a request of HTTP takes
//
// The turns of the loop are counted by one immediate after the other, so none is missed.

const channels = require('node:diagnostics_channel');
const http = require('node:http');
const net = require('node:net');
const readline = require('node:readline');

const CHANNEL = 'http.server.request.start';
const CONNECTIONS = 32;

const objects = new Map();
let longest = 0;
let turns = 0;
let watching = false;

function turn(last) {
  if (!watching) return;
  const now = performance.now();
  longest = Math.max(longest, now - last);
  turns += 1;
  setImmediate(turn, now);
}

/** ns for each publishing of the start of a request, as node:http does it. @param {number} count */
function publish(count) {
  const channel = channels.channel(CHANNEL);
  const sockets = Array.from({ length: CONNECTIONS }, () => new net.Socket());
  const requests = sockets.map((socket) => new http.IncomingMessage(socket));
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 5; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < count; i++) {
      const at = i % CONNECTIONS;
      if (channel.hasSubscribers) {
        channel.publish({
          request: requests[at],
          response: requests[at],
          socket: sockets[at],
          server: null,
        });
      }
    }
    best = Math.min(best, Number(process.hrtime.bigint() - start) / count);
  }
  return best;
}

const ops = {
  async objects({ count }) {
    const nodeobs = require('..');
    nodeobs.registry.define('job', { fields: ['state', 'tries'] });
    for (let i = 0; i < count; i++) {
      const job = {
        state: 'waiting',
        tries: i % 5,
        payload: { name: `job ${i}`, parts: [i, i + 1] },
      };
      objects.set(String(i), job);
      nodeobs.registry.add('job', job, i);
    }
    return { url: await kangs() };
  },
  watch() {
    longest = 0;
    turns = 0;
    watching = true;
    setImmediate(turn, performance.now());
    return {};
  },
  pause() {
    watching = false;
    return { pause_ms: longest, turns };
  },
  mark({ count }) {
    const without = publish(count);
    require('..');
    return { ns: publish(count) - without };
  },
};

/** The same objects as kang serves them; null where it does not run on this Node.js. */
async function kangs() {
  process.removeAllListeners('warning');
  try {
    const server = await startKang(require('kang'));
    return `http://127.0.0.1:${server.address().port}/kang/snapshot`;
  } catch {
    return null;
  }
}

function startKang(kang) {
  const options = {
    uri_base: '/kang',
    host: '127.0.0.1',
    port: 0,
    service_name: 'bench',
    version: '1',
    ident: 'bench',
    list_types: () => ['job'],
    list_objects: () => [...objects.keys()],
    get: (_type, id) => objects.get(id),
    stats: () => ({}),
  };
  return new Promise((resolve, reject) => {
    kang.knStartServer(options, (error, server) => (error ? reject(error) : resolve(server)));
  });
}

readline.createInterface({ input: process.stdin }).on('line', async (line) => {
  const { op, ...given } = JSON.parse(line);
  let answer;
  try {
    answer = await ops[op](given);
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
