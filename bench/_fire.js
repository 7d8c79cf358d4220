'use strict';

// A probe that is fired when it is asked to: `node _fire.js PROVIDER TYPES`
//
// TYPES has a letter for each argument: i for an int, s for a string. Prints where a tracer can
// attach, as {"path":…,"offset":…}, then answers lines of the form {"firings":20000}: whether one
// was attached in the end, and seconds, those of the CPU until everything was sent. Between two
// turns of the event loop there are TURN firings.

const readline = require('node:readline');
const { createProvider } = require('..');
const agent = require('../js/agent');

const TURN = 500;
const AGAIN_MS = 5; // between two looks at a queue that is not empty

const DECLARED = { i: 'int', s: 'char *' };
const VALUES = { i: 'i', s: 'url' };

const [name, types = ''] = process.argv.slice(2);
const provider = createProvider(name);
const probe = provider.addProbe('fire', ...[...types].map((letter) => DECLARED[letter]));
provider.enable();

const values = [...types].map((letter) => VALUES[letter]).join(', ');
const loop = new Function(
  'probe',
  'firings',
  'url',
  `'use strict'; for (let i = 0; i < firings; i += 1) probe.fire(() => [${values}]);`,
);

/** @param {number} firings @param {() => void} done */
function fire(firings, done) {
  let left = firings;
  (function turn() {
    const now = Math.min(TURN, left);
    loop(probe, now, '/orders/1234/items');
    left -= now;
    if (left > 0) setImmediate(turn);
    else sent(done);
  })();
}

/** Waits until all has left. @param {() => void} done */
function sent(done) {
  agent.bus.flush();
  if (agent.bus.held > 0) setTimeout(sent, AGAIN_MS, done);
  else done();
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const wall = process.hrtime.bigint();
  const cpu = process.cpuUsage();
  fire(JSON.parse(line).firings, () => {
    const { user, system } = process.cpuUsage(cpu);
    const answer = {
      attached: Boolean(probe.describe().kernel.attached),
      wall_s: Number(process.hrtime.bigint() - wall) / 1e9,
      cpu_s: (user + system) / 1e6,
    };
    console.log(JSON.stringify(answer));
  });
});
const { path, offset, reason } = probe.describe().kernel;
console.log(JSON.stringify({ path, offset, reason }));
