'use strict';

// An orders API with restify: fast, slow and failing routes, a downstream call and a work queue.
//
//   node -r nodeobs/register server.js [--port 8080] [--lose-order 10]
//
// With --lose-order, the worker of that order never calls back: `nodeobs state --stuck` finds it.
// restify looks for `dtrace-provider`; `-r nodeobs/register` gives it ours, so that its own probes
// (route-start, handler-done, …) can be seen. All the rest works without it.

const { setTimeout: sleep } = require('node:timers/promises');
const { parseArgs } = require('node:util');
const nodeobs = require('nodeobs');
const { OrderQueue } = require('./queue');
const { startPayments } = require('./payments');

// restify 12 needs Node 22. An application of yours says just require('restify').
const [major] = process.versions.node.split('.').map(Number);
const restify = require(major >= 22 ? 'restify-12' : 'restify-11');

const { values: options } = parseArgs({
  options: { port: { type: 'string' }, 'lose-order': { type: 'string' } },
});

// The level is info: debug and trace records cost a flag test, until somebody looks.
const log = nodeobs.createLogger({
  name: 'orders-api',
  level: 'info',
  serializers: nodeobs.stdSerializers,
});

const queue = new OrderQueue(log, { lose: Number(options['lose-order']) });

async function main() {
  const payments = await startPayments(log);
  const server = restify.createServer({ name: 'orders-api', log, dtrace: true });

  server.use(restify.plugins.requestLogger()); // req.log: a child of log with the request's id
  server.use(restify.plugins.queryParser());
  server.use(restify.plugins.bodyParser());
  server.on('after', (req, res) => {
    const latency = Date.now() - req.time();
    req.log.info({ req, res, latency }, '%s %s %d', req.method, req.url, res.statusCode);
  });

  server.get('/health', async function health(_req, res) {
    res.send({ ok: true, uptime: process.uptime() });
  });

  server.get('/users/:id', async function getUser(req, res) {
    const id = Number(req.params.id);
    req.log.trace({ sql: 'select * from users where id = $1', params: [id] }, 'query');
    await sleep(1 + Math.random() * 4);
    req.log.debug({ user: id, cache: id % 3 ? 'hit' : 'miss' }, 'user found');
    res.send({ id, name: `user ${id}` });
  });

  server.get('/report', loadRows, renderReport);

  server.post('/orders', async function createOrder(req, res) {
    if (queue.length >= 1000) return res.send(503, { error: 'too many orders are waiting' });
    const order = queue.push({ item: 'book', quantity: 1, ...req.body }, req.log);
    res.send(202, { id: order.id, ahead: queue.length });
  });

  server.post('/checkout', async function checkout(req, res) {
    // Whatever waits, at which of its steps and for whom, shows in `nodeobs state flow`.
    const { successes } = await nodeobs.vasync.pipeline({
      label: 'checkout',
      arg: {},
      funcs: [
        async function price(order) {
          order.amount = Math.ceil(Math.random() * 9000);
        },
        async function authorize(order) {
          return payments.authorize(order.amount, req.getId());
        },
      ],
    });
    const [, answer] = successes;
    req.log.debug({ answer }, 'payment authorized');
    res.send(answer);
  });

  server.get('/flaky', async function flaky(_req, res) {
    if (Math.random() < 0.1) throw new Error('the stock service did not answer');
    res.send({ stock: Math.floor(Math.random() * 100) });
  });

  server.on('restifyError', (req, _res, err, done) => {
    req.log.error({ err }, 'request failed');
    done();
  });

  server.listen(Number(options.port ?? process.env.PORT ?? 0), '127.0.0.1', () => {
    console.log(`orders-api listening on ${server.url}`);
  });

  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      log.info({ signal }, 'stopping');
      server.close();
      payments.close();
      // Requests under way may finish; what is still open after a second is cut.
      setTimeout(() => server.server.closeAllConnections(), 1000).unref();
    });
  }
}

async function loadRows(req, _res) {
  const rows = 1000 + Math.floor(Math.random() * 4000);
  await sleep(60 + Math.random() * 100);
  req.log.debug({ rows, table: 'orders' }, 'rows loaded');
  req.rows = rows;
}

async function renderReport(req, res) {
  const started = performance.now();
  await sleep(20 + Math.random() * 20);
  req.log.trace({ template: 'monthly', ms: performance.now() - started }, 'rendered');
  res.send({ rows: req.rows, total: req.rows * 17 });
}

main();
