'use strict';
// What nodeobs adds to vasync: promises, signals, and flows that can be looked at.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const { once } = require('node:events');
const path = require('node:path');
const { performance } = require('node:perf_hooks');
const { describe, test } = require('node:test');
const { setImmediate: turn } = require('node:timers/promises');
const { runtimeDirectory } = require('./client');

process.env.NODEOBS_RUNTIME_DIR = runtimeDirectory({ after: (done) => process.on('exit', done) });
const agent = require('../../js/agent');
const { book } = require('../../js/flow/book');
const clock = require('../../js/flow/clock');
const vasync = require('../../js/flow/vasync');

const VASYNC = path.join(__dirname, '../../js/flow/vasync.js');
const { registry } = agent;
const find = [...registry.pendings].find(({ name }) => name === 'flows');

/** The newest flow, as it is shown. */
function newest() {
  return registry.get('flow', String(book.made));
}

/** What the stuck finder finds that belongs to a flow or queue of this label. */
function stuck(name) {
  return find(Number.POSITIVE_INFINITY, 1000).filter((one) => one.name === name);
}

/** Runs a script of its own; what it prints. */
function script(t, source, { env = {}, args = [] } = {}) {
  const directory = runtimeDirectory(t);
  const file = path.join(directory, 'app.js');
  fs.writeFileSync(file, `const vasync = require(${JSON.stringify(VASYNC)});\n${source}`);
  return execFileSync(process.execPath, [...args, file], {
    encoding: 'utf8',
    env: { ...process.env, NODEOBS_RUNTIME_DIR: directory, ...env },
  });
}

describe('promises', () => {
  test('what a call without a callback returns is the counterpart’s, and can be awaited', async () => {
    const rv = vasync.pipeline({ funcs: [(arg, next) => setImmediate(next, null, arg)], arg: 7 });
    assert.deepStrictEqual(Object.keys(rv), ['operations', 'successes', 'ndone', 'nerrors']);
    assert.equal(rv.operations[0].status, 'pending');
    const done = await rv;
    assert.deepEqual(done.successes, [7]);
    assert.equal(done.then, undefined);
    assert.equal(done.operations, rv.operations);
    const list = [1, 2, 3];
    const func = (input, callback) => callback(null, input > 1);
    assert.deepEqual(await vasync.filter(list, func), [2, 3]);
    assert.deepEqual(await vasync.filterSeries(list, func), [2, 3]);
    assert.deepEqual(await vasync.filterLimit(list, 2, func), [2, 3]);
    assert.equal((await vasync.parallel({ funcs: [(done) => done(null, 1)] })).ndone, 1);
    assert.equal((await vasync.forEachParallel({ func, inputs: list })).ndone, 3);
    assert.equal((await vasync.forEachPipeline({ func, inputs: list })).ndone, 3);
    assert.equal((await vasync.parallel({ funcs: [] })).ndone, 0);
    assert.equal(
      await vasync.waterfall([(next) => next(null, 5), (n, next) => next(null, n + 1)]),
      6,
    );
    assert.deepEqual(await vasync.waterfall([(next) => next(null, 1, 2)]), [1, 2]);
    assert.equal(await vasync.waterfall([]), undefined);
    assert.equal(await vasync.tryEach([(next) => next(null, 'a')]), 'a');
    let left = 2;
    const iterate = (next) => next(null, --left);
    assert.equal(await vasync.whilst(() => left > 0, iterate), 0);
  });

  test('functions that declare no callback may return promises', async () => {
    const funcs = [async (arg) => arg + 1, async (arg) => arg + 2];
    assert.deepEqual((await vasync.pipeline({ funcs, arg: 1 })).successes, [2, 3]);
    assert.equal(await vasync.waterfall([async () => 1, async (n) => n + 1]), 2);
    assert.deepEqual(await vasync.filter([1, 2], async (n) => n > 1), [2]);
    const queue = vasync.queue(async (task) => task * 2, 1);
    assert.deepEqual(await new Promise((done) => queue.push(4, (...values) => done(values))), [
      null,
      8,
    ]);
    const failure = new Error('no');
    await assert.rejects(
      vasync.pipeline({ funcs: [async () => Promise.reject(failure)] }),
      (error) => error === failure,
    );
    await assert.rejects(
      vasync.waterfall([async () => Promise.reject()]),
      /rejected with undefined/,
    );
    let tries = 0;
    await vasync.whilst(
      () => tries < 3,
      async () => {
        tries += 1;
      },
    );
    assert.equal(tries, 3);
  });

  test('an async function with a callback ends when it calls that, as with vasync', async () => {
    let call;
    const rv = vasync.parallel(
      {
        funcs: [
          async (done) => {
            await null;
            call = done;
          },
        ],
      },
      () => {},
    );
    await turn();
    assert.equal(rv.operations[0].status, 'pending');
    call(null, 1);
    assert.equal(rv.operations[0].status, 'ok');
  });

  test('an error that nobody waits for is no unhandled rejection', (t) => {
    const said = script(
      t,
      `process.on('unhandledRejection', () => console.log('unhandled'));
       vasync.pipeline({ funcs: [(_, next) => next(new Error('x'))] });
       setTimeout(() => console.log('on'), 10);`,
    );
    assert.equal(said, 'on\n');
  });

  test('what a callback throws is an uncaught exception, not a rejection', (t) => {
    const said = script(
      t,
      `process.on('unhandledRejection', () => console.log('unhandled'));
       process.on('uncaughtException', (error) => console.log('uncaught', error.message));
       vasync.pipeline({ funcs: [async () => 1] }, () => { throw new Error('mine'); });`,
    );
    assert.equal(said, 'uncaught mine\n');
  });
});

