import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeSignedBallot } from '../../protocol/governance/ballot.ts';
import { toHex } from '../../protocol/hex.ts';
import { connect, type WaggleClient } from '../client.ts';
import { WaggleClientError } from '../errors.ts';
import { voterKey } from '../keys.ts';
import type { VoteResult } from '../vote/answers.ts';
import { CHAIN, type FakeBallot, FakeLedger } from './fake-ledger.ts';
import { FakeNetwork, type Fault, KINDS } from './fake-network.ts';
import { VirtualTime } from './virtual-time.ts';

const KEY = voterKey(new Uint8Array(32).fill(9));
const LIFETIME_MS = 60_000;

const fault: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constantFrom(...KINDS),
  taken: fc.boolean(),
  lateMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 90_000 })),
});

/** A node that is away for good, with or without the ballot. */
const away = fc
  .boolean()
  .map((taken) => Array.from({ length: 400 }, (): Fault => ({ kind: 'connection', taken, lateMs: 0 })));

const scene = fc.record({
  nodes: fc.array(
    fc.record({
      lagMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 8_000 })),
      skewMs: fc.oneof(fc.constant(0), fc.integer({ min: -2_000, max: 30_000 })),
      faults: fc.oneof(
        fc.array(fault, { maxLength: 6 }),
        fc.array(fault, { minLength: 20, maxLength: 60 }),
        away.map((faults) => faults.map((one, at) => (at === 0 ? one : { ...one, taken: false }))),
      ),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  isRevisable: fc.boolean(),
  /** The voter has voted before, and this ballot stands on that one. */
  hasPrevious: fc.boolean(),
  /** Another ballot of the same voter, from another device. */
  rival: fc.option(fc.record({ atMs: fc.integer({ min: 0, max: 70_000 }), weight: fc.constantFrom(7, 8) })),
  closedAfterMs: fc.option(fc.integer({ min: 0, max: 70_000 })),
  /** Others vote as well, so that there are blocks. */
  isBusy: fc.boolean(),
  chance: fc.double({ min: 0, max: 0.999, noNaN: true }),
});

type Scene = typeof scene extends fc.Arbitrary<infer Value> ? Value : never;

interface Stage {
  readonly time: VirtualTime;
  readonly ledger: FakeLedger;
  readonly network: FakeNetwork;
  readonly client: WaggleClient;
}

const PREVIOUS = '44'.repeat(32);
const RIVAL = '33'.repeat(32);

function otherBallot(id: string, previous: string | undefined, weight: number): FakeBallot {
  const says = JSON.stringify([{ proposal: 'p', choice: { method: 'score', weight } }]);
  return { id, previous, notAfterMs: Number.POSITIVE_INFINITY, says };
}

function setStage({ nodes, isRevisable, hasPrevious, rival, closedAfterMs, isBusy, chance }: Scene): Stage {
  const time = new VirtualTime();
  const ledger = new FakeLedger(isRevisable, time.nowMs);
  if (closedAfterMs !== null) ledger.closedAtMs = time.nowMs + closedAfterMs;
  const fakes = nodes.map(({ faults, ...node }, at) => ({ ...node, url: `http://node${at}/`, faults: [...faults] }));
  const network = new FakeNetwork(time, ledger, fakes);
  if (hasPrevious) ledger.execute([otherBallot(PREVIOUS, undefined, 3)], time.nowMs);
  if (rival !== null) {
    const ballot = otherBallot(RIVAL, hasPrevious ? PREVIOUS : undefined, rival.weight);
    time.at(rival.atMs, () => ledger.execute([ballot], time.nowMs));
  }
  for (let ms = 1_000; isBusy && ms < 400_000; ms += 1_000) time.at(ms, () => ledger.execute([], time.nowMs));
  const environment = { fetch: network.fetch, nowMs: () => time.nowMs, wait: time.wait, random: () => chance };
  const client = connect({ urls: fakes.map(({ url }) => url), chain: CHAIN, environment });
  return { time, ledger, network, client };
}

