'use strict';
// vasync's two ways to make a work queue, and how operators get to see it.

const { checkSignal } = require('./abort');
const { now } = require('./clock');
const { labelText } = require('./flow');
const { queues } = require('./queues');
const { tracked } = require('./settings');
const { isDue, read } = require('./sites');
const { WorkQueue } = require('./work-queue');

/**
 * @param {WorkQueue} queue @param {{label?: any, signal?: any}} args @param {Function} method
 */
function register(queue, { label, signal }, method) {
  if (tracked) {
    now();
    if (isDue()) WorkQueue.locate(queue, read(method));
    queues.add(queue, labelText(label) ?? queue.worker_name);
  }
  if (signal === undefined || signal === null) return queue;
  const kill = () => queue.kill();
  if (signal.aborted) kill();
  else signal.addEventListener('abort', kill, { once: true });
  queue.once('end', () => signal.removeEventListener('abort', kill));
  return queue;
}

/**
 * @param {Function} worker @param {number} concurrency
 * @param {string} [label] what operators know it by; default: the worker's name
 */
function queue(worker, concurrency, label) {
  return register(new WorkQueue({ worker, concurrency }), { label }, queue);
}

/** @param {{worker: Function, concurrency: number, label?: string, signal?: AbortSignal}} args */
function queuev(args) {
  const made = new WorkQueue(args);
  checkSignal(args.signal);
  return register(made, args, queuev);
}

module.exports = { queue, queuev };
