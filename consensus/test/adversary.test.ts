import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBlock, encodeBlock } from '../../protocol/chain/block.ts';
import { type Segment, sealSegment } from '../../protocol/chain/segment.ts';
import { type Hash, ZERO_HASH } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { leaderOf } from '../../protocol/roster.ts';
import { buildCut } from '../chains/cut.ts';
import { VoteChain } from '../chains/vote-chain.ts';
import { VoteChains } from '../chains/vote-chains.ts';
import { liveEntries } from '../replica.ts';
import { Fetches } from '../simplex/fetches.ts';
import { block, CHAIN, certificate, child, cutOf, proposal, ROSTER, Solo, segment } from './harness/solo.ts';

const START = { cut: new Map(), standings: new Map() };

/* What one faulty validator can do to a single honest one, each found by a reviewer before it was closed. */

const LEADER = leaderOf(ROSTER, 1);
const SELF = leaderOf(ROSTER, 4);
const STRANGER = [0, 1, 2, 3].find((at) => at !== LEADER && at !== SELF) ?? 0;

function heavy(height: number, parent: Hash, bytes: number, mark = 0): Segment {
  const place = { chain: CHAIN, epoch: 0, incarnation: 0, shard: 1, author: 0, height, parent, timeMs: mark };
  return sealSegment(place, [{ kind: 9, bytes: new Uint8Array(bytes).fill(mark) }], () => new Uint8Array(64));
}

test('C-04 a hoard of unlinked segments leaves room for the one that links', () => {
  const chain = new VoteChain(1, 0);
  for (let height = 20; height < 60; height++) chain.add(heavy(height, ZERO_HASH, LIMITS.segmentBytesMax - 10));
  assert.ok(chain.pendingBytes <= 2 * LIMITS.segmentBytesMax + 1_000, String(chain.pendingBytes));
  assert.equal(chain.add(heavy(1, ZERO_HASH, 10)), 'added');
  assert.equal(chain.linked.height, 1);
});

test('C-04 a full chain still takes what a block names', () => {
  const chain = new VoteChain(1, 0);
  let parent: Hash = ZERO_HASH;
  for (let height = 1; height <= 12; height++) {
    const one = heavy(height, parent, LIMITS.segmentBytesMax - 10);
    chain.add(one);
    parent = one.id;
  }
  assert.ok(chain.pendingBytes <= LIMITS.chainWindowBytes + 2 * LIMITS.segmentBytesMax);
  const named = heavy(9, heavy(8, ZERO_HASH, 5, 8).id, LIMITS.segmentBytesMax - 10, 9);
  assert.equal(chain.add(named), 'over');
  chain.want(named.id);
  assert.notEqual(chain.add(named), 'over');
});

test('C-06 what was notarized is kept, however many forks later proposals name', () => {
  const node = new Solo(SELF);
  const forks = [0, 1, 2, 3].map((mark) => segment(LEADER, 1, ZERO_HASH, mark));
  const [first, named] = forks as [Segment, Segment, Segment, Segment];
  node.receive(LEADER, { kind: 'segment', segment: first }, { kind: 'segment', segment: named });
  node.receive(LEADER, proposal(block(1, cutOf(named))));
  assert.deepEqual(node.votes(), ['notarize:1']);
  for (const other of forks.slice(2)) {
    node.replica.chains.of(1, LEADER).want(other.id);
    node.receive(LEADER, { kind: 'segment', segment: other });
  }
  assert.ok(node.replica.chains.of(1, LEADER).get(named.id) !== undefined);
  const live = liveEntries(node.replica).flatMap((entry) => (entry.kind === 'segment' ? [entry.segment.id] : []));
  assert.ok(live.some((id) => Buffer.from(id).equals(named.id)));
});

test('C-05 a cut names no more chains than a block may, and not the same ones every time', () => {
  const chains = new VoteChains(64, 40);
  for (const chain of chains.all()) {
    const place = { chain: CHAIN, epoch: 0, incarnation: 0, parent: ZERO_HASH, height: 1, timeMs: 1 };
    const at = { ...place, shard: chain.shard, author: chain.author };
    chain.add(sealSegment(at, [{ kind: 9, bytes: Uint8Array.of(1) }], () => new Uint8Array(64)));
  }
  const cut = buildCut(chains, START, 1);
  assert.equal(cut.length, LIMITS.blockCutEntriesMax);
  const made = block(1, cut);
  assert.deepEqual(decodeBlock(encodeBlock(made.block)), made.block);
  const rest = buildCut(chains, { ...START, cut: chains.advance(new Map(), cut) }, 2);
  assert.equal(cut.length + rest.length, chains.all().length);
});

