'use strict';
// What both halves have to agree on: expressions and aggregations with their results.

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { FAULTED } = require('../../js/trace/clause');
const { Memory } = require('../../js/trace/limits');
const { Program } = require('../../js/trace/program');
const { Firing } = require('../../js/probes/firing');
const expressions = require('../fixtures/d-expressions.json');
const aggregations = require('../fixtures/d-aggregations.json');

const ANY = ['', '', '', ''];

/** A program of one clause that runs without a process around it. */
function clauseOf(body, options = {}) {
  const scope = { variables: new Map() };
  const scopes = { enter() {}, leave() {}, find: () => scope, begin: () => scope };
  const clauses = [{ n: 0, probes: [ANY], if: null, do: body }];
  const program = new Program({ clauses, options }, new Memory(), scopes);
  return { program, clause: program.clauses[0], frame: program.frame() };
}

function firingOf(values) {
  const types = values.map((value) => (typeof value === 'string' ? 'char *' : 'int'));
  const probe = { types, _plain: (value) => value };
  return new Firing(probe, values);
}

const BINDING = { id: 0, doubles: 0, structures: 0, probeprov: '', probemod: '', probename: '' };

/** Assignments that make variables as a case has them. */
function assignments(scopes = {}) {
  const body = [];
  const literal = (v) => ({ k: typeof v === 'string' ? 'str' : 'int', v });
  const set = (scope, name, v, index) => {
    const to = { k: 'var', scope, name, ...(index ? { index: index.map(literal) } : {}) };
    body.push({ k: 'expr', e: { k: 'assign', op: '=', to, e: literal(v) } });
  };
  for (const [scope, variables] of Object.entries(scopes)) {
    for (const [name, value] of Object.entries(variables)) {
      if (!Array.isArray(value)) set(scope, name, value);
      else for (const [keys, v] of value) set(scope, name, v, keys);
    }
  }
  return body;
}

/** Reads what a case expects of the variables afterwards, as a data statement of each. */
function readings(scopes = {}) {
  const wanted = [];
  for (const [scope, variables] of Object.entries(scopes)) {
    for (const [name, value] of Object.entries(variables)) {
      if (!Array.isArray(value)) wanted.push({ scope, name, value });
      else for (const [keys, v] of value) wanted.push({ scope, name, keys, value: v });
    }
  }
  return wanted;
}

const evaluated = (frame) => JSON.parse(`[${frame.data}]`);

test(`${expressions.length} expressions`, async (t) => {
  for (const one of expressions) {
    await t.test(one.source, () => {
      const before = (one.before ?? []).map((e) => ({ k: 'expr', e }));
      const after = readings(one.after);
      const body = [
        ...assignments(one.variables),
        ...before,
        { k: 'data', n: 1, args: [one.expr] },
        ...after.map(({ scope, name, keys }, i) => ({
          k: 'data',
          n: 2 + i,
          args: [{ k: 'var', scope, name, ...(keys ? { index: keys.map(literal) } : {}) }],
        })),
      ];
      const { clause, frame } = clauseOf(body, { strsize: one.strsize ?? 256 });
      frame.begin(firingOf(one.arguments ?? []), { ...BINDING, ...one.builtins });
      frame.time = one.builtins?.timestamp ?? -1;
      const outcome = clause.run(frame);
      if (one.fault !== undefined) {
        assert.equal(outcome, FAULTED);
        assert.ok(clause.fault.message.startsWith(one.fault), clause.fault.message);
        return;
      }
      assert.notEqual(outcome, FAULTED, clause.fault.message);
      const [[, [value]], ...rest] = evaluated(frame);
      if (one.expr.name !== 'pid') assert.deepEqual(value, one.expected);
      else assert.equal(value, process.pid);
      for (const [i, { value: expected, name }] of after.entries()) {
        assert.deepEqual(rest[i][1][0], expected, name);
      }
    });
  }
});

function literal(v) {
  return { k: typeof v === 'string' ? 'str' : 'int', v };
}

test(`${aggregations.length} aggregations`, async (t) => {
  for (const { fn, args, values, state } of aggregations) {
    await t.test(`${fn}(${args}) of ${JSON.stringify(values)}`, () => {
      const body = values.map(([value, more]) => ({
        k: 'agg',
        name: '@x',
        keys: [],
        fn,
        args: [
          ...(value === undefined ? [] : [literal(value)]),
          ...args.map(literal),
          ...(more === undefined ? [] : [literal(more)]),
        ],
      }));
      const { program, clause, frame } = clauseOf(body);
      frame.begin(firingOf([]), BINDING);
      assert.notEqual(clause.run(frame), FAULTED, clause.fault.message);
      const rows = program.declarations.known.get('@x').take(() => true);
      assert.deepEqual(rows, [['@x', fn, [], state]]);
      assert.equal(program.declarations.room.memory.used, 0);
    });
  }
});
