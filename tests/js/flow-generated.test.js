'use strict';
// Generated programs of control flow do the same with vasync and with ours: all calls and events in
// the same order, and the same state at every turn of the event loop. NODEOBS_FLOW_SEEDS=FIRST,COUNT
// runs others.
//
// The clock's own immediate, which is there or not as time goes, is seen in one place (docs/vasync.md):
// Node runs what process.nextTick has queued before an uncaught exception after one more immediate. With
// the clock that has none, nothing may differ; as it comes, nothing before such an exception. Nor with
// Node 26, where vasync's own programs go on in two ways after one, alone and after others.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');
const { promisify } = require('node:util');
const { runtimeDirectory } = require('./client');
const { generator, makeProgram } = require('./flow-program');

const PROGRAM = path.join(__dirname, 'flow-program.js');
const [FIRST, COUNT] = (process.env.NODEOBS_FLOW_SEEDS ?? '1,600').split(',').map(Number);
const MAX = 1 << 29;
const STEADY = Number(process.versions.node.split('.')[0]) < 26;
const CONTEXT = { NODEOBS_FLOW_CONTEXT: 'on', NODEOBS_FLOW_TRACE: 'on' };

async function told(library, directory, env = {}) {
  const args = [PROGRAM, library, String(FIRST), String(COUNT)];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
    encoding: 'utf8',
    maxBuffer: MAX,
    env: { ...process.env, NODEOBS_RUNTIME_DIR: directory, ...env },
  });
  assert.equal(stderr, '');
  return stdout.trim().split('\n');
}

/** Fails with the first lines that differ: the whole is too long for a readable difference. */
function same(ours, theirs, exact) {
  assert.equal(ours.length, theirs.length);
  for (let i = 0; i < theirs.length; i++) {
    if (ours[i] === theirs[i]) continue;
    const [our, their] = [ours[i], theirs[i]].map((line) => JSON.parse(line).lines);
    const [a, b] = [our, their].map((lines) => lines.map((line) => JSON.stringify(line)));
    const at = b.findIndex((line, n) => line !== a[n]);
    if (!exact && b.slice(0, at).some((line) => line.includes('"uncaught"'))) continue;
    const shown = (lines) => [lines[at - 1], lines[at]].map((line) => line?.slice(0, 2000));
    const text = JSON.stringify({ vasync: shown(b), nodeobs: shown(a) }, null, 1);
    assert.fail(`seed ${FIRST + i}, line ${at}: ${text}`);
  }
}

test('the same calls, events and states as vasync', { concurrency: true }, async (t) => {
  const directory = runtimeDirectory(t);
  const theirs = told('vasync', directory);
  for (const [name, env, exact] of [
    ['as it comes', {}, false],
    ['exact clock', { NODEOBS_FLOW_CLOCK: 'exact' }, true],
    ['exact clock, async context', { ...CONTEXT, NODEOBS_FLOW_CLOCK: 'exact' }, true],
    ['NODEOBS=off', { NODEOBS: 'off' }, true],
  ]) {
    await t.test(name, async () =>
      same(await told('nodeobs', directory, env), await theirs, exact && STEADY),
    );
  }
});

test('the programs have all there is in them', () => {
  const text = Array.from({ length: COUNT }, (_, i) =>
    JSON.stringify(makeProgram(generator(FIRST + i))),
  ).join('\n');
  for (const part of ['parallel', 'forEachParallel', 'pipeline', 'forEachPipeline', 'waterfall']) {
    assert.ok(text.includes(`"kind":"${part}"`), part);
  }
  for (const part of ['tryEach', 'whilst', 'filter', 'filterSeries', 'filterLimit', 'queue']) {
    assert.ok(text.includes(`"kind":"${part}"`), part);
  }
  for (const part of ['barrier', 'kill', 'close', 'concurrency', 'never', 'verror']) {
    assert.ok(text.includes(`"${part}"`), part);
  }
  assert.match(text, /"again":(?!null)/);
  assert.match(text, /"nested":\{/);
});
