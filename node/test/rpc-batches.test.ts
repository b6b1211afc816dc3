import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Batches } from '../rpc/batches.ts';
import { RpcCounters } from '../rpc/counters.ts';
import { Deadlines } from '../rpc/deadlines.ts';
import { Desk } from '../rpc/desk.ts';
import { Dispatcher } from '../rpc/dispatcher.ts';
import { callerOf } from '../rpc/http-guard.ts';
import { TokenGate } from '../rpc/tokens.ts';
import { FakeNodeApi } from './harness/fake-node-api.ts';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
const NO_TIME = 0;
const FOR_EVER = Number.POSITIVE_INFINITY;

test('results stand in the order of the elements, whenever each was done', async () => {
  const all = [3, 1, 2].map((value) => ({ value, ...Promise.withResolvers<void>() }));
  const results = new Batches(FOR_EVER).run<number>(all, (element, done) => {
    const { value, promise } = element as (typeof all)[number];
    promise.then(() => done(value));
  });
  for (const { resolve } of all.toReversed()) resolve();
  assert.deepEqual(await results, [3, 1, 2]);
});

test('a batch within the time of a turn begins all at once', () => {
  const begun: unknown[] = [];
  void new Batches(FOR_EVER).run([1, 2, 3], (element) => begun.push(element));
  assert.deepEqual(begun, [1, 2, 3]);
});

test('what is over the time goes on in later turns, one batch a turn in rotation', async () => {
  const batches = new Batches(NO_TIME);
  const begun: string[] = [];
  const begin = (element: unknown, done: (result: unknown) => void) => {
    begun.push(String(element));
    done(element);
  };
  const first = batches.run(['a1', 'a2', 'a3'], begin);
  const second = batches.run(['b1', 'b2'], begin);
  assert.deepEqual(begun, ['a1'], 'the second waits behind the first');
  await nextTurn();
  assert.equal(begun.length, 2, 'one element, since one is over the time already');
  await Promise.all([first, second]);
  assert.deepEqual(begun, ['a1', 'a2', 'b1', 'a3', 'b2']);
  void batches.run(['c1', 'c2'], begin);
  assert.equal(begun.at(-1), 'c1', 'nobody waits any more');
});

test('short batches behind a long one are caught up with, as many in a turn as its time is for', async (t) => {
  let nowMs = 0;
  t.mock.method(performance, 'now', () => nowMs);
  const batches = new Batches(3);
  const begun: string[] = [];
  const run = (names: readonly string[], costMs: number) =>
    batches.run(names, (name, done) => {
      begun.push(String(name));
      nowMs += costMs;
      done(name);
    });
  const all = [run(['long 1', 'long 2'], 3), ...['a', 'b', 'c', 'd'].map((name) => run([name], 1))];
  await nextTurn();
  assert.deepEqual(begun, ['long 1', 'long 2']);
  await nextTurn();
  assert.deepEqual(begun.slice(2), ['a', 'b', 'c']);
  await Promise.all(all);
  assert.deepEqual(begun.slice(5), ['d']);
});

/** A batch of two calls in so many bytes. */
function batchOf(sizeBytes: number): Uint8Array {
  const call = '{"jsonrpc":"2.0","id":1,"method":"nope"}';
  return Buffer.from(`[${call},${call}`.padEnd(sizeBytes - 1).concat(']'));
}

test('batches wait while there is room for their bytes, and are told to come back when there is none', async (t) => {
  let nowMs = 0;
  t.mock.method(performance, 'now', () => (nowMs += 1_000));
  const dispatcher = new Dispatcher(new Map(), new Desk(new FakeNodeApi(), {}), new RpcCounters());
  const gate = new TokenGate(
    () => undefined,
    () => 0,
  );
  const answer = (body: Uint8Array) =>
    dispatcher.answer(body, callerOf(gate, { authorization: undefined, address: '127.0.0.1' }));
  const small = batchOf(100);
  const waiting = [answer(small), answer(batchOf(32 * 1024 * 1024 - small.length))];
  assert.equal((await answer(small)).error?.type, 'network.busy');
  for (const { text } of await Promise.all(waiting)) assert.equal(JSON.parse(text ?? '').length, 2);
  for (const { error } of await Promise.all([answer(small), answer(small)])) assert.equal(error, undefined);
});

test('one timer serves all waits, and none is left when nothing is waited for', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const deadlines = new Deadlines(0);
  const late: string[] = [];
  deadlines.start(() => late.push('a'));
  const off = deadlines.start(() => late.push('b'));
  deadlines.start(() => late.push('c'));
  deadlines.callOff(off);
  t.mock.timers.tick(1);
  assert.deepEqual(late, ['a', 'c']);
  assert.equal(deadlines.size, 0);
  deadlines.callOff(off);
  const last = deadlines.start(() => late.push('d'));
  deadlines.callOff(last);
  t.mock.timers.tick(1);
  assert.deepEqual(late, ['a', 'c']);
});

test('a wait that began later ends later', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 1_000;
  t.mock.method(performance, 'now', () => nowMs);
  const pass = (ms: number) => {
    nowMs += ms;
    t.mock.timers.tick(ms);
  };
  const deadlines = new Deadlines(100);
  const late: string[] = [];
  const first = deadlines.start(() => late.push('first'));
  pass(40);
  deadlines.start(() => late.push('second'));
  pass(59);
  deadlines.callOff(first);
  pass(1);
  assert.deepEqual(late, []);
  assert.equal(deadlines.size, 1);
  pass(40);
  assert.deepEqual(late, ['second']);
});
