'use strict';
// `require('nodeobs/vasync')` in the place of `require('vasync')`: its functions, one by one, so that
// `import { pipeline }` finds them too.

const { barrier } = require('./barrier');
const { filter, filterLimit, filterSeries } = require('./filter');
const { forEachParallel, parallel } = require('./parallel');
const { forEachPipeline, pipeline } = require('./pipeline');
const { queue, queuev } = require('./queue');
const { tracked } = require('./settings');
const { setTrace, trace } = require('./twice');
const { tryEach, waterfall } = require('./waterfall');
const { whilst } = require('./whilst');

if (tracked) require('./sources').register();

module.exports.parallel = parallel;
module.exports.forEachParallel = forEachParallel;
module.exports.pipeline = pipeline;
module.exports.tryEach = tryEach;
module.exports.forEachPipeline = forEachPipeline;
module.exports.filter = filter;
module.exports.filterLimit = filterLimit;
module.exports.filterSeries = filterSeries;
module.exports.whilst = whilst;
module.exports.queue = queue;
module.exports.queuev = queuev;
module.exports.barrier = barrier;
module.exports.waterfall = waterfall;

Object.defineProperty(module.exports, 'trace', {
  get: () => trace.all,
  set: (/** @type {unknown} */ on) => setTrace(Boolean(on)),
  enumerable: false,
});
