'use strict';

// An application that fires a probe at an even pace, for programs.py.
//
//   node _probes.js
//
// Prints `ready`, then answers lines {"firings": N} with {"fired": N} when that is done. Each turn
// of the event loop fires a few, as the requests of a server would.

const { createInterface } = require('node:readline');
const nodeobs = require('..');

const EACH_TURN = 100;
const TURN_MS = 2;

const provider = nodeobs.createProvider('bench', 'trace');
const done = provider.addProbe('done', 'int', 'char *', 'int', 'char *');
provider.enable();

const routes = [
  'getuser',
  'putuser',
  'listusers',
  'getorder',
  'putorder',
  'ping',
  'login',
  'logout',
];
let number = 0;

// Microseconds, route, status, URL: what a server would tell of a request.
function values(i) {
  return [
    (i * 7919) % 50000,
    routes[i % routes.length],
    200 + (i % 3),
    `/users/${i % 1000}?full=yes`,
  ];
}

function fire(count) {
  for (let i = 0; i < count; i += 1) {
    number += 1;
    done.fire(values, number);
  }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { firings } = JSON.parse(line);
  let left = firings;
  const timer = setInterval(() => {
    fire(Math.min(EACH_TURN, left));
    left -= EACH_TURN;
    if (left > 0) return;
    clearInterval(timer);
    console.log(JSON.stringify({ fired: firings }));
  }, TURN_MS);
});
console.log('ready');
