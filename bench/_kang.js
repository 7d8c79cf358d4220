'use strict';
// One side of kang.js: a server with many objects, and a client in a process of its own. Both are
// measured by the CPU time of the server's process, which others on the machine do not add to.

const { fork } = require('node:child_process');
const http = require('node:http');

const WARM_UP = 6;
const SNAPSHOTS = 10;

function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** @param {number[]} values */
function middle(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

function serve() {
  const [, , side, objects, bytes] = process.argv;
  const { knStartServer } = require(side === 'kang' ? 'kang' : '../js/kang/kang');
  const ids = Array.from({ length: Number(objects) }, (_, i) => `object ${i}`);
  const text = 'x'.repeat(Number(bytes));
  const options = {
    uri_base: '/kang',
    service_name: 'bench',
    version: '1',
    ident: 'one',
    list_types: () => ['thing'],
    list_objects: () => ids,
    get: (_type, id) => ({
      id,
      text,
      a: 1,
      b: 2,
      c: [1, 2, 3],
      d: null,
      e: true,
      f: 'f',
      g: {},
      h: 'h',
    }),
    port: 0,
    host: '127.0.0.1',
    ref: true,
  };
  knStartServer(options, (_error, server) => {
    const client = fork(__filename, ['client', server.address().port]);
    let last = 0;
    let stall = 0;
    let begun = 0;
    let turning = false;
    const turn = () => {
      const now = cpu();
      stall = Math.max(stall, now - last);
      last = now;
      if (turning) setImmediate(turn);
    };
    /** @type {number[]} */
    const stalls = [];
    /** @type {number[]} */
    const costs = [];
    client.on('message', (length) => {
      turning = false;
      if (length !== null) {
        stalls.push(stall);
        costs.push(cpu() - begun);
      }
      if (stalls.length < WARM_UP + SNAPSHOTS) {
        // Every other snapshot is for the cost: looking at the clock in every turn costs as well.
        turning = stalls.length % 2 === 0;
        begun = cpu();
        last = begun;
        stall = 0;
        if (turning) setImmediate(turn);
        client.send('ask');
        return;
      }
      const of = (values, odd) => values.filter((_, i) => i >= WARM_UP && i % 2 === odd);
      console.log(
        JSON.stringify({ stall: middle(of(stalls, 0)), took: middle(of(costs, 1)), length }),
      );
      process.exit();
    });
  });
}

function ask() {
  const port = Number(process.argv[3]);
  process.on('message', () => {
    http.get({ port, host: '127.0.0.1', path: '/kang/snapshot', agent: false }, (response) => {
      let length = 0;
      response.on('data', (chunk) => {
        length += chunk.length;
      });
      response.on('end', () => process.send(length));
    });
  });
  process.on('disconnect', () => process.exit());
  process.send(null);
}

if (process.argv[2] === 'client') ask();
else serve();
