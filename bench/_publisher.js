'use strict';

// The sender of delivery.py: `_publisher.js FILE` has an agent, and publishes the lines of FILE over
// and over when it is asked to, by a line of the form {"records":1000000}, as fast as the
// subscriber takes them: it waits while more than a part of the queue is full, so nothing is dropped.

const fs = require('node:fs');
const readline = require('node:readline');
const { createLogger } = require('..');
const agent = require('../js/agent');

const HELD = 4 << 20;
const TURN = 2000; // records between two looks at the queue

const log = createLogger({ name: 'bench', level: 'info' });
const topic = agent.bus.topic('log.20.bench');
const lines = fs
  .readFileSync(process.argv[2], 'utf8')
  .split('\n')
  .slice(0, -1)
  .map((line) => `${line}\n`);

function publish(records, done) {
  let sent = 0;
  (function turn() {
    if (agent.bus.held < HELD) {
      for (let i = 0; i < TURN && sent < records; i += 1, sent += 1) {
        topic.publish(lines[sent % lines.length]);
      }
    }
    if (sent < records) setImmediate(turn);
    else done();
  })();
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const asked = JSON.parse(line);
  publish(asked.records, () => console.log(JSON.stringify(asked)));
});
console.log(`${log.fields.name} is ready`);
