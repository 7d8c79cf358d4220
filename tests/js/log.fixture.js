'use strict';
// Loggers without an agent: their channels are real, the bus behind them is a list of topics.

process.env.NODEOBS = 'off';
const agent = require('../../js/agent');
const log = require('../../js/log');
const { LogChannel } = require('../../js/log/channel');

/** A bus whose topics a test switches on and reads. */
class FakeBus {
  constructor() {
    this.topics = new Map();
  }

  topic(name, onlive) {
    const topic = { name, live: 0, lines: [], publish: (line) => topic.lines.push(line), onlive };
    this.topics.set(name, topic);
    return topic;
  }

  live(name, live) {
    const topic = this.topics.get(name);
    topic.live = live;
    topic.onlive(live);
    return topic;
  }
}

/** A stream that keeps what it gets. */
class Capture {
  constructor() {
    this.lines = [];
  }

  write(line) {
    this.lines.push(line);
    return true;
  }

  get records() {
    return this.lines.map((line) => JSON.parse(line));
  }

  get last() {
    return JSON.parse(this.lines.at(-1));
  }
}

/** Gives the loggers made during a test channels on a FakeBus, which it returns. */
function fakeBus(t) {
  const bus = new FakeBus();
  const channels = new Map();
  bus.marks = { started: 0, done: [] };
  const costs = {
    sample: () => ++bus.marks.started,
    done: (mark) => bus.marks.done.push(mark),
  };
  // Not t.mock: what it records of a call would keep the loggers alive.
  agent.channel = (name) => {
    if (!channels.has(name)) channels.set(name, new LogChannel(name, bus, costs));
    return channels.get(name);
  };
  t.after(() => delete agent.channel); // back to the method
  bus.channel = (name) => channels.get(name);
  return bus;
}

/** A logger at trace, or as the options say, and what it wrote. */
function captured(options = {}) {
  const stream = new Capture();
  const logger = log.createLogger({ name: 'app', stream, level: 'trace', ...options });
  return { logger, stream };
}

/** What is written to stderr during a test. */
function capturedStderr(t) {
  const written = [];
  t.mock.method(process.stderr, 'write', (text) => written.push(text) > 0);
  return written;
}

module.exports = { Capture, captured, capturedStderr, fakeBus, log };
