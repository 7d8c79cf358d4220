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
  /** @type {Set<() => void>} */
  #watchers = new Set();

  /**
   * @param {string} name of the loggers
   * @param {{topic(name: string, onlive: () => void): any, count?: number}} bus
   * @param {{sample(): number, done(mark: number): void}} costs
   * @param {import('./probes').LogProbes} [probes] those that D programs see
   * @param {import('./recorder').Recorder | null} [recorder]
   */
  constructor(name, bus, costs, probes, recorder = null) {
    this.name = name;
    this.bus = bus;
    this.costs = costs;
    this.probes = probes;
    this.flight = recorder;
    /** @type {import('./recorder').Recorder | null} null: none of our records are kept */
    this.recorder = recorder;
    /** Bits of the levels whose records are kept whether they are logged or not. */
    this.recorded = 0;
    /** The number of the record published last. */
    this.number = -1;
    /** Bits of a logger's own level mask that count: none while an override is set. */
    this.keep = ALL;
    /** Bits that are live whatever the logger's level is. */
    this.on = 0;
    /** Bits of the levels somebody has subscribed to. */
    this.snoop = 0;
    /** Bits of the log methods whose probes D programs want. */
    this.traced = probes?.traced ?? 0;
    /** @type {{level: number, until: string | null, stream?: string} | null} */
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
    this.number = (this.bus.count ?? 0) - 1;
    return true;
  }

  /** What of our records is kept from now on. @param {import('./recorder').RecorderOptions} options */
  record({ level, records, bytes, onCrash }) {
    const { flight } = this;
    if (flight === null) return;
    this.recorder = level < 0 ? null : flight;
    this.recorded = level < 0 ? 0 : levelBits(level);
    if (level >= 0) flight.on = true;
    if (records !== undefined || bytes !== undefined) flight.limit({ records, bytes });
    if (onCrash !== undefined) flight.writeOnCrash(onCrash);
    this.#update();
  }

  /** @param {number} bits of the log methods whose probes D programs want */
  setTraced(bits) {
    this.traced = bits;
    this.#update();
  }

  /**
   * Lays a temporary level over the levels of all streams of all loggers of this name, or of those
   * with one name, or takes it away again. No logger is changed by it.
   * @param {number | null} level
   * @param {string | null} [until] ISO time, only to be shown
   * @param {string | null} [stream] null: all
   */
  setOverride(level, until = null, stream = null) {
    const only = stream === null ? {} : { stream };
    this.override = level === null ? null : { level, until, ...only };
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

  /** @param {() => void} changed told when `on` may have changed */
  watch(changed) {
    this.#watchers.add(changed);
    changed();
  }

  /** @param {() => void} changed */
  unwatch(changed) {
    this.#watchers.delete(changed);
  }

  #update() {
    let snoop = 0;
    for (const [band, topic] of this.#topics.entries()) {
      if (topic.live > 0) snoop |= 1 << band;
    }
    this.snoop = snoop;
    this.keep = this.override === null || this.override.stream !== undefined ? ALL : 0;
    const forced = this.override === null ? 0 : levelBits(this.override.level);
    this.on = snoop | forced | this.traced | this.recorded;
    for (const changed of this.#watchers) changed();
  }
}

module.exports = { LogChannel };