describe('signals', () => {
  const never = (_, next) => void next;

  test('a flow is cancelled: the callback gets the error, the rest does not start', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    let late;
    const begun = [];
    const funcs = [
      (_, next) => {
        begun.push(1);
        late = next;
      },
      () => begun.push(2),
    ];
    const rv = vasync.pipeline({ funcs, signal, label: 'cancelled' });
    controller.abort(new Error('enough'));
    await assert.rejects(rv, (error) => {
      assert.deepEqual(
        [error.name, error.code, error.cause.message],
        ['AbortError', 'ABORT_ERR', 'enough'],
      );
      return true;
    });
    late(null, 1);
    late(null, 1);
    await turn();
    assert.deepEqual(begun, [1]);
    assert.deepEqual(
      rv.operations.map(({ status }) => status),
      ['pending', 'waiting'],
    );
    const { state, late_callbacks } = newest();
    assert.deepEqual([state, late_callbacks], ['cancelled', 2]);
  });

  test('every kind, with a callback and without, before and while it runs', async () => {
    const kinds = {
      parallel: (o, ...cb) => vasync.parallel({ funcs: [never], ...o }, ...cb),
      forEachParallel: (o, ...cb) =>
        vasync.forEachParallel({ func: never, inputs: [1], ...o }, ...cb),
      pipeline: (o, ...cb) => vasync.pipeline({ funcs: [never], ...o }, ...cb),
      forEachPipeline: (o, ...cb) =>
        vasync.forEachPipeline({ func: never, inputs: [1], ...o }, ...cb),
      waterfall: (o, ...cb) => vasync.waterfall([never], ...cb, o),
      tryEach: (o, ...cb) => vasync.tryEach([never], ...cb, o),
      whilst: (o, ...cb) => vasync.whilst(() => true, never, ...cb, o),
      filter: (o, ...cb) => vasync.filter([1, 2], never, ...cb, o),
      filterSeries: (o, ...cb) => vasync.filterSeries([1, 2], never, ...cb, o),
      filterLimit: (o, ...cb) => vasync.filterLimit([1, 2], 1, never, ...cb, o),
    };
    for (const [kind, start] of Object.entries(kinds)) {
      const controller = new AbortController();
      const made = start({ signal: controller.signal });
      await turn();
      controller.abort();
      await assert.rejects(made, { name: 'AbortError' }, kind);
      await assert.rejects(start({ signal: AbortSignal.abort() }), { name: 'AbortError' }, kind);
      const error = await new Promise((done) => start({ signal: AbortSignal.abort() }, done));
      assert.equal(error.code, 'ABORT_ERR', kind);
      assert.throws(() => start({ signal: 5 }), { code: 'ERR_NODEOBS_ARGUMENT' }, kind);
    }
  });

  test('a killed queue, and no listener that stays', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const queue = vasync.queuev({ worker: (_, done) => done(), concurrency: 1, signal });
    controller.abort();
    assert.equal(queue.killed, true);
    const { getEventListeners } = require('node:events');
    const other = new AbortController();
    await vasync.pipeline({ funcs: [(_, next) => next()], signal: other.signal });
    assert.equal(getEventListeners(other.signal, 'abort').length, 0);
  });
});

