'use strict';
// Requests in flight, as frameworks know them: those among the examples' packages.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Client } = require('./client');
const { actor } = require('./observer');

const MAJOR = Number(process.versions.node.split('.')[0]);
const PACKAGES = path.join(__dirname, '../../examples/node_modules');

// Each has /v1/users/:id, which never answers, and tells when it is there.
const SERVERS = {
  express: (place) => `
    const express = require(${place});
    const [app, router] = [express(), express.Router()];
    app.use((req, res, next) => { req.id = 'id-' + req.get('x-number'); next(); });
    router.get('/users/:id', arrived);
    app.use('/v1', router);
    return require('node:http').createServer(app);`,
  'restify-11': (place) => `
    const server = require(${place}).createServer({ name: 'api' });
    server.use((req, res, next) => { req.getId(); next(); });
    server.get('/v1/users/:id', (req, res, next) => arrived(req));
    return server;`,
  'restify-12': (place) => `
    const server = require(${place}).createServer({ name: 'api' });
    server.use((req, res, next) => { req.getId(); next(); });
    server.get('/v1/users/:id', (req, res, next) => arrived(req));
    return server;`,
  fastify: (place) => `
    const app = require(${place})();
    app.get('/v1/users/:id', (request, reply) => arrived(request.raw));
    await app.ready();
    return app.server;`,
};
const EXPECTED = {
  express: { route: '/v1/users/:id', req_id: /^id-7$/ },
  'restify-11': { route: '/v1/users/:id', req_id: /^[0-9a-f-]{36}$/ },
  'restify-12': { route: '/v1/users/:id', req_id: /^[0-9a-f-]{36}$/ },
  // It keeps its route where nobody finds it afterwards.
  fastify: { route: null, req_id: /^the-request$/ },
};
const RUNS_ON = { 'restify-11': [20, 22], 'restify-12': [22, 99] };

for (const [name, server] of Object.entries(SERVERS)) {
  const place = path.join(PACKAGES, name);
  const [first, last] = RUNS_ON[name] ?? [20, 99];
  const missing = !fs.existsSync(path.join(place, 'package.json')) && `${name} is not installed`;
  const skip = MAJOR < first || MAJOR > last ? `does not run on Node ${MAJOR}` : missing;
  test(`${name}: route and id of a request in flight`, { skip }, async (t) => {
    const app = await actor(
      t,
      `
      async start() {
        const arrived = () => this.here();
        const make = async () => { ${server(JSON.stringify(place))} };
        const server = await make();
        await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
        this.port = (server.server ?? server).address().port;
      },
      ask() {
        const here = new Promise((resolve) => { this.here = resolve; });
        const headers = { 'x-number': '7', 'x-request-id': 'the-request' };
        require('node:http').get({ host: '127.0.0.1', port: this.port, path: '/v1/users/3?q=1', headers }).on('error', () => {});
        return here.then(() => null);
      },`,
    );
    await app.run('start');
    await app.run('ask');
    const dealer = await Client.open(t, app.socket, 'DEALER');
    const { objects } = await dealer.request('state.list', { type: 'request' });
    const { route, req_id, method, url } = objects.find(({ kind }) => kind === 'in');
    assert.deepEqual([method, url, route], ['GET', '/v1/users/3?q=1', EXPECTED[name].route]);
    assert.match(req_id, EXPECTED[name].req_id);
  });
}
