'use strict';
// What observers want of the loggers of one name: which levels are snooped or traced, and whether
// a temporary level from outside lies over the loggers' own. One channel serves all the loggers and
// children of its name in the thread, also those made by other copies of the package, so the
// fields `keep` and `on`, which every log call reads, are part of the agent's contract.

const { LEVELS, levelBits } = require('./levels');

const ALL = 0b111111;
const PRUNE_AT_LEAST = 32;
const STREAMS_SHOWN = 64;

/** @typedef {import('../agent/topic').Topic} Topic */

/**
 * What a channel shows of a root logger.
 * @typedef {object} Described
 * @property {() => {level: number, streams: StreamShown[]}} describe
 */

/** @typedef {{type: string, level: number, name: string | null}} StreamShown */

class LogChannel {
  /** @type {WeakRef<Described>[]} */
  #loggers = [];
  #pruneAt = PRUNE_AT_LEAST;
  /** @type {Topic[]} by level band: trace first */
  #topics = [];

  /**
   * @param {string} name of the loggers
   * @param {{topic(name: string, onlive: () => void): any}} bus
   * @param {{sample(): number, done(mark: number): void}} costs
   * @param {import('./probes').LogProbes} [probes] those that D programs see
   */
  constructor(name, bus, costs, probes) {
    this.name = name;
    this.costs = costs;
    this.probes = probes;
    /** Bits of a logger's own level mask that count: none while an override is set. */
    this.keep = ALL;
    /** Bits that are live whatever the logger's level is. */
    this.on = 0;
    /** Bits of the levels somebody has subscribed to. */
    this.snoop = 0;
    /** Bits of the log methods whose probes D programs want. */
    this.traced = probes?.traced ?? 0;
    /** @type {{level: number, until: string | null} | null} */
    this.override = null;
    /** Records written to a stream or published. */
    this.records = 0;
    for (const level of LEVELS) {
      this.#topics.push(bus.topic(`log.${level}.${name}`, () => this.#update()));
    }
    this.#update();
  }

  /**
   * Publishes a record if somebody wants its level.
   * @param {number} level of the record: any number, see the bands in docs/protocol.md
   * @param {string} line the record as JSON with its "\n"
   * @returns {boolean} whether somebody did
   */
  publish(level, line) {
    const band = level >= 60 ? 5 : level >= 20 ? Math.floor(level / 10) - 1 : 0;
    const topic = this.#topics[band];
    if (topic.live === 0) return false;
    topic.publish(line);
    return true;
  }

  /** @param {number} bits of the log methods whose probes D programs want */
  setTraced(bits) {
    this.traced = bits;
    this.#update();
  }

  /**
   * Lays a temporary level over the levels of all streams of all loggers of this name, or takes
   * it away again. No logger is changed by it.
   * @param {number | null} level
   * @param {string | null} [until] ISO time, only to be shown
   */
  setOverride(level, until = null) {
    this.override = level === null ? null : { level, until };
    this.#update();
  }

  /**
   * Shows a root logger in {@link describe} as long as it lives. It is held weakly.
   * @param {Described} logger
   */
  add(logger) {
    if (this.#loggers.length >= this.#pruneAt) {
      this.#loggers = this.#loggers.filter((ref) => ref.deref() !== undefined);
      this.#pruneAt = Math.max(PRUNE_AT_LEAST, 2 * this.#loggers.length);
    }
    this.#loggers.push(new WeakRef(logger));
  }

  /** The entry of the `loggers` request: the lowest level and all the streams of the name. */
  describe() {
    let lowest = Number.POSITIVE_INFINITY;
    /** @type {StreamShown[]} */
    const shown = [];
    for (const ref of this.#loggers) {
      const described = ref.deref()?.describe();
      if (described === undefined) continue;
      lowest = Math.min(lowest, described.level);
      shown.push(...described.streams.slice(0, STREAMS_SHOWN - shown.length));
    }
    return {
      name: this.name,
      level: Number.isFinite(lowest) ? lowest : null, // null: no streams, or no logger lives
      streams: shown,
      records: this.records,
      override: this.override,
      snooped: LEVELS.filter((_level, band) => this.snoop & (1 << band)),
    };
  }

  #update() {
    let snoop = 0;
    for (const [band, topic] of this.#topics.entries()) {
      if (topic.live > 0) snoop |= 1 << band;
    }
    this.snoop = snoop;
    this.keep = this.override === null ? ALL : 0;
    const forced = this.override === null ? 0 : levelBits(this.override.level);
    this.on = snoop | forced | this.traced;
  }
}

module.exports = { LogChannel };