describe('state', () => {
  test('a pipeline that waits: which step, since when, made where', async () => {
    let finish;
    function createUser() {
      return vasync.pipeline(
        {
          funcs: [
            function validate(_, next) {
              next();
            },
            function putBlob(_, next) {
              finish = next;
            },
            function answer(_, next) {
              next();
            },
          ],
        },
        () => {},
      );
    }
    createUser();
    await turn();
    const shown = newest();
    assert.equal(shown.label, 'createUser');
    assert.equal(shown.functions, 'validate → putBlob → answer');
    assert.match(shown.at, /flow\.test\.js:\d+$/);
    assert.deepEqual(
      shown.operations.map(({ funcname, status }) => [funcname, status]),
      [
        ['validate', 'ok'],
        ['putBlob', 'pending'],
        ['answer', 'waiting'],
      ],
    );
    const [one] = stuck('createUser');
    const { kind, type, id, more } = one;
    assert.deepEqual([kind, type, id], ['pipeline', 'flow', shown.id]);
    assert.deepEqual([more.step, more.steps, more.function, more.done], [2, 3, 'putBlob', 1]);
    assert.ok(one.since <= performance.now());
    assert.deepEqual(find(0, 10), []);
    finish(new Error('disk full'));
    const after = newest();
    assert.deepEqual([after.state, after.done], ['failed', 2]);
    assert.deepEqual(
      after.operations.map(({ status, err }) => [status, err]),
      [
        ['ok', undefined],
        ['fail', 'disk full'],
        ['waiting', undefined],
      ],
    );
    assert.deepEqual(stuck('createUser'), []);
    assert.equal(registry.get('flow', '99999999'), undefined);
    assert.equal(registry.get('flow', 'x'), undefined);
  });

  test('parallel, whilst, filter: what is pending', async () => {
    const never = (_input, callback) => void callback;
    vasync.forEachParallel({ func: never, inputs: [1, 2, 3], label: 'all' }, () => {});
    const [all] = stuck('all');
    assert.deepEqual([all.more.pending, all.more.steps, all.more.function], [3, 3, 'never']);
    vasync.whilst(
      () => true,
      never,
      () => {},
      { label: 'loop' },
    );
    vasync.filterLimit([1, 2, 3], 1, never, () => {}, { label: 'choose' });
    await turn();
    assert.equal(stuck('loop')[0].more.iterations, 1);
    assert.deepEqual([stuck('choose')[0].kind, stuck('choose')[0].more.steps], ['filterLimit', 3]);
  });

  test('a flow in a flow has a parent, also in callbacks', () => {
    const seen = [];
    vasync.parallel(
      {
        label: 'outer',
        funcs: [
          (done) =>
            vasync.parallel({ label: 'inner', funcs: [(cb) => cb()] }, () => {
              vasync.parallel({ label: 'after inner', funcs: [() => {}] }, () => {});
              seen.push(newest());
              done();
            }),
        ],
      },
      () => {
        vasync.parallel({ label: 'after outer', funcs: [() => {}] }, () => {});
        seen.push(newest());
      },
    );
    assert.deepEqual(
      seen.map(({ label, parent }) => [label, parent?.label]),
      [
        ['after inner', 'outer'],
        ['after outer', undefined],
      ],
    );
  });

  test('a flow knows the last fifty that were made in it', () => {
    let parent;
    const funcs = [
      (done) => {
        parent = book.made;
        for (let i = 0; i < 60; i++) vasync.pipeline({ funcs: [() => {}] }, () => {});
        done();
      },
    ];
    vasync.parallel({ funcs }, () => {});
    const { children, children_not_shown } = registry.get('flow', String(parent));
    const expected = Array.from({ length: 50 }, (_, i) => String(parent + 11 + i));
    assert.deepEqual([children, children_not_shown], [expected, 10]);
  });

  test('a queue: its name, what it works on, what waits behind', async () => {
    const worker = function resize(_task, done) {
      if (finish === undefined) finish = done;
    };
    let finish;
    const queue = vasync.queue(worker, 2, 'images');
    const other = vasync.queue(worker, 1, 'images');
    const secret = {
      name: 'x',
      get boom() {
        throw new Error('a getter ran');
      },
    };
    queue.push([secret, 'b', 'c', 'd', 'e']);
    await turn();
    const shown = registry.get('queue', 'images');
    assert.deepEqual(
      [shown.worker, shown.state, shown.npending, shown.length],
      ['resize', 'saturated', 2, 3],
    );
    assert.deepEqual(
      shown.pending.map(({ task }) => task),
      ['{name: "x", boom: [Getter]}', '"b"'],
    );
    assert.deepEqual(
      shown.queued.map(({ id, task }) => [id, task]),
      [
        [3, '"c"'],
        [4, '"d"'],
        [5, '"e"'],
      ],
    );
    assert.equal(registry.get('queue', 'images-2').npending, 0);
    const tasks = stuck('images');
    assert.deepEqual(
      tasks.map(({ more }) => [more.task, more.waiting, more.function]),
      [
        [1, 3, 'resize'],
        [2, 3, 'resize'],
      ],
    );
    assert.deepEqual(Object.keys(queue.pending[1]), ['id', 'task', 'callback']);
    assert.deepEqual(Reflect.ownKeys(queue.pending[1]), ['id', 'task', 'callback']);
    finish();
    assert.equal(registry.get('queue', 'images').done, 1);
    assert.equal(other.length(), 0);
  });

  test('a barrier: what is pending', () => {
    const barrier = vasync.barrier({ label: 'start-up' });
    barrier.start('db');
    barrier.start('cache');
    barrier.done('cache');
    const shown = registry.get('barrier', 'start-up');
    assert.deepEqual(
      shown.pending.map(({ name }) => name),
      ['db'],
    );
    assert.deepEqual(
      shown.recent.map(({ name }) => name),
      ['cache'],
    );
    const [one] = stuck('start-up');
    assert.deepEqual([one.kind, one.more.operations[0].name], ['barrier', 'db']);
    barrier.done('db');
    assert.deepEqual(stuck('start-up'), []);
  });

  /** Functions of these names, whose callbacks are kept. */
  function keeping(names) {
    const ends = [];
    const funcs = names.map((name) => ({ [name]: (done) => ends.push(done) })[name]);
    return { ends, funcs };
  }

  /** Until so many ms later. */
  async function pass(ms) {
    const start = performance.now();
    while (performance.now() - start < ms) await turn();
  }

  test('operations that end one by one have times of their own', async () => {
    const { ends, funcs } = keeping(['a', 'b', 'c']);
    vasync.parallel({ funcs }, () => {});
    const id = String(book.made);
    await pass(1);
    ends[1]();
    const [a, b] = registry.get('flow', id).operations;
    assert.deepEqual([a.status, b.status], ['pending', 'ok']);
    assert.ok(b.ms >= 0.9);
    await pass(1);
    ends[0]();
    await pass(1);
    ends[2]();
    const { operations, state } = registry.get('flow', id);
    assert.equal(state, 'ok');
    assert.equal(operations[1].ms, b.ms);
    assert.ok(operations[0].ms > b.ms && operations[2].ms > operations[0].ms);
  });

  test('those that end together have one time, also in a flow that is cancelled then', async () => {
    const { ends, funcs } = keeping(['a', 'b', 'c']);
    const controller = new AbortController();
    vasync.parallel({ funcs, signal: controller.signal }, () => {});
    const id = String(book.made);
    await pass(1);
    while (!clock.turn.held) clock.now();
    ends[2]();
    ends[0]();
    const before = registry.get('flow', id).operations;
    controller.abort();
    const { operations, state } = registry.get('flow', id);
    assert.equal(state, 'cancelled');
    assert.deepEqual(
      operations.map(({ status }) => status),
      ['ok', 'pending', 'ok'],
    );
    assert.equal(operations[0].ms, operations[2].ms);
    assert.equal(operations[0].ms, before[0].ms);
    assert.ok(operations[0].ms >= 0.9);
  });

  test('functions have their names while they start, and when one throws', () => {
    let during;
    const funcs = [
      function look() {
        during = newest();
      },
      function fail() {
        throw new Error('no');
      },
      () => {},
    ];
    assert.throws(() => vasync.parallel({ funcs }, () => {}), /^Error: no$/);
    assert.equal(during.functions, 'look → fail → (anon)');
    const flow = book.find(book.made);
    assert.deepEqual(flow.names, ['look', 'fail', '(anon)']);
    assert.equal(newest().state, 'threw');
    assert.equal(newest().functions, during.functions);
    vasync.parallel({ funcs: funcs.slice(0, 1), signal: AbortSignal.abort() }, () => {});
    assert.deepEqual(book.find(book.made).names, ['look']);
    const getter = Object.defineProperty(() => {}, 'name', { value: 7 });
    const rv = vasync.parallel({ funcs: [getter] }, () => {});
    assert.equal(rv.operations[0].funcname, 7); // as with vasync
    assert.doesNotThrow(() => JSON.stringify(newest()));
  });

  test('a list and a snapshot of all types can be made', () => {
    const held = [vasync.queue(() => {}, 1), vasync.barrier()]; // the registry holds them weakly
    held[1].start('db');
    for (const type of ['flow', 'queue', 'barrier']) {
      const { objects, total } = registry.list(type, 1000);
      assert.ok(total > 0 && objects.length > 0, type);
      assert.doesNotThrow(() => JSON.stringify(objects));
    }
    held[1].done('db');
  });
});

