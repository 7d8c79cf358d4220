'use strict';
// An observer of Node's own probes, and an application that does things when it is told to.

const { Client, appIn } = require('./client');

class Observer {
  /** Subscribed, and the hooks are in, when it resolves. */
  static async of(t, socket, ...prefixes) {
    const observer = new Observer(await Client.open(t, socket, 'SUB'));
    observer.dealer = await Client.open(t, socket, 'DEALER');
    for (const prefix of prefixes) observer.sub.subscribe(prefix);
    await observer.dealer.settled(observer.sub);
    return observer;
  }

  constructor(sub) {
    this.sub = sub;
    /** Firings that nobody has asked for yet. */
    this.firings = [];
  }

  /** Reads one more message. */
  async #read() {
    const [, , payload] = await this.sub.message();
    for (const line of String(payload).split('\n')) {
      if (line !== '') this.firings.push(JSON.parse(line));
    }
  }

  /** The next firing of a probe for which `wanted` is true; the others stay. */
  async next(probe, wanted = () => true) {
    for (;;) {
      const at = this.firings.findIndex((f) => f.probe === probe && wanted(f.args, f));
      if (at >= 0) return this.firings.splice(at, 1)[0].args;
      await this.#read();
    }
  }

  /** Resolves when what is fired from now on would not be seen, and the hooks are out. */
  async leave(...prefixes) {
    for (const prefix of prefixes) this.sub.cancel(prefix);
    this.sub.command('PING', '\0\0left');
    for (;;) {
      const { flags, body } = await this.sub.frame();
      if (flags & 4 && body.includes('\x04PONGleft')) return;
    }
  }
}

/**
 * An application whose `actions` (source of an object's members) are run by `app.run(name, arg)`,
 * which resolves with what they return.
 */
async function actor(t, actions, options) {
  const app = await appIn(
    t,
    `const actions = {${actions}};
     process.on('message', async ({ name, arg }) => {
       try { process.send({ value: await actions[name](arg) }); }
       catch (error) { process.send({ error: String(error && error.stack) }); }
     });`,
    options,
  );
  app.run = async (name, arg) => {
    app.child.send({ name, arg });
    const { value, error } = await app.said();
    if (error !== undefined) throw new Error(`the application: ${error}`);
    return value;
  };
  return app;
}

module.exports = { Observer, actor };
