'use strict';

// A work queue that can be looked into: nodeobs's vasync shows it and its tasks as the type `queue`,
// single orders are shown as `order`, and it has probes of its own.

const nodeobs = require('nodeobs');

const provider = nodeobs.createProvider('orders');
const probes = {
  queued: provider.addProbe('order-queued', 'char *', 'int'), // id, orders ahead of it
  done: provider.addProbe('order-done', 'char *', 'int', 'json'), // id, milliseconds, the order
};
provider.enable();

class OrderQueue {
  /**
   * @param {object} log
   * @param {{workers?: number, lose?: number}} [options] lose: the number of an order that is never
   *   done, as if its worker had forgotten to call back
   */
  constructor(log, { workers = 2, lose = 0 } = {}) {
    this.log = log;
    this.lose = `order-${lose}`;
    this.orders = new Map(); // id → order that is waiting or pending
    this.nextId = 1;
    const fulfil = (order, done) => this.#fulfil(order, done);
    this.queue = nodeobs.vasync.queuev({ worker: fulfil, concurrency: workers, label: 'orders' });
    // Orders come and go too fast to be added one by one: whoever looks sees what is in the Map.
    nodeobs.registry.register('order', this.orders, { fields: ['state', 'item', 'quantity'] });
  }

  get length() {
    return this.queue.length();
  }

  push(fields, log) {
    const order = { ...fields, id: `order-${this.nextId++}`, state: 'waiting', queued: Date.now() };
    log.debug({ order, ahead: this.length }, 'order queued');
    // The function runs only while somebody listens.
    probes.queued.fire(() => [order.id, this.length]);
    this.orders.set(order.id, order);
    this.queue.push(order, () => this.#finished(order));
    return order;
  }

  #fulfil(order, done) {
    order.state = 'pending';
    if (order.id === this.lose) return; // the fault that `nodeobs state --stuck` is for
    setTimeout(done, 20 + Math.random() * 60);
  }

  #finished(order) {
    order.state = 'done';
    this.orders.delete(order.id);
    probes.done.fire(() => [order.id, Date.now() - order.queued, order]);
    this.log.trace({ order_id: order.id, ms: Date.now() - order.queued }, 'order done');
  }
}

module.exports = { OrderQueue };
