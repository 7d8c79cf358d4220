'use strict';
// A logger of another make, as observers see it: under a name, by levels, as records in our form.
// Nothing of its own output changes.

const os = require('node:os');
const agent = require('../agent');
const { share } = require('./emit');
const { openProbes } = require('./kernel');
const { LOG_VERSION, recordLine } = require('./record');
const { recorderOptions } = require('./recorder');

const NAMED = new Set(['name', 'hostname', 'pid', 'level', 'msg', 'time', 'v']);

/** @typedef {import('./channel').Described} Described */

class Adopted {
  /**
   * @param {string} name
   * @param {Described} described
   * @param {any} recorder the option of that name, see docs/logging.md
   */
  constructor(name, described, recorder) {
    openProbes();
    this.name = name;
    this.channel = agent.channel(name);
    this.described = described; // which the channel holds weakly
    this.channel.add(described);
    const options = recorderOptions(recorder);
    if (options !== null) this.channel.record(options);
  }

  /** Whether anybody wants records of a level. @param {number} level */
  wants(level) {
    const { on } = this.channel;
    return on !== 0 && (on & (1 << bandOf(level))) !== 0;
  }

  /**
   * Shows a record to those who want it. Never throws.
   * @param {number} level
   * @param {Record<string, unknown>} fields
   * @param {unknown} message
   * @param {string} [time] ISO; now
   */
  show(level, fields, message, time = new Date().toISOString()) {
    try {
      /** @type {Record<string, unknown>} */
      const record = {
        name: fields.name ?? this.name,
        hostname: fields.hostname ?? os.hostname(),
        pid: fields.pid ?? process.pid,
      };
      record.level = level;
      for (const key of Object.keys(fields)) {
        if (!NAMED.has(key) && key !== '__proto__') record[key] = fields[key];
      }
      record.msg = String(message ?? '');
      record.time = time;
      record.v = LOG_VERSION;
      share(this.channel, bandOf(level), level, recordLine(record));
    } catch {
      // The application must not notice.
    }
  }
}

/** @param {number} level */
function bandOf(level) {
  return level >= 60 ? 5 : level >= 20 ? Math.floor(level / 10) - 1 : 0;
}

module.exports = { Adopted };
