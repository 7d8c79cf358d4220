'use strict';

// Memory and creation sites of flow.js: `node --expose-gc _flow_memory.js WHAT LIBRARY`
//
// `live`: bytes of the heap for a flow that does not end. `finished`: what a million flows leave.
// `site`: what reading where a flow is made takes.

const { LIBRARIES } = require('./_flow');

const LIVE = 4000; // fewer than are held
const MADE = 1_000_000;
const SITES = 20_000;

const funcs = [() => {}, () => {}, () => {}];
const ends = [(done) => done(null, 1), (done) => setImmediate(done, null, 2)];

function heap() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

function live(library) {
  const held = [];
  // So that what the first ones need (code, lists) is there before.
  for (let i = 0; i < LIVE; i++) library.parallel({ funcs: [ends[0], ends[0], ends[0]] }, () => {});
  for (let i = 0; i < LIVE / 20; i++) held.push(library.parallel({ funcs }, () => {}));
  const before = heap();
  for (let i = 0; i < LIVE; i++) held.push(library.parallel({ funcs }, () => {}));
  const bytes = Math.round((heap() - before) / LIVE);
  return { bytes, live: held.length };
}

function flows(library, count) {
  return new Promise((resolve) => {
    let left = count;
    const next = () => {
      left -= 1;
      if (left < 0) resolve();
      else if (left % 2) library.parallel({ funcs: ends }, next);
      else library.waterfall(ends.length ? [ends[1]] : [], next);
    };
    next();
  });
}

async function finished(library) {
  await flows(library, 20_000);
  const before = heap();
  await flows(library, MADE);
  return { grown: (heap() - before) / 1e6, made: MADE };
}

function site() {
  const sites = require('../js/flow/sites');
  function method() {
    return sites.read(method);
  }
  let found = 0;
  const spell = (run) => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < SITES; i++) if (run(i)) found += 1;
    return Number(process.hrtime.bigint() - start) / SITES;
  };
  spell(method);
  const ns = spell(method);
  sites.budget.left = 0;
  spell(() => sites.isDue());
  return { ns, refused: spell(() => sites.isDue()), found };
}

async function main([what, name]) {
  const library = LIBRARIES[name]();
  const measures = { live, finished, site };
  console.log(JSON.stringify(await measures[what](library)));
}

main(process.argv.slice(2));
