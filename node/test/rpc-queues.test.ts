import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Calls } from '../rpc/calls.ts';
import { RpcCounters } from '../rpc/counters.ts';
import { Desk } from '../rpc/desk.ts';
import { callerOf } from '../rpc/http-guard.ts';
import { allMethods } from '../rpc/methods/all.ts';
import { decodeCursor, encodeCursor, smallestAfter } from '../rpc/page.ts';
import { Gate, KeyedQueue } from '../rpc/queues.ts';
import { RpcError } from '../rpc/rpc-error.ts';
import { TokenGate } from '../rpc/tokens.ts';
import { FakeNodeApi } from './harness/fake-node-api.ts';

const busy = (error: unknown) => error instanceof RpcError && error.type === 'network.busy';

test('tasks of a key run one by one in their order, other keys beside them', async () => {
  const queue = new KeyedQueue({ perKey: 3, total: 5, waitMs: 60_000 });
  const seen: string[] = [];
  const hold = Promise.withResolvers<void>();
  const task = (name: string) => async () => {
    seen.push(name);
    await hold.promise;
    seen.push(`${name} done`);
  };
  const all = [queue.run('a', task('a1')), queue.run('a', task('a2')), queue.run('b', task('b1'))];
  await Promise.resolve();
  assert.deepEqual(seen, ['a1', 'b1']);
  hold.resolve();
  await Promise.all(all);
  assert.ok(seen.indexOf('a1 done') < seen.indexOf('a2'));
});

test('a full queue refuses at once, and takes again what it has room for', async () => {
  const queue = new KeyedQueue({ perKey: 2, total: 3, waitMs: 60_000 });
  const hold = Promise.withResolvers<void>();
  const wait = () => hold.promise;
  const held = [queue.run('a', wait), queue.run('a', wait)];
  await assert.rejects(queue.run('a', wait), busy);
  held.push(queue.run('b', wait));
  await assert.rejects(queue.run('c', wait), busy);
  hold.resolve();
  await Promise.all(held);
  assert.equal(await queue.run('a', async () => 7), 7);
});

test('a task that fails does not stop the next', async () => {
  const queue = new KeyedQueue({ perKey: 2, total: 2, waitMs: 60_000 });
  const failing = queue.run('a', async () => {
    throw new RpcError('ballot.closed');
  });
  const next = queue.run('a', async () => 1);
  await assert.rejects(failing, RpcError);
  assert.equal(await next, 1);
});

test('a turn that comes too late is refused and nothing is run', async () => {
  const queue = new KeyedQueue({ perKey: 2, total: 2, waitMs: -1 });
  const hold = Promise.withResolvers<void>();
  let runs = 0;
  const first = queue.run('a', () => hold.promise);
  const late = queue.run('a', async () => {
    runs += 1;
  });
  hold.resolve();
  await first;
  await assert.rejects(late, busy);
  assert.equal(runs, 0);
  assert.equal(queue.size, 0);
});

test('who leaves lets the next in, and a key that nobody is at work for begins at once', () => {
  const queue = new KeyedQueue({ perKey: 3, total: 3, waitMs: 60_000 });
  const leaves: (() => void)[] = [];
  const refused: unknown[] = [];
  for (let at = 0; at < 4; at++) {
    queue.enter(
      'a',
      (leave) => leaves.push(leave),
      (error) => refused.push(error),
    );
  }
  assert.equal(refused.filter(busy).length, 1);
  for (const begun of [1, 2, 3]) {
    assert.equal(leaves.length, begun);
    leaves[begun - 1]?.();
  }
  assert.equal(queue.size, 0);
});

test('a gate lets no more through than it has room for', async () => {
  const gate = new Gate(2);
  let inside = 0;
  let most = 0;
  const two = Promise.withResolvers<void>();
  const one = async () => {
    inside += 1;
    most = Math.max(most, inside);
    if (inside === 2) two.resolve();
    await two.promise;
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 10 }, () => gate.run(one)));
  await assert.rejects(
    gate.run(async () => {
      throw new RpcError('internal');
    }),
  );
  await gate.run(one);
  assert.equal(most, 2);
  assert.equal(inside, 0);
});

test('a page is the smallest keys beyond the cursor, whatever their order', () => {
  const key = fc.stringMatching(/^[a-z0-9]{1,4}$/);
  fc.assert(
    fc.property(
      fc.uniqueArray(key, { maxLength: 300 }),
      fc.option(key),
      fc.integer({ min: 1, max: 40 }),
      (keys, after, count) => {
        const expected = [...keys]
          .sort()
          .filter((one) => after === null || one > after)
          .slice(0, count);
        assert.deepEqual(smallestAfter(keys, after ?? undefined, count), expected);
      },
    ),
  );
});

test('a cursor is its key and nothing else is one', () => {
  for (const key of ['main/s1', 'a', 'main/s1/p.1_2-3']) assert.equal(decodeCursor(encodeCursor(key)), key);
  for (const cursor of ['', '!', 'bWFpbg==', encodeCursor('A'), encodeCursor('a\n'), encodeCursor('a'.repeat(300))]) {
    assert.throws(() => decodeCursor(cursor), RpcError, cursor);
  }
});

test('no two large reads begin in one turn of the event loop', async () => {
  const gate = new Gate(4);
  const begun: number[] = [];
  let turn = 0;
  let isRunning = true;
  const count = () => {
    turn += 1;
    if (isRunning) setImmediate(count);
  };
  setImmediate(count);
  await Promise.all(Array.from({ length: 12 }, () => gate.run(async () => begun.push(turn))));
  isRunning = false;
  assert.equal(new Set(begun).size, 12);
});

test('what waited for a client that is gone is not worked on', async () => {
  const desk = new Desk(new FakeNodeApi());
  const calls = new Calls(desk, new RpcCounters());
  const gate = new TokenGate(
    () => undefined,
    () => 0,
  );
  const caller = callerOf(gate, { authorization: undefined, address: '127.0.0.1', isGone: () => true });
  const run = async (name: string) => {
    const method = allMethods('0').get(name);
    assert.ok(method !== undefined);
    const outcome = await calls.run(method, {}, caller);
    return 'error' in outcome ? outcome.error.type : 'ok';
  };
  assert.equal(await run('session_list'), 'network.busy');
  assert.equal(await run('chain_head'), 'ok');
});
