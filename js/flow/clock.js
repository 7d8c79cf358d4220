'use strict';
// The time for flows. A reading of the system's clock costs as much as a whole operation of a flow,
// so while readings come in close succession one is used for the rest of the turn of the event loop.

const { performance } = require('node:perf_hooks');
const { exactClock } = require('./settings');
const { budget, refill } = require('./sites');

const CLOSE_MS = 0.05; // readings that are no further apart count as close succession
const WORTHWHILE = 3; // readings saved that pay for the immediate which ends the turn
const PATIENCE_MIN = 2; // readings in close succession before one is held
const PATIENCE_MAX = 1024;

let last = Number.NEGATIVE_INFINITY;
let close = 0;
let saved = 0;
let patience = 8;

/** While `held`, the reading serves for the rest of this turn; at its end `forget` runs. */
const turn = { held: false, forget: () => {} };

// An immediate keeps the loop from waiting, so what is held is never older than one turn.
function release() {
  turn.held = false;
  turn.forget();
  if (saved >= WORTHWHILE) patience = PATIENCE_MIN;
  else if (patience < PATIENCE_MAX) patience *= 2;
  saved = 0;
  close = PATIENCE_MIN - 1; // where it was worthwhile: the next two readings will tell
}

function read() {
  const now = performance.now();
  if (now - last > CLOSE_MS || exactClock) {
    close = 0;
  } else if (++close >= patience) {
    turn.held = true;
    close = 0;
    setImmediate(release);
  }
  last = now;
  if (now >= budget.until) refill(now);
  return now;
}

/** performance.now(), or what that was earlier in this turn of the event loop: ms. */
function now() {
  if (turn.held) {
    saved += 1;
    return last;
  }
  return read();
}

module.exports = { now, turn };
