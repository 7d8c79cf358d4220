'use strict';
// The probes bunyan:log-trace to bunyan:log-fatal as programs that run in this thread see them: one
// for each log method, of all loggers, with the record's line as argument. They are not on the bus,
// which has the records themselves.

const { Topic } = require('../agent/topic');
const { Firing } = require('../probes/firing');
const { LEVELS, nameFromLevel } = require('./levels');

const TYPES = ['char *'];

/** What a program needs of a probe: see probes/provider.js. */
class LogProbe {
  /** @param {string} level @param {Topic} topic that no peer can subscribe to */
  constructor(level, topic) {
    this.provider = { name: 'bunyan', module: 'bunyan' };
    this.name = `log-${level}`;
    this.types = TYPES;
    this.translated = false;
    this._topic = topic;
  }

  /** @param {string} value of a record's line */
  _plain(value) {
    return value;
  }
}

class LogProbes {
  /** @param {{bus: any, channels(): Iterable<import('./channel').LogChannel>}} agent */
  constructor(agent) {
    /** Bits of the log methods that a program wants. */
    this.traced = 0;
    this.probes = LEVELS.map((level, band) => {
      const name = nameFromLevel[level];
      const topic = new Topic(agent.bus, `probe.bunyan.log-${name}`, (live) => {
        this.traced = live > 0 ? this.traced | (1 << band) : this.traced & ~(1 << band);
        for (const channel of agent.channels()) channel.setTraced(this.traced);
      });
      return new LogProbe(name, topic);
    });
  }

  /**
   * Fires the probe of a log method.
   * @param {number} band @param {string} line the record as JSON with its "\n"
   */
  fire(band, line) {
    const probe = /** @type {any} */ (this.probes[band]);
    const firing = new Firing(probe, [line]);
    for (const watcher of probe._topic.watchers) watcher.fire(firing);
  }
}

module.exports = { LogProbes };
