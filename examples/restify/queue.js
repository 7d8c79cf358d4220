'use strict';

// A work queue that can be looked into: with its own probes, and registered as inspectable state.

const nodeobs = require('nodeobs');

const provider = nodeobs.createProvider('orders');
const probes = {
  queued: provider.addProbe('order-queued', 'char *', 'int'), // id, orders ahead of it
  done: provider.addProbe('order-done', 'char *', 'int', 'json'), // id, milliseconds, the order
};
provider.enable();

nodeobs.registry.define('queue', {
  fields: ['length', 'pending', 'done'],
  inspect: (queue) => ({
    length: queue.length,
    pending: queue.pending.size,
    done: queue.done,
    workers: queue.workers,
    oldest: queue.waiting[0] ?? null,
  }),
});

class OrderQueue {
  constructor(log, workers = 2) {
    this.log = log;
    this.workers = workers;
    this.waiting = [];
    this.pending = new Map(); // id → order
    this.done = 0;
    this.nextId = 1;
    nodeobs.registry.add('queue', this, 'orders');
    // Single orders come and go too fast to be added one by one: callbacks list them when asked.
    nodeobs.registry.provide({
      list_types: () => ['order'],
      list_objects: () => [...this.pending.keys(), ...this.waiting.map((order) => order.id)],
      get: (_type, id) => this.pending.get(id) ?? this.waiting.find((order) => order.id === id),
    });
  }

  get length() {
    return this.waiting.length;
  }

  push(fields, log) {
    const order = { ...fields, id: `order-${this.nextId++}`, state: 'waiting', queued: Date.now() };
    log.debug({ order, ahead: this.length }, 'order queued');
    // The function runs only while somebody listens.
    probes.queued.fire(() => [order.id, this.length]);
    this.waiting.push(order);
    this.#work();
    return order;
  }

  #work() {
    if (this.pending.size >= this.workers || this.waiting.length === 0) return;
    const order = this.waiting.shift();
    order.state = 'pending';
    this.pending.set(order.id, order);
    setTimeout(() => this.#finish(order), 20 + Math.random() * 60);
  }

  #finish(order) {
    order.state = 'done';
    this.pending.delete(order.id);
    this.done += 1;
    probes.done.fire(() => [order.id, Date.now() - order.queued, order]);
    this.log.trace({ order_id: order.id, ms: Date.now() - order.queued }, 'order done');
    this.#work();
  }
}

module.exports = { OrderQueue };
