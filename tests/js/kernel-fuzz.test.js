'use strict';
// Names, types and values as nobody would choose them, down to the kernel part. The same each time.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { test } = require('node:test');
const { runtimeDirectory } = require('./client');

// In a process of its own, which a crash would end.
function run(t, body) {
  const source = `(${body})(require(${JSON.stringify(require.resolve('../..'))}))`;
  const { status, signal, stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', '-e', source],
    { encoding: 'utf8', env: { ...process.env, NODEOBS_RUNTIME_DIR: runtimeDirectory(t) } },
  );
  assert.deepEqual([status, signal, stderr], [0, null, '']);
  return JSON.parse(stdout);
}

test('whatever the names, types and values are: a TypeError, a RangeError, or it works', (t) => {
  const counts = run(t, (nodeobs) => {
    let state = 20260101;
    // Below `limit` (the generator of C's rand).
    const draw = (limit) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 8) % limit;
    };
    const text = () => {
      const length = draw(10) === 0 ? draw(400) : draw(9);
      const limit = [26, 128, 0x10000][draw(3)]; // letters, ASCII, lone surrogates and all
      const from = limit === 26 ? 97 : 0;
      return String.fromCharCode(...Array.from({ length }, () => from + draw(limit)));
    };
    const odd = [
      ...[undefined, null, 0, -0, Number.NaN, 2 ** 53, 1e300, -1e300, Infinity, 1.5, true],
      ...[2n ** 64n, -(2n ** 70n), Symbol('s'), [], {}, Object.create(null), new Date(Number.NaN)],
      ...[() => {}, '', 'x'.repeat(100_000), '\0', '\ud800', new Proxy({}, {})],
      ...[
        {
          toString() {
            throw new TypeError('toString');
          },
        },
        {
          toJSON() {
            throw new Error('toJSON');
          },
        },
        { valueOf: () => 2n ** 80n },
      ],
    ];
    odd.push(odd); // a cycle
    const value = () => (draw(2) === 0 ? odd[draw(odd.length)] : text());
    const named = ['int', 'char *', 'json', 'double', 'uint64', 'int64', 'uint32', 'int8'];
    const type = () => (draw(5) === 0 ? value() : named[draw(named.length)]);
    const several = (make) => Array.from({ length: draw(20) === 0 ? draw(60) : draw(7) }, make);

    const counts = { made: 0, refused: 0, kernel: 0, fired: 0, wrong: [] };
    const attempt = (action) => {
      try {
        return action();
      } catch (error) {
        if (error instanceof TypeError || error instanceof RangeError) counts.refused += 1;
        else counts.wrong.push(String(error));
        return undefined;
      }
    };
    const fire = (probe) => {
      const values = several(value);
      probe.fire(() => values);
      // As if a tracer were attached.
      if (probe.describe().kernel.path === undefined) return;
      counts.kernel += 1;
      const plain = probe.types.map((_type, i) => probe._plain(values, i));
      probe._fireKernel(plain);
      probe._fireKernel([]);
      counts.fired += 1;
    };
    for (let i = 0; i < 1500; i++) {
      const provider = attempt(() => nodeobs.createProvider(value(), value()));
      if (provider === undefined) continue;
      const probes = several(() => attempt(() => provider.addProbe(value(), ...several(type))));
      attempt(() => provider.enable());
      probes.push(attempt(() => provider.addProbe(text(), ...several(type))));
      for (const probe of probes) {
        if (probe === undefined) continue;
        counts.made += 1;
        attempt(() => fire(probe));
        if (draw(3) === 0) attempt(() => provider.removeProbe(probe));
      }
      if (draw(2) === 0) attempt(() => provider.disable());
      if (draw(2) === 0) attempt(() => provider.enable());
      attempt(() => JSON.stringify(provider.describe()));
      if (i % 250 === 0) globalThis.gc();
    }
    console.log(JSON.stringify(counts));
  });
  assert.deepEqual(counts.wrong, []);
  for (const name of ['made', 'refused', 'kernel', 'fired']) assert.ok(counts[name] > 500, name);
  assert.equal(counts.fired, counts.kernel);
});
