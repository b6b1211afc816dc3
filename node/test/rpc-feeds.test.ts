import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Alerts, renderAlert } from '../rpc/feeds/alerts.ts';
import { BlockEventsSource } from '../rpc/feeds/block-events.ts';
import { CountedFeed } from '../rpc/feeds/counted-feed.ts';
import { Feed } from '../rpc/feeds/feed.ts';
import { FakeNodeApi } from './harness/fake-node-api.ts';
import { ballotParams, openSession, openSocket, type Rig, type SocketRig, startRig } from './harness/rpc-client.ts';

const at = { space: 'main', session: 's1' };

async function subscribe(socket: SocketRig, params: object): Promise<Record<string, unknown>> {
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: 'c', method: 'sub_subscribe', params }));
  return { ...(await socket.next()) };
}

async function event(socket: SocketRig): Promise<{ seq: number; result: Record<string, unknown> }> {
  const { params } = await socket.next();
  return params as { seq: number; result: Record<string, unknown> };
}

async function listen(t: Parameters<typeof openSocket>[0], rig: Rig, params: object): Promise<SocketRig> {
  const socket = await openSocket(t, rig);
  assert.ok((await subscribe(socket, params)).result, JSON.stringify(params));
  return socket;
}

test('ballots: what became of the ballots of a block, by space, session and voter', async (t) => {
  const rig = await startRig(t);
  await openSession(rig);
  await openSession(rig, { session: 's2' });
  const all = await listen(t, rig, { topic: 'ballots', filter: { space: 'main' } });
  const mine = await listen(t, rig, { topic: 'ballots', filter: { ...at, voter: 'm1' } });
  const other = await listen(t, rig, { topic: 'ballots', filter: { space: 'elsewhere' } });
  await rig.result('ballot_submit', ballotParams('m0', [7, 8]));
  const { ballot, height } = await rig.result<{ ballot: string; height: number }>(
    'ballot_submit',
    ballotParams('m1', [7, 8]),
  );
  const [first, second] = [await event(all), await event(all)];
  assert.deepEqual([first.seq, second.seq], [height - 1, height]);
  const facts = { ballot, space: 'main', session: 's1', voter: 'm1', outcome: 'counted' };
  assert.deepEqual(second.result.ballots, [facts]);
  assert.deepEqual((await event(mine)).result, second.result);
  other.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'chain_head' }));
  assert.ok((await other.next()).result, 'no event came before');
});

test('session: opened, extended and ended, by whatever ended it', async (t) => {
  const rig = await startRig(t);
  const socket = await listen(t, rig, { topic: 'session', filter: at });
  const status = async () => ((await event(socket)).result.sessions as Record<string, unknown>[])[0];
  const closesAt = new Date(rig.api.nowMs + 60_000).toISOString();
  await openSession(rig, { closesAt, rule: { method: 'score', close: 'deadline' } });
  assert.deepEqual(await status(), { ...at, status: 'active' });
  const later = new Date(rig.api.nowMs + 90_000).toISOString();
  await rig.result('session_extend', { ...at, reason: 'r', closesAt: later });
  assert.deepEqual(await status(), { ...at, status: 'active' });
  rig.api.nowMs += 100_000;
  rig.api.advance();
  assert.deepEqual(await status(), { ...at, status: 'completed', reason: 'deadline' });
});

test('tally: the same as tally_get, after each block that touched it and no other', async (t) => {
  const rig = await startRig(t);
  await openSession(rig);
  await openSession(rig, { session: 's2' });
  const socket = await listen(t, rig, { topic: 'tally', filter: at });
  await rig.result('ballot_submit', ballotParams('m0', [7, 8], { session: 's2' }));
  await rig.result('ballot_submit', ballotParams('m0', [7, 8]));
  assert.deepEqual((await event(socket)).result, await rig.result('tally_get', at));
});

test('alert: ready and writable, and a start of the node that is not this one', async (t) => {
  const rig = await startRig(t);
  const socket = await openSocket(t, rig);
  const { result } = await subscribe(socket, { topic: 'alert' });
  const { epoch } = result as { epoch: string };
  rig.api.statusChange = { ready: false, notReadyReason: 'no quorum' };
  const again = await openSocket(t, rig);
  await subscribe(again, { topic: 'alert', fromSeq: 1, epoch });
  const { seq, result: alert } = await event(again);
  assert.deepEqual([seq, alert.kind, alert.text], [1, 'not-ready', 'no quorum']);
  assert.equal((await event(socket)).seq, 1);
  const stranger = await openSocket(t, rig);
  await subscribe(stranger, { topic: 'alert', fromSeq: 900, epoch: 'another start' });
  assert.equal((await event(stranger)).seq, 1);
});