describe('pages', () => {
  const BOOK = JSON.stringify(path.join(__dirname, '../../js/flow/book.js'));
  const AGENT = JSON.stringify(path.join(__dirname, '../../js/agent'));

  test('a page of very many flows looks at no others, and each is shown once', (t) => {
    const said = script(
      t,
      `const { registry } = require(${AGENT});
       const { book } = require(${BOOK});
       const ends = [];
       const held = [];
       const make = (count) => {
         for (let i = 0; i < count; i++) {
           held.push(vasync.parallel({ funcs: [(done) => ends.push(done)] }, () => {}));
         }
       };
       make(100_000);
       let looked = 0;
       const { live } = book;
       book.live = function* () {
         for (const flow of live.call(this)) {
           looked += 1;
           yield flow;
         }
       };
       const holder = {};
       const first = registry.list('flow', 50, { holder });
       const early = looked;
       const all = book.count();
       const seen = first.objects.map(({ id }) => id);
       let page = first;
       while (page.truncated) {
         make(10);                              // goes on while somebody looks
         for (let i = 0; i < 10; i++) ends.pop()();
         page = registry.list('flow', 500, { holder, after: page.next, fields: ['state'] });
         seen.push(...page.objects.map(({ id }) => id));
       }
       console.log(
         early <= 52,
         first.total === all, all < 22_000, new Set(seen).size === seen.length, seen.length >= all - 1200,
       );
       held.length = 0;`,
    );
    assert.equal(said, 'true true true true true\n');
  });

  test('a page of very many queues looks at no others', (t) => {
    const said = script(
      t,
      `const { registry } = require(${AGENT});
       const { queues } = require(${JSON.stringify(path.join(__dirname, '../../js/flow/queues.js'))});
       const held = Array.from({ length: 20_000 }, () => vasync.queue(function work() {}, 1));
       let looked = 0;
       const { entries } = queues;
       queues.entries = function* () {
         for (const entry of entries.call(this)) {
           looked += 1;
           yield entry;
         }
       };
       const holder = {};
       const one = registry.list('queue', 50, { holder });
       const two = registry.list('queue', 50, { holder, after: one.next });
       const ids = [...one.objects, ...two.objects].map(({ id }) => id);
       console.log(looked, new Set(ids).size, one.total, ids[0], ids[99], held.length);`,
    );
    assert.equal(said, '101 100 20000 work work-100 20000\n');
  });
});

