'use strict';

// A server of one route with a handler before it, for latency.py and http_snoop.py.
//
//   node _frameworks.js express|restify
//
// Nothing of nodeobs is in it; it prints where it listens.

const path = require('node:path');

const MODULES = path.join(__dirname, '../examples/node_modules');
const [name] = process.argv.slice(2);
const answer = { hello: 'world' };

function express() {
  const app = require(path.join(MODULES, 'express'))();
  app.use((_req, _res, next) => next());
  app.get('/hello', (_req, res) => res.json(answer));
  return require('node:http').createServer(app);
}

function restify() {
  const [major] = process.versions.node.split('.');
  const server = require(
    path.join(MODULES, Number(major) < 22 ? 'restify-11' : 'restify-12'),
  ).createServer({ name: 'hello' });
  server.use((_req, _res, next) => next());
  server.get('/hello', (_req, res, next) => {
    res.send(answer);
    next();
  });
  return server;
}

const server = { express, restify }[name]();
server.listen(0, '127.0.0.1', () => {
  const { port } = (server.server ?? server).address();
  console.log(`${name} listening on http://127.0.0.1:${port}`);
});
