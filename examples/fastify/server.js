'use strict';

// A shop with fastify: its log is ours, its routes those of the restify example, and baskets that
// can be looked into. Nothing in it is about being traced: `nodeobs http` and `nodeobs latency` know
// fastify.
//
//   node server.js [--port 8080]

const { setTimeout: sleep } = require('node:timers/promises');
const { parseArgs } = require('node:util');
const fastify = require('fastify');
const nodeobs = require('nodeobs');

const { values: options } = parseArgs({ options: { port: { type: 'string' } } });

const log = nodeobs.createLogger({
  name: 'shop',
  level: 'info',
  serializers: {
    req: ({ method, url, ip }) => ({ method, url, ip }),
    res: ({ statusCode }) => ({ statusCode }),
    err: nodeobs.stdSerializers.err,
  },
});

const orders = new Map(); // number → order, the last hundred
nodeobs.registry.define('orders', {
  fields: ['taken', 'open'],
  inspect: (map) => ({
    taken: nextOrder - 1,
    open: [...map.values()].filter((order) => !order.paid).length,
    newest: [...map.values()].slice(-5),
  }),
});
nodeobs.registry.add('orders', orders, 'shop');
let nextOrder = 1;

const app = fastify({ loggerInstance: log });

// Who may ask is looked up once for each request, before its handler.
app.addHook('preHandler', async function authenticate(request) {
  request.log.trace({ token: request.headers.authorization ?? null }, 'authenticated');
});

app.get('/health', function health() {
  return { ok: true, uptime: process.uptime() };
});

app.get('/users/:id', async function getUser(request) {
  const id = Number(request.params.id);
  await sleep(1 + Math.random() * 4);
  request.log.debug({ user: id, cache: id % 3 ? 'hit' : 'miss' }, 'user found');
  return { id, name: `user ${id}` };
});

app.get('/report', async function report(request) {
  const rows = 1000 + Math.floor(Math.random() * 4000);
  await sleep(80 + Math.random() * 120);
  request.log.debug({ rows }, 'rows loaded');
  return { rows, total: rows * 17 };
});

app.post('/orders', async function createOrder(request, reply) {
  const order = { id: nextOrder++, item: 'book', quantity: 1, paid: false, ...request.body };
  orders.set(order.id, order);
  if (orders.size > 100) orders.delete(orders.keys().next().value);
  request.log.debug({ order }, 'order taken');
  reply.code(202);
  return { id: order.id };
});

app.post('/checkout', async function checkout() {
  await sleep(10 + Math.random() * 30);
  for (const order of orders.values()) order.paid = true;
  return { paid: true };
});

app.get('/flaky', async function flaky() {
  if (Math.random() < 0.1) throw new Error('the stock service did not answer');
  return { stock: Math.floor(Math.random() * 100) };
});

app.listen({ host: '127.0.0.1', port: Number(options.port ?? process.env.PORT ?? 0) }).then(() => {
  console.log(`shop listening on http://127.0.0.1:${app.server.address().port}`);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    log.info({ signal }, 'stopping');
    app.close();
    // Requests under way may finish; what is still open after a second is cut.
    setTimeout(() => app.server.closeAllConnections(), 1000).unref();
  });
}