test('what is no function in a list is a TypeError when vasync has it, in our words', async () => {
  const vasyncs = { ours: vasync, theirs: require('vasync') };
  const first = (callback) => callback(null, 1);
  const calls = {
    parallel: (library, funcs) => library.parallel({ funcs }, () => {}),
    pipeline: (library, funcs) => library.pipeline({ funcs }, () => {}),
    waterfall: (library, funcs) => library.waterfall(funcs, () => {}),
    tryEach: (library, funcs) => library.tryEach(funcs, () => {}),
  };
  for (const call of Object.values(calls)) {
    for (const bad of [5, 'text', {}, null, undefined]) {
      for (const library of Object.values(vasyncs)) {
        assert.throws(() => call(library, [bad]), TypeError);
      }
    }
    for (const library of Object.values(vasyncs)) {
      assert.throws(() => call(library, [first, null]), {
        name: 'TypeError',
        message: "Cannot read properties of null (reading 'name')",
      });
    }
  }
});

describe('a callback that is called twice', () => {
  test('throws what vasync throws, and says where both calls were', () => {
    let again;
    function twice(done) {
      again = done;
      done();
    }
    const start = () => vasync.parallel({ funcs: [twice, () => {}], label: 'double' }, () => {});
    start();
    assert.throws(again, (error) => {
      assert.equal(error.code, 'ERR_ASSERTION');
      assert.ok(!Object.keys(error).includes('flow'));
      const { label, step, function: name, first, second, after_ms } = error.flow;
      assert.deepEqual([label, step, name, first], ['double', 1, 'twice', null]);
      assert.match(second, /flow\.test\.js/);
      assert.ok(after_ms >= 0);
      assert.match(error.stack, /parallel double, step 1 twice: called again after/);
      return true;
    });
    assert.equal(newest().called_twice[0].function, 'twice');
    // From then on the first call's stack is kept for that function.
    start();
    assert.throws(again, (error) => /twice .*flow\.test\.js/.test(error.flow.first));
  });

  test('where vasync says nothing, the state does', async () => {
    const queue = vasync.queue(
      function again(_task, done) {
        done();
        done();
      },
      1,
      'corrupted',
    );
    queue.push(1);
    await turn();
    await turn();
    const { called_twice, npending } = registry.get('queue', 'corrupted');
    assert.equal(npending, -1);
    assert.match(called_twice[0].second, /again .*flow\.test\.js/);
  });

  test('vasync.trace keeps all first calls', (t) => {
    const said = script(
      t,
      `vasync.trace = true;
       let again;
       vasync.pipeline({ funcs: [function first(_, next) { again = next; next(); }, () => {}] });
       setImmediate(() => { try { again(); } catch (error) { console.log(error.message, /at .*first .*app\\.js/.test(error.flow.first)); } });`,
    );
    assert.equal(said, 'vasync.waterfall: function 0 ("first") invoked its callback twice true\n');
  });
});