test('R-06 claims are few a peer and slow down; a standing wish is never displaced', () => {
  const claims = new Fetches(2);
  const wish = (height: number) => ({ kind: 'fetch-final', from: height }) as const;
  for (const height of [1, 2, 3, 4]) claims.want(wish(height), [1], 0);
  assert.equal(claims.size, 2);
  let asked = 0;
  for (let nowMs = 0; nowMs < 60_000; nowMs += 10) {
    for (const height of [1, 2, 3, 4]) claims.want(wish(height), [1], nowMs);
    asked += claims.due(nowMs).length;
  }
  assert.ok(asked < 30, String(asked));
  claims.want(wish(9), [1], 70_000);
  assert.deepEqual(claims.due(70_000), [{ to: 1, request: wish(9) }]);
});

test('R-06 a claim is marked as one; what a proposal names is asked for as a need', () => {
  const node = new Solo(SELF);
  const status = { kind: 'status', epoch: 0, view: 1, finalView: 0, tips: [], checkpoint: undefined } as const;
  node.receive(STRANGER, { ...status, finalHeight: 99 });
  node.receive(LEADER, proposal(block(1, cutOf(segment(LEADER)))));
  const asked = new Map<string, boolean>();
  for (let round = 0; round < 30; round++) {
    node.nowMs += 10;
    for (const send of node.step({ kind: 'tick' }).send) {
      if (send.to !== 'shard') asked.set(send.message.kind, send.isClaim === true);
    }
  }
  assert.deepEqual([asked.get('fetch-final'), asked.get('fetch-segments')], [true, false]);
});

test('R-07 a segment that one node alone holds is told to all by its Status, and asked of that node', () => {
  const holder = new Solo(SELF);
  const data = segment(STRANGER);
  holder.receive(STRANGER, { kind: 'segment', segment: data });
  holder.wait(1_500);
  const status = holder.sentOf('status').at(-1);
  assert.deepEqual(status?.tips, [{ shard: 1, author: STRANGER, height: 1 }]);
  const other = new Solo(LEADER);
  other.receive(SELF, status);
  other.wait(10);
  other.receive(SELF, status);
  other.wait(200);
  assert.equal(other.sentOf('fetch-segments')[0]?.author, STRANGER);
  other.receive(SELF, { kind: 'segment', segment: data });
  assert.deepEqual(other.votes(), ['propose:1']);
});

test('a proposal that claims an absurd height is forgotten with its view', () => {
  const node = new Solo(SELF);
  const absurd = block(1, [], { height: 2 ** 50, flags: 1 });
  node.receive(LEADER, proposal(absurd));
  const data = segment(LEADER);
  const far = block(200, cutOf(data), { parentView: 0 });
  node.receive(LEADER, { kind: 'segment', segment: data });
  node.receive(LEADER, { kind: 'final', blocks: [far], certificate: certificate('finalize', 200, far.hash) });
  assert.equal(node.replica.finalView, 200);
  assert.equal(node.replica.tree.body(absurd.hash), undefined);
});

test('S-11 the fault of one block does not taint another of its view', () => {
  const self = leaderOf(ROSTER, 2);
  const node = new Solo(self);
  const others = [0, 1, 2, 3].filter((index) => index !== self);
  const data = segment(LEADER);
  node.receive(LEADER, { kind: 'segment', segment: data });
  node.receive(LEADER, proposal(block(1, cutOf(data), { height: 7 })));
  const good = block(1, cutOf(data));
  node.replica.wantedBlocks.set(Buffer.from(good.hash).toString('hex'), good.hash);
  node.receive(SELF, { kind: 'block', block: good });
  node.receive(SELF, { kind: 'certificate', certificate: certificate('notarize', 1, good.hash, others) });
  node.receive(LEADER, { kind: 'segment', segment: segment(LEADER, 2, data.id) });
  node.wait(100);
  const [made] = node.sentOf('propose');
  assert.deepEqual(made?.block.block.parentHash, good.hash);
});

