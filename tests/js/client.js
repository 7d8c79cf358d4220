'use strict';
// A small ZMTP client and real child processes for the tests of the agent.

const assert = require('node:assert/strict');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { GREETING, MORE, command, frame, property } = require('../../js/agent/zmtp');

const NODEOBS = path.join(__dirname, '../../js/index.js');

/** A directory of the test's own, gone after it. */
function runtimeDirectory(t) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'nodeobs-test-'));
  fs.chmodSync(directory, 0o700);
  t.after(() => fs.rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/**
 * Runs `source` in a child process with `nodeobs` required; resolves when its agent listens.
 * `said()` is the next thing it said by process.send.
 */
async function appIn(t, source, { env = {}, execArgv = [], stderr = 'inherit' } = {}) {
  const directory = runtimeDirectory(t);
  const script = path.join(directory, 'app.js');
  const start = `const nodeobs = require(${JSON.stringify(NODEOBS)});\n`;
  fs.writeFileSync(script, `${start}${source}\nprocess.send(nodeobs.agent.status());\n`);
  const child = fork(script, [], {
    env: { ...process.env, NODEOBS_RUNTIME_DIR: directory, ...env },
    execArgv,
    stdio: ['ignore', 'pipe', stderr, 'ipc'],
  });
  t.after(() => child.kill('SIGKILL'));
  const inbox = [];
  const waiting = [];
  child.on('message', (message) => {
    if (waiting.length > 0) waiting.shift()(message);
    else inbox.push(message);
  });
  const said = async () =>
    inbox.length > 0 ? inbox.shift() : new Promise((resolve) => waiting.push(resolve));
  const status = await said();
  return { child, directory, said, script, socket: status.endpoint, status };
}

class Client {
  static async raw(t, file) {
    for (;;) {
      const socket = net.connect(file);
      try {
        await once(socket, 'connect');
      } catch (error) {
        if (error.code === 'EAGAIN') continue; // the queue of connections to accept is full
        throw error;
      }
      socket.on('error', () => {});
      socket.resume();
      t.after(() => socket.destroy());
      return socket;
    }
  }

  static async open(t, file, type) {
    const client = new Client(await Client.raw(t, file));
    client.socket.write(Buffer.concat([GREETING, command('READY', property('Socket-Type', type))]));
    const [greeting, ready] = [await client.bytes(64), await client.frame()];
    assert.deepEqual(greeting, GREETING);
    assert.ok(ready.body.includes(type === 'SUB' ? 'XPUB' : 'ROUTER'));
    return client;
  }

  constructor(socket) {
    this.socket = socket;
    this.held = Buffer.alloc(0);
    this.wake = () => {};
    this.ids = 0;
    socket.on('data', (chunk) => {
      this.held = Buffer.concat([this.held, chunk]);
      this.wake();
    });
    socket.on('close', () => this.wake());
  }

  async bytes(count) {
    while (this.held.length < count) {
      assert.ok(!this.socket.destroyed, 'the agent hung up');
      await new Promise((resolve) => {
        this.wake = resolve;
      });
    }
    const bytes = this.held.subarray(0, count);
    this.held = this.held.subarray(count);
    return bytes;
  }

  async frame() {
    const flags = (await this.bytes(1))[0];
    const long = (flags & 2) !== 0;
    const length = long
      ? Number((await this.bytes(8)).readBigUInt64BE())
      : (await this.bytes(1))[0];
    return { flags, body: await this.bytes(length) };
  }

  /** The parts of the next message. */
  async message() {
    const parts = [];
    for (;;) {
      const { flags, body } = await this.frame();
      parts.push(body);
      if ((flags & MORE) === 0) return parts;
    }
  }

  send(parts) {
    const last = parts.length - 1;
    const frames = parts.map((part, i) => frame(i < last ? MORE : 0, Buffer.from(part)));
    this.socket.write(Buffer.concat(frames));
  }

  subscribe(prefix) {
    this.send([`\x01${prefix}`]);
  }

  cancel(prefix) {
    this.send([`\x00${prefix}`]);
  }

  command(name, data) {
    this.socket.write(command(name, Buffer.from(data)));
  }

  async answer(op, args = {}) {
    const id = ++this.ids;
    this.send([JSON.stringify({ ...args, id, op })]);
    const answer = JSON.parse((await this.message())[0]);
    assert.equal(answer.id, id);
    return answer;
  }

  async request(op, args) {
    const { ok, error } = await this.answer(op, args);
    assert.equal(error, undefined, JSON.stringify(error));
    return ok;
  }

  async refused(op, args) {
    const { ok, error } = await this.answer(op, args);
    assert.equal(ok, undefined, JSON.stringify(ok));
    return error;
  }

  /** The probes of the application: every process has Node's own besides. */
  async probes() {
    const { probes } = await this.request('probes');
    return probes.filter(({ provider }) => provider !== 'node');
  }

  /** Resolves when the agent has read everything that `other` sent: its PING came back. */
  async settled(other) {
    other.socket.write(command('PING', Buffer.from('\0\0mark', 'latin1')));
    while (!(await other.frame()).body.includes('\x04PONGmark'));
  }

  /** Asks again until the answer is yes. */
  async until(condition) {
    while (!(await condition())) await this.request('ping');
  }
}

module.exports = { Client, NODEOBS, appIn, runtimeDirectory };
