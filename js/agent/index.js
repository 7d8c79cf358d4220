'use strict';
// This thread's agent: one, shared by every copy and version of the package in the thread.

const net = require('node:net');
const { version } = require('../../package.json');
const { Agent, CONTRACT } = require('./agent');

const SLOT = Symbol.for('nodeobs.agent');

/**
 * An earlier copy's agent, or a new one. It hangs on a built-in module's object because that is
 * the one thing that test runners with vm contexts share too.
 * @returns {Agent}
 */
function threadAgent() {
  const slots = /** @type {any} */ (net);
  const earlier = slots[SLOT];
  if (earlier?.contract === CONTRACT) return earlier;
  const agent = new Agent(process.env);
  if (earlier) {
    agent.turnOff(
      `nodeobs ${earlier.version} is in this thread already and does not agree with ${version}`,
      'use one version: npm ls nodeobs',
    );
  } else {
    Object.defineProperty(slots, SLOT, { value: agent });
    agent.start();
  }
  return agent;
}

module.exports = threadAgent();
