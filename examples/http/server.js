'use strict';

// Plain node:http, alone or in worker threads, each with a listener, a logger and an endpoint of
// its own. The benchmarks measure with this one.
//
//   node server.js [--port 8080] [--workers N] [--debug-records N] [--no-nodeobs]
//
// With workers, the first takes the port given, the next one the port after it, and so on.

const http = require('node:http');
const { parseArgs } = require('node:util');
const { Worker, isMainThread, parentPort, threadId, workerData } = require('node:worker_threads');

const USAGE = 'usage: server.js [--port N] [--workers N] [--debug-records N] [--no-nodeobs]';

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: process.env.PORT ?? '0' },
        workers: { type: 'string', default: '0' },
        'debug-records': { type: 'string', default: '0' },
        'no-nodeobs': { type: 'boolean', default: false },
      },
    });
    return {
      port: number('port', values.port),
      workers: number('workers', values.workers),
      debugRecords: number('debug-records', values['debug-records']),
      nodeobs: !values['no-nodeobs'],
    };
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(2);
  }
}

function number(name, text) {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new Error(`--${name} takes a number, not ${JSON.stringify(text)}`);
}

function createLog(options) {
  if (!options.nodeobs) return { debug() {}, info() {} };
  const nodeobs = require('nodeobs');
  return nodeobs.createLogger({ name: isMainThread ? 'greeter' : `greeter-${threadId}` });
}

/** Serves until the function it returns is called. */
function serve(options, port, announce) {
  const log = createLog(options);
  const answer = JSON.stringify({ hello: 'world' });
  let requests = 0;
  const server = http.createServer((req, res) => {
    requests += 1;
    for (let step = 1; step <= options.debugRecords; step += 1) {
      log.debug({ step, requests, method: req.method, url: req.url }, 'greeting');
    }
    res.setHeader('content-type', 'application/json');
    res.end(answer);
  });
  server.listen(port, '127.0.0.1', () => {
    announce(`greeter listening on http://127.0.0.1:${server.address().port}`);
  });
  return () => {
    log.info({ requests }, 'stopping');
    server.close();
    server.closeAllConnections();
  };
}

function main() {
  const options = readOptions();
  const stops = [];
  if (options.workers === 0) stops.push(serve(options, options.port, console.log));
  for (let index = 0; index < options.workers; index += 1) {
    const port = options.port && options.port + index;
    const worker = new Worker(__filename, { workerData: { options, port } });
    worker.on('message', console.log);
    stops.push(() => worker.postMessage('stop'));
  }
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      for (const stop of stops) stop();
    });
  }
}

if (isMainThread) {
  main();
} else {
  const stop = serve(workerData.options, workerData.port, (line) => parentPort.postMessage(line));
  parentPort.once('message', stop);
}
