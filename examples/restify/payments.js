'use strict';

// The downstream service of the orders API: a second HTTP listener in this process, and its client.

const { once } = require('node:events');
const http = require('node:http');
const { json } = require('node:stream/consumers');

const agent = new http.Agent({ keepAlive: true });

async function startPayments(log) {
  const service = http.createServer((req, res) => {
    const amount = Number(new URL(req.url, 'http://payments').searchParams.get('amount'));
    setTimeout(
      () => {
        res.setHeader('content-type', 'application/json');
        res.end(JSON.stringify({ amount, authorized: amount < 8500 }));
      },
      10 + Math.random() * 30,
    );
  });
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
  const { port } = service.address();
  log.debug({ port }, 'payments service started');

  return {
    async authorize(amount, requestId) {
      const request = http.get(`http://127.0.0.1:${port}/authorize?amount=${amount}`, {
        agent,
        headers: { 'x-request-id': requestId },
      });
      const [response] = await once(request, 'response');
      return json(response);
    },
    close() {
      service.close();
      agent.destroy();
    },
  };
}

module.exports = { startPayments };
