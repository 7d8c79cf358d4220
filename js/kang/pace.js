'use strict';
// The application's event loop is its own: work is done in slices, with a turn of the loop between.

const SLICE_MS = 5;
/** An unref'd immediate would wait until something else wakes the loop. */
const PAUSE_MS = 1;

class Pace {
  /** @param {number} ms that all of the work may take */
  constructor(ms) {
    this.end = performance.now() + ms;
    this.sliceEnd = performance.now() + SLICE_MS;
    /** Whether the slice is used up. */
    this.over = () => performance.now() >= this.sliceEnd;
  }

  /** Milliseconds that are left for all of it. */
  left() {
    return this.end - performance.now();
  }

  /** Lets the application go on, where it is time. */
  async pause() {
    if (!this.over()) return;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS).unref());
    this.sliceEnd = performance.now() + SLICE_MS;
  }
}

module.exports = { Pace };
