'use strict';
// Temporary log levels. Each ends with its time limit or with the connection that set it, and
// nothing in a logger was changed: the override lies over the level and is taken away again.

const { clearTimeout, setTimeout } = require('node:timers');

/**
 * @typedef {object} Override
 * @property {import('./peer').Peer} peer
 * @property {string | null} logger null: every logger, those made later included
 * @property {string | null} stream null: all of its streams
 * @property {number} level
 * @property {string | null} until ISO; null: while connected
 * @property {NodeJS.Timeout | null} timer
 */

/** @typedef {import('../log/channel').LogChannel} LogChannel */

class Overrides {
  /** @param {import('./agent').Agent} agent */
  constructor(agent) {
    this.agent = agent;
    /** @type {Override[]} in the order they were set: the last that covers a logger counts */
    this.active = [];
  }

  /**
   * @param {import('./peer').Peer} peer who asks
   * @param {LogChannel[]} channels whose level changes now
   * @param {string | null} logger null: all
   * @param {number | null} level null: ends what this peer set
   * @param {number | null} forMs null: while connected
   * @param {string | null} [stream] null: all of the loggers' streams
   */
  set(peer, channels, logger, level, forMs, stream = null) {
    const before = channels.map((channel) => effectiveLevel(channel, stream));
    const until =
      level === null || forMs === null ? null : new Date(Date.now() + forMs).toISOString();
    this.#end((other) => other.peer === peer && (logger === null || other.logger === logger));
    if (level !== null) this.#begin({ peer, logger, stream, level, until, timer: null }, forMs);
    const changed = channels.map((channel, i) => ({
      name: channel.name,
      from: before[i],
      to: effectiveLevel(channel, stream),
    }));
    return { changed, until };
  }

  /** What a logger's channel is under now. @param {LogChannel} channel */
  apply(channel) {
    const override = this.active.findLast(
      ({ logger }) => logger === null || logger === channel.name,
    );
    channel.setOverride(override?.level ?? null, override?.until ?? null, override?.stream ?? null);
  }

  /** @param {Override} override @param {number | null} forMs */
  #begin(override, forMs) {
    if (!this.active.some(({ peer }) => peer === override.peer)) {
      override.peer.endings.push(() => this.#end(({ peer }) => peer === override.peer));
    }
    if (forMs !== null) {
      const { costs } = this.agent;
      override.timer = setTimeout(() => {
        costs.guard(() => this.#end((other) => other === override));
      }, forMs);
      override.timer.unref();
    }
    this.active.push(override);
    this.#changed(override, override.level);
  }

  /** @param {(override: Override) => boolean} which */
  #end(which) {
    const ended = this.active.filter(which);
    this.active = this.active.filter((override) => !which(override));
    for (const override of ended) {
      if (override.timer !== null) clearTimeout(override.timer);
      this.#changed(override, null);
    }
  }

  /** @param {Override} override @param {number | null} level */
  #changed(override, level) {
    for (const channel of this.agent.channels()) this.apply(channel);
    this.agent.announce('level', { logger: override.logger, level });
  }
}

/** @param {LogChannel} channel @param {string | null} stream @returns {number | null} */
function effectiveLevel(channel, stream) {
  const { override, level, streams } = channel.describe();
  if (stream === null) return (override?.stream === undefined ? override?.level : null) ?? level;
  if (override && (override.stream ?? stream) === stream) return override.level;
  return streams.find(({ name }) => name === stream)?.level ?? null;
}

module.exports = { Overrides };