describe('what is held', () => {
  const GC = ['--expose-gc'];

  test('flows that are over leave no growth, and no result is kept', (t) => {
    const said = script(
      t,
      `const flows = (count) => new Promise((resolve) => {
         let left = count;
         const next = () => {
           if (left-- <= 0) return resolve();
           vasync.parallel({ funcs: [(cb) => cb(null, Buffer.alloc(64)), (cb) => setImmediate(cb)] }, next);
         };
         next();
       });
       const held = () => { gc(); return process.memoryUsage().heapUsed; };
       (async () => {
         await flows(5000);
         const before = held();
         await flows(60000);
         const grown = held() - before;
         const big = { bytes: new Uint8Array(10) };
         const ref = new WeakRef(big.bytes);
         vasync.parallel({ funcs: [(cb) => cb(null, big.bytes)] }, () => {});
         big.bytes = null;
         setTimeout(() => { gc(); console.log(grown < 1e6, ref.deref() === undefined); }, 5);
       })();`,
      { args: GC },
    );
    assert.equal(said, 'true true\n');
  });

  test('live flows are held up to a bound; abandoned ones are counted', (t) => {
    const said = script(
      t,
      `const { book } = require(${JSON.stringify(path.join(__dirname, '../../js/flow/book.js'))});
       for (let i = 0; i < 12000; i++) vasync.parallel({ funcs: [() => {}] }, () => {});
       const weak = book.weak.size;
       let tries = 0;
       const look = () => {
         gc();
         if (book.abandoned < weak - 10 && tries++ < 100) return setTimeout(look, 5);
         const live = [...book.live()].length; const all = book.count();
         console.log(weak > 5000, book.abandoned >= weak - 10, live <= 5200, all === live);
       };
       setTimeout(look, 5);`,
      { args: GC },
    );
    assert.equal(said, 'true true true true\n');
  });

  test('a flow that starts the next one before its end holds no chain', (t) => {
    const said = script(
      t,
      `const refs = [];
       let n = 0;
       function step(_, next) {
         const mark = {};
         if (n % 1000 === 0) refs.push(new WeakRef(mark));
         n += 1;
         if (n < 20000) setImmediate(() => vasync.pipeline({ funcs: [step], arg: mark }, () => void mark));
         else setTimeout(() => { gc(); console.log(refs.slice(0, -3).every((ref) => ref.deref() === undefined)); }, 5);
         setImmediate(next);
       }
       vasync.pipeline({ funcs: [step] });`,
      { args: GC, env: { NODEOBS_FLOW_CONTEXT: 'on' } },
    );
    assert.equal(said, 'true\n');
  });

  test('a process with flows that never end ends', (t) => {
    assert.equal(script(t, 'vasync.pipeline({ funcs: [() => {}] }, () => {});'), '');
  });
});

