import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Segment, sealSegment } from '../../protocol/chain/segment.ts';
import { type Hash, hashesEqual, ZERO_HASH } from '../../protocol/hash.ts';
import { buildCut, hasWork, judgeCut } from '../chains/cut.ts';
import { CHAIN_START, VoteChain } from '../chains/vote-chain.ts';
import { VoteChains } from '../chains/vote-chains.ts';

const START = { cut: new Map(), standings: new Map() };

const sign = (): Uint8Array => new Uint8Array(64);

function segment(height: number, parent: Hash, mark = 0, place = { shard: 1, author: 0 }): Segment {
  const { shard, author } = place;
  const at = { chain: ZERO_HASH, epoch: 0, incarnation: 0, shard, author, height, parent, timeMs: mark };
  return sealSegment(at, [{ kind: 1, bytes: Uint8Array.of(height, mark) }], sign);
}

function run(length: number, mark = 0, place = { shard: 1, author: 0 }): Segment[] {
  const segments: Segment[] = [];
  for (let height = 1; height <= length; height++) {
    segments.push(segment(height, segments[height - 2]?.id ?? ZERO_HASH, mark, place));
  }
  return segments;
}

test('the linked tip follows parents whatever the order of arrival', () => {
  const chain = new VoteChain(1, 0);
  const segments = run(4);
  for (const at of [3, 1, 2]) chain.add(segments[at] as Segment);
  assert.equal(chain.linked.height, 0);
  assert.deepEqual(chain.gap(), { from: 1, to: 1 });
  chain.add(segments[0] as Segment);
  assert.equal(chain.linked.height, 4);
  assert.equal(chain.add(segments[2] as Segment), 'known');
});

test('a fork is kept once, a third only when a block names it', () => {
  const chain = new VoteChain(1, 0);
  const [a, b, c] = [1, 2, 3].map((mark) => segment(1, ZERO_HASH, mark)) as [Segment, Segment, Segment];
  assert.equal(chain.add(a), 'added');
  assert.equal(chain.add(b), 'fork');
  assert.equal(chain.add(c), 'over');
  chain.want(c.id);
  assert.equal(chain.add(c), 'fork');
  assert.equal(chain.path(CHAIN_START, { height: 1, tip: c.id }).kind, 'held');
  chain.finalize({ height: 1, tip: c.id });
  assert.ok(hashesEqual(chain.linked.tip, c.id));
  assert.equal(chain.at(1).length, 1);
});

test('nothing beyond the window is kept and nothing executed is', () => {
  const chain = new VoteChain(1, 0);
  assert.equal(chain.add(segment(65, ZERO_HASH)), 'over');
  const segments = run(2);
  for (const one of segments) chain.add(one);
  chain.execute({ height: 2, tip: (segments[1] as Segment).id });
  assert.equal(chain.size, 0);
  assert.equal(chain.pendingBytes, 0);
  assert.equal(chain.add(segments[0] as Segment), 'past');
});

test('a leader cuts what it holds; a voter holds it, misses it, or refuses it', () => {
  const leader = new VoteChains(2, 4);
  const voter = new VoteChains(2, 4);
  const segments = run(3);
  for (const one of segments) leader.of(1, 0).add(one);
  assert.ok(hasWork(leader, START));
  const cut = buildCut(leader, START, 1);
  assert.deepEqual(
    cut.map(({ shard, author, height }) => [shard, author, height]),
    [[1, 0, 3]],
  );
  assert.equal(judgeCut(leader, START, cut).kind, 'held');
  assert.equal(judgeCut(voter, START, cut).kind, 'missing');
  assert.equal(judgeCut(leader, { ...START, cut: leader.advance(new Map(), cut) }, cut).kind, 'invalid');
  const foreign = cut.map((entry) => ({ ...entry, author: 9 }));
  assert.equal(judgeCut(leader, START, foreign).kind, 'invalid');
});

test('a cut of tips that nobody has is asked for in part, and judged again only when something came', () => {
  const chains = new VoteChains(8, 40);
  const bogus = chains.all().map(({ shard, author }) => ({
    ...{ shard, author, incarnation: 0, height: 1 },
    tip: ZERO_HASH.with(0, shard + 1).with(1, author),
  }));
  const parent = { ...START };
  const first = judgeCut(chains, parent, bogus);
  assert.equal(first.kind === 'missing' && first.requests.length, 64);
  assert.equal(judgeCut(chains, parent, bogus), first);
  chains.of(1, 0).add(segment(1, ZERO_HASH));
  assert.notEqual(judgeCut(chains, parent, bogus), first);
  assert.notEqual(judgeCut(chains, START, bogus), judgeCut(chains, parent, bogus));
});

test('a cut of more chains than are asked for at a time is held once all of them came', () => {
  const [leader, voter] = [new VoteChains(4, 30), new VoteChains(4, 30)];
  const segments = leader.all().map(({ shard, author }) => segment(1, ZERO_HASH, 0, { shard, author }));
  for (const one of segments) leader.of(one.header.shard, one.header.author).add(one);
  const cut = buildCut(leader, START, 1);
  const parent = { ...START };
  let rounds = 0;
  for (; judgeCut(voter, parent, cut).kind !== 'held'; rounds++) {
    const verdict = judgeCut(voter, parent, cut);
    assert.equal(verdict.kind, 'missing');
    for (const request of verdict.kind === 'missing' ? verdict.requests : []) {
      const one = segments.find(({ id }) => request.kind === 'fetch-segments' && hashesEqual(id, request.tip ?? id));
      assert.ok(one !== undefined);
      voter.of(one.header.shard, one.header.author).add(one);
    }
  }
  assert.equal(rounds, 3);
});
