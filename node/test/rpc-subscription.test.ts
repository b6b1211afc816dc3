import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Feed } from '../rpc/feeds/feed.ts';
import { RPC_LIMITS } from '../rpc/limits.ts';
import { within } from './harness/deadline.ts';
import { FakeNodeApi } from './harness/fake-node-api.ts';
import { openSocket, type SocketRig, startRig } from './harness/rpc-client.ts';

const DEADLINE_MS = 10_000;

/** A feed of heads whose reader is the test. */
function headFeed(api: FakeNodeApi, send: (frame: object) => Promise<void>): Feed {
  const read = async (height: number) => ({ height });
  return new Feed({ api, subscription: 's', next: 1, send, read, lagMax: RPC_LIMITS.lagMax });
}

async function call(socket: SocketRig, method: string, params: object): Promise<Record<string, unknown>> {
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: 'c', method, params }));
  return { ...(await socket.next()) };
}

async function events(socket: SocketRig, count: number): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  while (found.length < count) {
    const { method, params, jsonrpc, id } = await socket.next();
    assert.deepEqual([method, jsonrpc, id], ['sub_event', '2.0', undefined]);
    found.push(params ?? {});
  }
  return found;
}

test('a subscriber hears every block, by its height', async (t) => {
  const rig = await startRig(t);
  rig.api.advance();
  const socket = await openSocket(t, rig);
  const { result } = await call(socket, 'sub_subscribe', { topic: 'head' });
  assert.deepEqual(result, { subscription: 'head-1', seq: 1 });
  for (let at = 0; at < 3; at++) rig.api.advance();
  const heard = await events(socket, 3);
  assert.deepEqual(
    heard.map(({ seq, subscription }) => [seq, subscription]),
    [
      [2, 'head-1'],
      [3, 'head-1'],
      [4, 'head-1'],
    ],
  );
  assert.deepEqual(heard[2]?.result, await rig.result('chain_head'));
});

test('fromSeq resumes without a gap', async (t) => {
  const rig = await startRig(t);
  for (let at = 0; at < 5; at++) rig.api.advance();
  const socket = await openSocket(t, rig);
  assert.deepEqual((await call(socket, 'sub_subscribe', { topic: 'head', fromSeq: 3 })).result, {
    subscription: 'head-1',
    seq: 2,
  });
  assert.deepEqual(
    (await events(socket, 3)).map(({ seq }) => seq),
    [3, 4, 5],
  );
});

test('an end is an end, and names that are none are told', async (t) => {
  const rig = await startRig(t);
  const socket = await openSocket(t, rig);
  await call(socket, 'sub_subscribe', { topic: 'head' });
  assert.equal((await call(socket, 'sub_unsubscribe', { subscription: 'head-1' })).result, true);
  assert.equal((await call(socket, 'sub_unsubscribe', { subscription: 'head-1' })).result, false);
  rig.api.advance();
  assert.ok((await call(socket, 'chain_head', {})).result, 'no event came before');
  for (const params of [{ topic: 'tally' }, {}, { topic: 'head', fromSeq: 0 }]) {
    assert.ok((await call(socket, 'sub_subscribe', params)).error, JSON.stringify(params));
  }
  for (let at = 0; at < RPC_LIMITS.subscriptionsMax; at++)
    assert.ok((await call(socket, 'sub_subscribe', { topic: 'head' })).result);
  assert.ok((await call(socket, 'sub_subscribe', { topic: 'head' })).error);
});

test('over HTTP there is nothing to send events on', async (t) => {
  const rig = await startRig(t);
  assert.equal((await rig.refused('sub_subscribe', { topic: 'head' })).type, 'method.unknown');
});

test('a reader that is too far behind is told what it missed', async () => {
  const api = new FakeNodeApi();
  const blocks = RPC_LIMITS.lagMax + 10;
  for (let at = 0; at < blocks; at++) api.advance();
  const frames: { params: { seq: number; lagged?: object } }[] = [];
  const done = Promise.withResolvers<void>();
  const feed = headFeed(api, async (frame) => {
    frames.push(frame as (typeof frames)[number]);
    if (frames.at(-1)?.params.seq === blocks) done.resolve();
  });
  feed.wake();
  await within(DEADLINE_MS, done.promise, 'the last block is sent');
  assert.deepEqual(frames[0]?.params.lagged, { from: 1, to: 10 });
  assert.deepEqual(
    frames.slice(1).map(({ params }) => params.seq),
    Array.from({ length: RPC_LIMITS.lagMax }, (_, at) => at + 11),
  );
});

test('a slow reader holds back the feed, never the memory', async () => {
  const api = new FakeNodeApi();
  api.advance();
  const sent: object[] = [];
  const taken = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  const feed = headFeed(api, async (frame) => {
    sent.push(frame);
    first.resolve();
    await taken.promise;
  });
  feed.wake();
  await first.promise;
  for (let at = 0; at < 50; at++) {
    api.advance();
    feed.wake();
  }
  assert.equal(sent.length, 1);
  feed.close();
  taken.resolve();
  await taken.promise;
  assert.equal(sent.length, 1);
});

test('a closed connection leaves no listener behind', async (t) => {
  const rig = await startRig(t);
  const socket = await openSocket(t, rig);
  await call(socket, 'sub_subscribe', { topic: 'head' });
  assert.equal(rig.api.listeners, 1);
  socket.socket.terminate();
  await within(DEADLINE_MS, rig.api.unlistened, 'the server lets go');
  assert.equal(rig.api.listeners, 0);
});