describe('the HTTP request', () => {
  test('flows know theirs, after waits and bodies, on a kept connection', (t) => {
    const said = script(
      t,
      `const http = require('node:http');
       const { registry } = require('node:net')[Symbol.for('nodeobs.agent')];
       const { book } = require(${JSON.stringify(path.join(__dirname, '../../js/flow/book.js'))});
       const server = http.createServer((req, res) => {
         req.id = 'id' + req.url;
         req.resume();
         req.on('end', () => setTimeout(() => {
           vasync.pipeline({ funcs: [(_, next) => setTimeout(() => {
             vasync.parallel({ funcs: [(cb) => setImmediate(cb)] }, () => {
               const { request, parent } = registry.get('flow', String(book.made));
               console.log(request.method, request.url, request.req_id, parent.kind);
               next();
             });
           }, 1)] }, () => res.end());
         }, 1));
       });
       server.listen(0, async () => {
         const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
         for (const [method, path] of [['GET', '/a'], ['POST', '/b'], ['POST', '/c']]) {
           await new Promise((resolve) => {
             const req = http.request({ port: server.address().port, agent, method, path }, (res) => {
               res.resume();
               res.on('end', resolve);
             });
             if (method === 'POST') { req.write('x'); setTimeout(() => req.end('y'), 5); }
             else req.end();
           });
         }
         agent.destroy();
         server.close();
         vasync.parallel({ funcs: [(cb) => cb()] }, () => {});
         console.log(registry.get('flow', String(book.made)).request);
       });`,
    );
    assert.equal(
      said,
      'GET /a id/a pipeline\nPOST /b id/b pipeline\nPOST /c id/c pipeline\nnull\n',
    );
  });

  test('its id is read without running code of the application', () => {
    const { requestId } = require('../../js/flow/request');
    assert.equal(requestId({ _id: 'restify', id: () => assert.fail() }), 'restify');
    assert.equal(requestId({ id: 12 }), '12');
    assert.equal(
      requestId({
        get id() {
          return assert.fail();
        },
        rawHeaders: ['X-Request-Id', 'h'],
      }),
      'h',
    );
    assert.equal(requestId({ rawHeaders: ['a', 'b'] }), null);
  });
});

describe('where it is', () => {
  test('two copies of the package show their flows in one place', (t) => {
    const said = script(
      t,
      `const fs = require('node:fs');
       const path = require('node:path');
       const root = ${JSON.stringify(path.join(__dirname, '../..'))};
       const copy = path.join(__dirname, 'copy');
       fs.cpSync(path.join(root, 'js'), path.join(copy, 'js'), { recursive: true });
       fs.cpSync(path.join(root, 'package.json'), path.join(copy, 'package.json'));
       fs.symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
       const other = require(path.join(copy, 'js/flow/vasync.js'));
       for (const [one, label] of [[vasync, 'first'], [other, 'second']]) {
         one.pipeline({ funcs: [() => {}], label });
         one.queue(function work() {}, 1).push(1);
       }
       const { registry } = require('node:net')[Symbol.for('nodeobs.agent')];
       console.log(registry.ids('flow', 9).map((id) => id + ' ' + registry.get('flow', id).label).join());
       console.log(registry.ids('queue', 9).join(), registry.pendings.size > 0);
       const [finder] = [...registry.pendings].filter(({ name }) => name === 'flows');
       console.log(finder(Infinity, 9).map(({ id }) => id).sort().join());`,
    );
    assert.equal(said, '1 first,2.1 second\nwork,2.work true\n1,2.1,2.work,work\n');
  });

  test('NODEOBS=off: nothing is registered or held', (t) => {
    const said = script(
      t,
      `const { book } = require(${JSON.stringify(path.join(__dirname, '../../js/flow/book.js'))});
       vasync.pipeline({ funcs: [(_, next) => next(null, 1)] }, (err, rv) =>
         console.log(rv.successes, book.made, require('node:net')[Symbol.for('nodeobs.agent')]));`,
      { env: { NODEOBS: 'off' } },
    );
    assert.match(said, /^\[ 1 \] 0 undefined\n$/);
  });

  test('nodeobs.vasync is loaded when it is used, by ES modules as well', (t) => {
    const directory = runtimeDirectory(t);
    const file = path.join(directory, 'app.mjs');
    const index = path.join(__dirname, '../../js/index.mjs');
    fs.writeFileSync(
      file,
      `import nodeobs, { vasync } from ${JSON.stringify(index)};
       import direct, { pipeline } from ${JSON.stringify(VASYNC)};
       import { createRequire } from 'node:module';
       const require = createRequire(import.meta.url);
       console.log(nodeobs.vasync === vasync, vasync.pipeline === pipeline, direct.queue === vasync.queue);
       vasync.trace = true;
       console.log(direct.trace);`,
    );
    const env = { ...process.env, NODEOBS_RUNTIME_DIR: directory };
    const said = execFileSync(process.execPath, [file], { encoding: 'utf8', env });
    assert.equal(said, 'true true true\ntrue\n');
    const source = `const { vasync } = require(${JSON.stringify(path.join(__dirname, '../../js/index.js'))});
      const loaded = () => Object.keys(require.cache).filter((f) => /js.flow.|verror/.test(f)).length;
      const before = loaded();
      vasync.pipeline({ funcs: [(_, next) => next()] });
      console.log(before, loaded() > 10, Object.keys(require.cache).some((f) => /verror/.test(f)));`;
    assert.equal(
      execFileSync(process.execPath, ['-e', source], { encoding: 'utf8', env }),
      '1 true false\n',
    );
  });

  test('the lazy names are those of the module', () => {
    const { NAMES } = require('../../js/flow/lazy');
    assert.deepEqual([...NAMES].sort(), Object.keys(vasync).sort());
    assert.deepEqual([...NAMES].sort(), Object.keys(require('vasync')).sort());
  });

  test('NODEOBS_REPLACE puts ours in the place of vasync and bunyan', (t) => {
    const directory = runtimeDirectory(t);
    const register = path.join(__dirname, '../../js/register.js');
    const packages = path.join(directory, 'node_modules/framework');
    fs.mkdirSync(packages, { recursive: true });
    fs.writeFileSync(
      path.join(packages, 'index.js'),
      "module.exports = ['vasync', 'bunyan'].map((name) => require.resolve(name));",
    );
    fs.writeFileSync(
      path.join(directory, 'app.js'),
      "console.log(require('framework').join('\\n'));",
    );
    const run = (wish) =>
      execFileSync(process.execPath, ['-r', register, path.join(directory, 'app.js')], {
        encoding: 'utf8',
        env: {
          ...process.env,
          NODEOBS_RUNTIME_DIR: directory,
          NODE_PATH: path.join(__dirname, '../../node_modules'),
          NODEOBS_REPLACE: wish,
        },
      })
        .trim()
        .split('\n')
        .map((file) => /js\/(flow\/vasync|log\/bunyan)\.js$/.test(file));
    assert.deepEqual(run(''), [false, false]);
    assert.deepEqual(run('vasync'), [true, false]);
    assert.deepEqual(run(' vasync , bunyan,other'), [true, true]);
  });
});