test('C-01 every own segment that was told as accepted is in the own chain and survives compaction', () => {
  const node = new Solo(SELF);
  const item = { kind: 9, bytes: new Uint8Array(500_000) };
  node.syncs = false;
  for (let at = 0; at < 40; at++) node.step({ kind: 'submit', shard: 0, item, id: ZERO_HASH });
  node.wait(50);
  node.step({ kind: 'synced' });
  const accepted = node.delivered.filter(({ kind }) => kind === 'sealed').length;
  assert.ok(accepted > 0);
  assert.equal(node.replica.chains.of(0, SELF).linked.height, accepted);
  const after = new Solo(SELF, liveEntries(node.replica));
  assert.equal(after.replica.authors.tip(0).height, accepted);
});

test('a long gap is walked once, and closes when its last body comes', () => {
  const { tree } = new Solo(SELF).replica;
  const run = [block(1, [])];
  for (let view = 2; view <= 50; view++) run.push(child(run.at(-1) ?? block(1, []), view, []));
  const [first, second, ...rest] = run;
  const tip = run.at(-1);
  assert.ok(first !== undefined && second !== undefined && tip !== undefined);
  for (const one of rest) tree.add(one);
  assert.deepEqual(tree.missingAncestor(tip.hash), { hash: second.hash, childHeight: 3 });
  tree.add(second);
  assert.deepEqual(tree.missingAncestor(tip.hash), { hash: first.hash, childHeight: 2 });
  assert.equal(tree.node(tip.hash), undefined);
  tree.add(first);
  assert.equal(tree.missingAncestor(tip.hash), undefined);
  assert.equal(tree.node(tip.hash)?.height, 50);
});

test('C-06 ids that never come do not keep out what is wanted now', () => {
  const chain = new VoteChain(1, 0);
  for (let at = 0; at < 2_000; at++)
    chain.want(
      new Uint8Array(32)
        .fill(7)
        .with(0, at & 0xff)
        .with(1, at >> 8),
    );
  const forks = [0, 1, 2].map((mark) => segment(0, 1, ZERO_HASH, mark)) as [Segment, Segment, Segment];
  const [first, second, named] = forks;
  chain.add(first);
  chain.add(second);
  chain.want(named.id);
  assert.notEqual(chain.add(named), 'over');
});

test('R-05 two forks of one range are two wishes, each asked for', () => {
  const fetches = new Fetches(8);
  const wish = (mark: number) =>
    ({ kind: 'fetch-segments', shard: 1, author: 0, from: 1, to: 3, tip: ZERO_HASH.with(0, mark) }) as const;
  for (const mark of [1, 2]) fetches.want(wish(mark), [1], 0);
  assert.deepEqual(
    fetches.due(0).map(({ request }) => request),
    [wish(1), wish(2)],
  );
});

test('R-05 a run that comes in one answer is asked for once, and again when it breaks off', () => {
  const node = new Solo(SELF);
  const run = [segment(LEADER, 1)];
  for (let height = 2; height <= 20; height++) run.push(segment(LEADER, height, run.at(-1)?.id));
  const tip = run.at(-1);
  assert.ok(tip !== undefined);
  node.receive(LEADER, proposal(block(1, cutOf(tip))));
  for (const one of run.slice(5).toReversed()) {
    node.nowMs += 1;
    node.receive(STRANGER, { kind: 'segment', segment: one });
  }
  assert.equal(node.sentOf('fetch-segments').length, 1);
  node.wait(150);
  assert.deepEqual(
    node.sentOf('fetch-segments').flatMap(({ to, tip: wanted }) => (wanted === undefined ? [] : [to])),
    [20, 5],
  );
});

test('R-05 waits that grew while a peer was cut off begin anew when it is heard again', () => {
  const fetches = new Fetches(8);
  const request = { kind: 'fetch-block', hash: ZERO_HASH } as const;
  let asked = 0;
  for (let nowMs = 0; nowMs < 60_000; nowMs += 50) {
    fetches.want(request, [1], nowMs);
    asked += fetches.due(nowMs).length;
  }
  assert.ok(asked < 15, 'ever more slowly');
  fetches.hurry(60_000);
  fetches.want(request, [1], 60_000);
  assert.equal(fetches.due(60_000).length, 1);
  fetches.want(request, [1], 60_500);
  assert.equal(fetches.due(60_500).length, 1);
});
