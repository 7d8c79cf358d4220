'use strict';
// A process of the tests that logs: `node log-writer.js ID LINES STREAM`, the last as JSON. Its
// lines go out in bursts, with turns of the event loop in between.

process.env.NODEOBS = 'off';
const { setImmediate: turn } = require('node:timers/promises');
const { createLogger } = require('../../js/log');

const BURST = 50;

async function main([id, lines, stream]) {
  const log = createLogger({ name: 'app', id, streams: [JSON.parse(stream)] });
  log.on('error', (error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
  const pad = 'é'.repeat(20);
  for (let n = 0; n < Number(lines); n += 1) {
    log.info({ n, pad }, 'line');
    if (n % BURST === 0) await turn();
  }
}

main(process.argv.slice(2));