test('agent: what was decided, as agent_history has it, from where a reader stopped', async (t) => {
  const rig = await startRig(t);
  const socket = await openSocket(t, rig);
  const { result } = await subscribe(socket, { topic: 'agent', fromSeq: 2 });
  const { epoch, seq } = result as { epoch: string; seq: number };
  assert.deepEqual([epoch, seq], [rig.api.decisions.epoch, 1]);
  const { items } = await rig.result<{ items: { seq: number }[] }>('agent_history', { limit: 1 });
  assert.deepEqual(await event(socket), { subscription: 'agent-1', seq: 2, result: items[0] });
  const [last] = rig.api.decisions.newest(1);
  assert.ok(last);
  rig.api.decisions.record([{ ...last, reason: 'probe' }], rig.api.nowMs);
  const { seq: next, result: decision } = await event(socket);
  assert.deepEqual([next, decision.reason], [3, 'probe']);
});

test('what is no topic, no filter of it, or still to come is refused by its path', async (t) => {
  const rig = await startRig(t);
  const socket = await openSocket(t, rig);
  const cases: [object, string][] = [
    [{ topic: 'agents' }, 'topic'],
    [{ topic: 'agent', filter: { space: 'main' } }, 'filter.space'],
    [{ topic: 'agent', fromSeq: 9 }, 'fromSeq'],
    [{ topic: 'head', filter: { space: 'main' } }, 'filter.space'],
    [{ topic: 'ballots' }, 'filter.space'],
    [{ topic: 'ballots', filter: { space: 'main', proposal: 'p' } }, 'filter.proposal'],
    [{ topic: 'session', filter: { voter: 'm0' } }, 'filter.voter'],
    [{ topic: 'head', fromSeq: 2 }, 'fromSeq'],
  ];
  for (const [params, path] of cases) {
    const { error } = (await subscribe(socket, params)) as { error?: { data: { type: string; path: string } } };
    assert.deepEqual([error?.data.type, error?.data.path], ['params.invalid', path]);
  }
  const { error } = (await subscribe(socket, { topic: 'tally', filter: at })) as { error?: { data: { type: string } } };
  assert.equal(error?.data.type, 'session.unknown');
});

test('however often a reader goes and comes back, it hears every event once, in order', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { maxLength: 40 }),
      fc.array(fc.nat(6), { maxLength: 8 }),
      async (matches, cuts) => {
        const api = { height: 0, head: () => ({ height: api.height }) as ReturnType<FakeNodeApi['head']> };
        const read = async (height: number) => (matches[height - 1] ? { height } : undefined);
        const heard: number[] = [];
        let next = 1;
        for (const cut of [...cuts, matches.length]) {
          api.height = Math.min(matches.length, api.height + cut);
          const send = async (frame: object) => void heard.push((frame as { params: { seq: number } }).params.seq);
          const feed = new Feed({ api, subscription: 's', next, send, read, lagMax: 1_000 });
          feed.wake();
          await settled();
          feed.close();
          next = (heard.at(-1) ?? next - 1) + 1;
        }
        const wanted = matches.flatMap((isMatch, index) => (isMatch ? [index + 1] : []));
        assert.deepEqual(heard, wanted);
      },
    ),
    { numRuns: 60 },
  ));

test('a thousand readers of one block read it once', async () => {
  const api = new FakeNodeApi();
  let reads = 0;
  const counted = {
    ...bound(api),
    segmentsOf: async (height: number) => {
      reads += 1;
      return await api.segmentsOf(height);
    },
  };
  api.advance();
  const source = new BlockEventsSource(counted as unknown as FakeNodeApi);
  await Promise.all(Array.from({ length: 1_000 }, () => source.at(1)));
  assert.equal(reads, 1);
});

test('a state far behind is told once, as it is now', async () => {
  const api = { head: () => ({ height: 5_000 }) as ReturnType<FakeNodeApi['head']> };
  const heard: number[] = [];
  const send = async (frame: object) => void heard.push((frame as { params: { seq: number } }).params.seq);
  const read = async (height: number) => ({ height });
  new Feed({ api, subscription: 's', next: 1, send, read, lagMax: 100, isState: true }).wake();
  await settled();
  assert.deepEqual(heard, [5_000]);
});

test('of alerts the last 256 are kept, and who missed more is told', async () => {
  const api = new FakeNodeApi();
  const alerts = new Alerts(api, () => api.nowMs);
  for (let index = 0; index < 301; index++) {
    api.statusChange = { ready: index % 2 === 0 };
    alerts.look();
  }
  const frames: { params: { seq: number; lagged?: object } }[] = [];
  const send = async (frame: object) => void frames.push(frame as (typeof frames)[number]);
  new CountedFeed({ source: alerts, subscription: 's', seq: 0, send, render: renderAlert }).wake();
  await settled();
  assert.deepEqual(frames[0]?.params.lagged, { from: 1, to: 44 });
  assert.deepEqual([frames[1]?.params.seq, frames.at(-1)?.params.seq, frames.length], [45, 300, 257]);
});

/** Enough turns for a feed that never waits. */
async function settled(): Promise<void> {
  for (let left = 3_000; left > 0; left--) await Promise.resolve();
}

/** The methods of an object, which its spread would lose. */
function bound(api: FakeNodeApi) {
  return { head: () => api.head(), block: (where: { height: number }) => api.block(where), state: () => api.state() };
}
