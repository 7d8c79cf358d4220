'use strict';
// What the tests of kang share: servers, and getting from them.

const { once } = require('node:events');
const http = require('node:http');
const { knStartServer } = require('../../js/kang/kang');

/** Starts ours with these options; resolves to what a client needs. */
function started(t, args = {}) {
  return new Promise((resolve, reject) => {
    const server = knStartServer({ port: 0, ref: true, ...args }, (error) => {
      if (error) reject(error);
      else resolve({ server, port: server.address().port });
    });
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
  });
}

async function listening(t, handler) {
  const server = http.createServer(handler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return server.address().port;
}

/** Status, headers, text and, where it is JSON, data. */
function get(port, path, { method = 'GET', headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const options = { port, path, method, headers, host: '127.0.0.1', agent: false };
    const request = http.request(options, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        let data;
        try {
          data = JSON.parse(text);
        } catch {
          data = undefined;
        }
        resolve({ status: response.statusCode, headers: response.headers, text, data });
      });
    });
    request.on('error', reject);
    request.end();
  });
}

const source = (port) => ({ protocol: 'http', host: '127.0.0.1', port, path: '/kang/snapshot' });

/** kang itself; its restify 4 does not load from Node 24 on. */
const MAJOR = Number(process.versions.node.split('.')[0]);
const kangSkip = MAJOR >= 24 && `kang's restify 4 does not load on Node ${MAJOR}`;

module.exports = { get, kangSkip, listening, source, started };
