'use strict';

// A product catalogue with express: request ids in the log, a cache that can be looked into, and a
// probe of its own.
//
//   node server.js [--port 8080]

const { randomUUID } = require('node:crypto');
const { setTimeout: sleep } = require('node:timers/promises');
const { parseArgs } = require('node:util');
const express = require('express');
const nodeobs = require('nodeobs');

const { values: options } = parseArgs({ options: { port: { type: 'string' } } });

const log = nodeobs.createLogger({
  name: 'catalog',
  level: 'info',
  serializers: nodeobs.stdSerializers,
});

const provider = nodeobs.createProvider('catalog');
const lookup = provider.addProbe('cache-lookup', 'char *', 'int', 'int'); // key, hit, entries
provider.enable();

const cache = new Map(); // product id → product
nodeobs.registry.define('cache', {
  fields: ['entries'],
  inspect: (map) => ({ entries: map.size, newest: [...map.keys()].slice(-5) }),
});
nodeobs.registry.add('cache', cache, 'products');

async function findProduct(id, requestLog) {
  const known = cache.get(id);
  lookup.fire(() => [id, known ? 1 : 0, cache.size]);
  if (known) return known;
  requestLog.trace({ sql: 'select * from products where id = $1', params: [id] }, 'query');
  await sleep(5 + Math.random() * 20);
  const product = { id, name: `product ${id}`, price: (Number(id) % 90) + 10 };
  cache.set(id, product);
  if (cache.size > 100) cache.delete(cache.keys().next().value);
  return product;
}

const app = express();

app.use(function logging(req, res, next) {
  const started = performance.now();
  req.log = log.child({ req_id: randomUUID() });
  req.log.debug({ req }, 'request');
  res.on('finish', () => {
    req.log.info({ res, url: req.originalUrl, ms: performance.now() - started }, 'handled');
  });
  next();
});

app.get('/health', function health(_req, res) {
  res.json({ ok: true });
});

app.get('/products/:id', async function getProduct(req, res) {
  const product = await findProduct(req.params.id, req.log);
  req.log.debug({ product }, 'product found');
  res.json(product);
});

app.get('/broken', function broken(_req, _res) {
  throw new Error('this route always fails');
});

app.use(function failed(err, req, res, _next) {
  req.log.error({ err }, 'request failed');
  res.status(500).json({ error: err.message });
});

const server = app.listen(Number(options.port ?? process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`catalog listening on http://127.0.0.1:${server.address().port}`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    log.info({ signal }, 'stopping');
    server.close();
    // Requests under way may finish; what is still open after a second is cut.
    setTimeout(() => server.closeAllConnections(), 1000).unref();
  });
}
