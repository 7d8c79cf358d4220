'use strict';

// Load on one URL, cheap enough not to be what is measured: a client that knows that all answers
// are of one size, and counts bytes. One line of JSON asks, one answers:
//
//   {"url":"http://127.0.0.1:8080/hello","seconds":2,"rate":1000,"connections":32}
//   {"requests":2000,"failed":0,"seconds":2.0,"p50_ms":0.08,"p99_ms":0.21}
//
// rate 0: every connection asks again as soon as it has its answer. Otherwise requests are due at a
// steady rate whatever becomes of the earlier ones, and one that has to wait for a free connection
// is counted from when it was due.

const net = require('node:net');
const readline = require('node:readline');

const MARGIN_MS = 2000; // how long the last answers may take

class Connection {
  /** @param {URL} url @param {Spell} spell */
  constructor(url, spell) {
    this.spell = spell;
    this.request = Buffer.from(`GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\n\r\n`);
    this.received = 0;
    this.due = 0;
    this.socket = net.connect(Number(url.port), url.hostname);
    this.socket.setNoDelay();
    this.socket.on('connect', () => spell.free(this));
    this.socket.on('data', (chunk) => this.#received(chunk));
    this.socket.on('error', (error) => spell.lost(this, error));
    this.socket.on('close', () => spell.lost(this, new Error('the server closed the connection')));
  }

  /** @param {number} due ms */
  ask(due) {
    this.due = due;
    this.socket.write(this.request);
  }

  /** @param {Buffer} chunk */
  #received(chunk) {
    if (this.received === 0 && chunk.toString('latin1', 0, 12) !== 'HTTP/1.1 200') {
      this.spell.failed += 1;
    }
    this.spell.size ||= answerSize(chunk);
    this.received += chunk.length;
    if (this.received < this.spell.size) return;
    this.received = 0;
    this.spell.answered(this);
  }
}

/** @param {Buffer} answer its beginning */
function answerSize(answer) {
  const text = answer.toString('latin1');
  const body = text.indexOf('\r\n\r\n') + 4;
  const length = /\r\ncontent-length: *(\d+)/i.exec(text);
  return length === null ? answer.length : body + Number(length[1]);
}

class Spell {
  /** @param {{url: string, seconds: number, rate: number, connections: number}} wish */
  constructor(wish) {
    this.rate = wish.rate;
    this.ms = wish.seconds * 1000;
    this.size = 0;
    this.failed = 0;
    this.latencies = [];
    this.idle = [];
    this.waiting = []; // due times of requests without a connection
    this.asked = 0;
    this.start = performance.now();
    this.ended = false;
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    const url = new URL(wish.url);
    this.connections = Array.from({ length: wish.connections }, () => new Connection(url, this));
    this.timers = [setTimeout(() => this.#end(), this.ms + (this.rate > 0 ? MARGIN_MS : 0))];
    if (this.rate > 0) this.timers.push(setInterval(() => this.#tick(), 1));
  }

  /** @param {Connection} connection */
  free(connection) {
    if (this.ended) return;
    if (this.rate === 0) connection.ask(performance.now());
    else if (this.waiting.length > 0) connection.ask(this.waiting.shift());
    else this.idle.push(connection);
  }

  /** @param {Connection} connection */
  answered(connection) {
    if (this.ended) return;
    this.latencies.push(performance.now() - connection.due);
    this.free(connection);
    if (this.rate > 0 && this.latencies.length >= (this.rate * this.ms) / 1000) this.#end();
  }

  /** @param {Connection} _connection @param {Error} error */
  lost(_connection, error) {
    if (this.ended) return;
    this.ended = true;
    this.#close();
    this.reject(error);
  }

  // The time at which the timer fires is the time at which requests are due: that it fires late
  // when this process had to wait for its CPU is not the server's doing.
  #tick() {
    const now = performance.now();
    const wanted = Math.min(now - this.start, this.ms) * (this.rate / 1000);
    for (; this.asked < Math.floor(wanted); this.asked += 1) {
      const connection = this.idle.pop();
      if (connection === undefined) this.waiting.push(now);
      else connection.ask(now);
    }
  }

  #end() {
    if (this.ended) return;
    this.ended = true;
    const seconds = (performance.now() - this.start) / 1000;
    this.#close();
    const sorted = Float64Array.from(this.latencies).sort();
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    this.resolve({
      requests: sorted.length,
      failed: this.failed,
      seconds,
      p50_ms: at(0.5) ?? 0,
      p99_ms: at(0.99) ?? 0,
    });
  }

  #close() {
    for (const timer of this.timers) clearTimeout(timer);
    for (const { socket } of this.connections) socket.destroy();
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    try {
      console.log(JSON.stringify(await new Spell(JSON.parse(line)).result));
    } catch (error) {
      console.log(JSON.stringify({ error: error.message }));
    }
  }
}

main();