test('a long list of waiting tasks is vasync’s array when somebody looks', async () => {
  const queue = vasync.queue((_task, done) => done(), 1);
  const done = [];
  const drained = once(queue, 'drain');
  for (let i = 0; i < 10_000; i++) queue.push(i, () => done.push(i));
  while (done.length < 5000) await turn();
  const { queued } = queue;
  assert.deepEqual(
    [queued.length, queued[0].task],
    [10_000 - done.length - queue.npending, queued[0].id - 1],
  );
  assert.ok('value' in Object.getOwnPropertyDescriptor(queue, 'queued'));
  await turn();
  assert.equal(queue.queued, queued);
  assert.equal(queued.length, queue.length());
  await drained;
  assert.deepEqual(
    done,
    Array.from({ length: 10_000 }, (_, i) => i),
  );
  const killed = vasync.queue(() => {}, 1);
  for (let i = 0; i < 10_000; i++) killed.push(i);
  killed.kill();
  assert.deepEqual([killed.length(), killed.queued], [0, []]);
});

const [MAJOR] = process.versions.node.split('.').map(Number);
const RESTIFY = path.join(__dirname, `../../examples/node_modules/restify-${MAJOR < 22 ? 11 : 12}`);

test('an unmodified restify has ours with NODEOBS_REPLACE, and its flows know their requests', {
  skip: !fs.existsSync(RESTIFY) && 'restify is not installed',
}, (t) => {
  const directory = runtimeDirectory(t);
  const file = path.join(directory, 'app.js');
  fs.writeFileSync(
    file,
    `const server = require(${JSON.stringify(RESTIFY)}).createServer({ name: 'api' });
       server.on('NotFound', (req, res, err, next) => setImmediate(next));
       const { registry } = require('node:net')[Symbol.for('nodeobs.agent')];
       server.listen(0, async () => {
         const url = 'http://127.0.0.1:' + server.address().port + '/nowhere';
         const response = await fetch(url, { headers: { 'x-request-id': 'r1' } });
         await response.text();
         const { kind, state, request, operations } = registry.get('flow', '1');
         console.log(response.status, kind, state, JSON.stringify(request), operations[0].funcname);
         process.exit();
       });`,
  );
  const register = path.join(__dirname, '../../js/register.js');
  const env = { ...process.env, NODEOBS_RUNTIME_DIR: directory, NODEOBS_REPLACE: 'vasync' };
  const said = execFileSync(process.execPath, ['-r', register, file], {
    encoding: 'utf8',
    env: { ...env, NODE_NO_WARNINGS: '1' },
  });
  assert.equal(
    said,
    '404 forEachPipeline ok {"method":"GET","url":"/nowhere","req_id":"r1"} emitError\n',
  );
});