const VOTE = { space: 'main', session: 's', voter: 'v', key: KEY, entries: [{ proposal: 'p', choice: 7 }] } as const;

/** How often `ballot` counts once every copy on its way has been ordered. */
function countOf({ ledger }: Stage, ballot: string): number {
  return ledger.heads(ledger.blocks).filter(({ id }) => id === ballot).length;
}

async function checkTruth(stage: Stage, settled: PromiseSettledResult<VoteResult>, ownId: string): Promise<void> {
  await stage.time.drain(200_000);
  assert.ok(countOf(stage, ownId) <= 1, 'counted twice');
  if (settled.status === 'fulfilled') {
    const { outcome, ballot, height } = settled.value;
    assert.equal(outcome === 'counted', ballot === ownId);
    assert.equal(countOf(stage, ballot), 1, 'said to count, and does not');
    const block = stage.ledger.blocks.find(({ items }) =>
      items.some((one) => one.ballot.id === ballot && one.outcome === 'counted'),
    );
    if (height !== undefined && outcome === 'counted') assert.equal(height, block?.height);
    return;
  }
  const error: unknown = settled.reason;
  assert.ok(error instanceof WaggleClientError, String(error));
  if (error.code === 'WAGGLE_CLIENT_REFUSED') assert.equal(countOf(stage, ownId), 0, `${error.type}, and it counts`);
  else assert.equal(error.code, 'WAGGLE_CLIENT_UNDECIDED');
}

test('whatever happens to answers, at most one ballot counts and the promise tells the truth', async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(scene, async (given) => {
      const stage = setStage(given);
      const timeMs = stage.time.nowMs;
      const vote = { ...VOTE, previous: given.hasPrevious ? PREVIOUS : null, timeMs, notAfterMs: timeMs + LIFETIME_MS };
      const ownId = toHex((await stage.client.sign(vote)).id);
      const settled = await stage.time.run(stage.client.vote(vote));
      await checkTruth(stage, settled, ownId);
      const name = settled.status === 'fulfilled' ? settled.value.outcome : (settled.reason as WaggleClientError).type;
      seen.set(name, (seen.get(name) ?? 0) + 1);
    }),
    { numRuns: 400 },
  );
  // The scenes must reach every kind of end, or the property says nothing of it.
  for (const name of [
    'counted',
    'duplicate',
    'ballot.expired',
    'ballot.closed',
    'ballot.already-voted',
    'client.undecided',
  ]) {
    assert.ok((seen.get(name) ?? 0) > 0, `never ${name}: ${JSON.stringify([...seen])}`);
  }
});

test('an undecided ballot is gone on with, and then the truth is known', async () => {
  let resumed = 0;
  const bad = scene.map((given) => ({ ...given, isBusy: true }));
  await fc.assert(
    fc.asyncProperty(bad, async (given) => {
      const stage = setStage(given);
      const vote = { ...VOTE, previous: given.hasPrevious ? PREVIOUS : null, timeoutMs: 3_000 };
      const first = await stage.time.run(stage.client.vote(vote));
      if (first.status === 'fulfilled') return;
      const error = first.reason as WaggleClientError;
      if (error.code !== 'WAGGLE_CLIENT_UNDECIDED') return;
      assert.ok(error.signed !== undefined);
      resumed += 1;
      const ownId = toHex(decodeSignedBallot(error.signed).id);
      for (const node of stage.network.nodes) node.faults.length = 0;
      const settled = await stage.time.run(stage.client.resume(error.signed));
      if (settled.status === 'rejected')
        assert.notEqual((settled.reason as WaggleClientError).type, 'client.undecided');
      await checkTruth(stage, settled, ownId);
    }),
    { numRuns: 300 },
  );
  assert.ok(resumed > 20, String(resumed));
});
