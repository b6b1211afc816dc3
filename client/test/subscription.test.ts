import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from '../client.ts';
import type { SubscriptionEvent } from '../subscription.ts';
import { FakeSocket } from './fake-socket.ts';
import { turn, VirtualTime } from './virtual-time.ts';

/** A client whose sockets the test holds in its hands. */
function stage(urls = ['http://a:1/', 'http://b:2/']) {
  const time = new VirtualTime();
  const sockets: FakeSocket[] = [];
  const openSocket = (url: string): WebSocket => {
    const socket = new FakeSocket(url);
    sockets.push(socket);
    return socket as unknown as WebSocket;
  };
  const environment = { openSocket, wait: time.wait, nowMs: () => time.nowMs, random: () => 0 };
  const client = connect({ urls, environment });
  const events: SubscriptionEvent[] = [];
  /** The next connection, opened and served from `seq` on. */
  const serve = async (seq: number): Promise<FakeSocket> => {
    await time.drain(3_000);
    const socket = sockets.at(-1);
    assert.ok(socket !== undefined);
    socket.open();
    socket.subscribed(seq);
    await turn();
    return socket;
  };
  const seen = () =>
    events.map((event) =>
      'lagged' in event ? `lagged ${event.lagged.from}-${event.lagged.to}` : `${event.seq}:${event.result}`,
    );
  return { time, sockets, client, events, serve, seen, onEvent: (event: SubscriptionEvent) => void events.push(event) };
}

test('events come in order, and over a new connection to another node they go on where they were', async () => {
  const { client, serve, sockets, seen, onEvent } = stage();
  client.subscribe('head', { space: 'main' }, onEvent);
  const first = await serve(4);
  assert.equal(first.url, 'ws://a:1/v1/ws');
  assert.deepEqual(first.sent[0]?.params, { topic: 'head', filter: { space: 'main' } });
  first.event(5, { result: 'x' });
  first.event(6, { result: 'y' });
  await turn();
  first.end();
  const second = await serve(5);
  assert.equal(second.url, 'ws://b:2/v1/ws');
  assert.deepEqual(second.sent[0]?.params, { topic: 'head', filter: { space: 'main' }, fromSeq: 6 });
  second.event(6, { result: 'y' });
  second.event(7, { result: 'z' });
  await turn();
  assert.deepEqual(seen(), ['5:x', '6:y', '7:z']);
  client.close();
  await turn();
  assert.equal(
    sockets.every(({ readyState }) => readyState === 3),
    true,
  );
});

test('several events of one seq: those that came before are skipped, the others are not', async () => {
  const { client, serve, seen, onEvent } = stage();
  client.subscribe('ballots', undefined, onEvent);
  const first = await serve(0);
  for (const result of ['a', 'b']) first.event(3, { result });
  await turn();
  first.end();
  const second = await serve(2);
  assert.deepEqual(second.sent[0]?.params, { topic: 'ballots', fromSeq: 3 });
  for (const result of ['a', 'b', 'c']) second.event(3, { result });
  second.event(4, { result: 'd' });
  await turn();
  assert.deepEqual(seen(), ['3:a', '3:b', '3:c', '4:d']);
  client.close();
});

test('before the first event a new connection begins where the first one would have', async () => {
  const { client, serve, onEvent } = stage();
  client.subscribe('head', undefined, onEvent);
  (await serve(9)).end();
  assert.deepEqual((await serve(9)).sent[0]?.params, { topic: 'head', fromSeq: 10 });
  client.close();
});

test('what was lost is said, and is not asked for again', async () => {
  const { client, serve, seen, onEvent } = stage();
  client.subscribe('head', undefined, onEvent);
  const first = await serve(1);
  first.event(2, { result: 'x' });
  first.event(50, { lagged: { from: 3, to: 50 } });
  await turn();
  first.end();
  const second = await serve(50);
  assert.deepEqual(second.sent[0]?.params, { topic: 'head', fromSeq: 51 });
  assert.deepEqual(seen(), ['2:x', 'lagged 3-50']);
  client.close();
});

test('a silent node is asked, and left when it stays silent; nonsense ends nothing', async () => {
  const { client, serve, sockets, time, onEvent, events } = stage();
  client.subscribe('head', undefined, onEvent);
  const first = await serve(1);
  for (const nonsense of ['{', '[]', '7', { method: 'sub_event' }, { method: 'sub_event', params: { seq: 'x' } }])
    first.say(nonsense);
  await time.drain(20_000);
  assert.equal(first.sent.at(-1)?.method, 'chain_head');
  first.say({ jsonrpc: '2.0', id: 2, result: {} });
  await time.drain(15_000);
  assert.equal(first.readyState, 1);
  await time.drain(35_000);
  assert.equal(first.readyState, 3);
  assert.ok(sockets.length > 1);
  assert.equal(events.length, 0);
  client.close();
});

test('a topic that no node has ends the subscription with the refusal', async () => {
  const { client, time, sockets, onEvent } = stage();
  const subscription = client.subscribe('nonsense', undefined, onEvent);
  await time.drain(100);
  sockets[0]?.open();
  sockets[0]?.say({
    jsonrpc: '2.0',
    id: 1,
    error: { code: -32602, message: 'invalid', data: { type: 'params.invalid' } },
  });
  await assert.rejects(subscription.ended, { code: 'WAGGLE_CLIENT_REFUSED', type: 'params.invalid' });
  const closed = client.subscribe('head', undefined, onEvent);
  closed.close();
  await closed.ended;
  client.close();
  assert.throws(() => client.subscribe('head', undefined, onEvent), { code: 'WAGGLE_CLIENT_CLOSED' });
});
