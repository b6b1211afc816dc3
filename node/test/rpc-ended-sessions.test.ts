import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ITEM_KINDS } from '../../protocol/chain/segment.ts';
import { encodeSignedBallot, type SignedBallot, signBallot } from '../../protocol/governance/ballot.ts';
import { placeOf } from '../../protocol/governance/epochs.ts';
import { toHex } from '../../protocol/hex.ts';
import { parseId } from '../../protocol/ids.ts';
import { pair, START_MS } from './harness/fake-node-api.ts';
import { ballotParams, openSession, type Rig, startRig } from './harness/rpc-client.ts';

const at = { space: 'main', session: 's1' };
const VOTERS = ['v0', 'v1', 'm0', 'm1', 'm2', 'm3', 'far'];

/** A session that ends a second later, by its deadline. */
async function openRig(t: TestContext, rule: Record<string, unknown> = {}): Promise<Rig> {
  const rig = await startRig(t);
  const closesAt = new Date(START_MS + 1_000).toISOString();
  await openSession(rig, { closesAt, rule: { method: 'score', close: 'deadline', ...rule } });
  return rig;
}

/** The deadline passes in a block, and the state gives up the heads. */
function end({ api }: Rig): void {
  api.nowMs += 2_000;
  api.advance();
  api.archiveEnded();
  assert.deepEqual([...api.state().heads.keys()], []);
}

/** v0's own ballot, and the params that carry it. */
function ownBallot({ api }: Rig, ...weights: readonly number[]) {
  const [notAfterMs, timeMs] = [START_MS + 60_000, START_MS];
  const signed = signBallot(
    {
      chain: api.chain,
      space: parseId('main'),
      session: parseId('s1'),
      voter: parseId('v0'),
      previous: undefined,
      notAfterMs,
      timeMs,
      entries: weights.map((weight, place) => ({
        proposal: parseId(`p${place + 1}`),
        choice: { method: 'score', weight },
      })),
    },
    pair(40).sign,
  );
  const times = { notAfter: new Date(notAfterMs).toISOString(), time: new Date(timeMs).toISOString() };
  const params = ballotParams('v0', weights, { ...times, signature: toHex(signed.signature ?? new Uint8Array()) });
  return { signed, params };
}

/** It is sealed by another node and executed. */
function sealElsewhere({ api }: Rig, signed: SignedBallot): number | undefined {
  const { space, voter } = signed.ballot;
  const item = { kind: ITEM_KINDS.ballot, bytes: encodeSignedBallot(signed) };
  return api.advance(placeOf(api.state(), space, voter), item)?.height;
}

const known = (rig: Rig, signed: SignedBallot, height: number | undefined) => ({
  ballot: toHex(signed.id),
  shard: placeOf(rig.api.state(), 'main', signed.ballot.voter),
  status: 'final',
  outcome: 'duplicate',
  height,
});

for (const revisable of [false, true]) {
  const title = revisable ? 'where ballots may be revised' : 'where they may not';

  test(`a ballot that counted and is sealed once more after the end is final at its height, ${title}`, async (t) => {
    const rig = await openRig(t, { revisable });
    const { signed, params } = ownBallot(rig, 9, 3);
    let height: number | undefined;
    rig.api.beforeBlock = () => {
      height = sealElsewhere(rig, signed);
      end(rig);
    };
    const answer = await rig.result('ballot_submit', params, '');
    assert.deepEqual(answer, known(rig, signed, height));
    assert.equal(height, 2);
    const [last] = rig.api.submitted.slice(-1);
    assert.equal(last, toHex(signed.id), 'this node had it sealed too');
  });

  test(`a ballot that counted is final at its height when it is sent again after the end, ${title}`, async (t) => {
    const rig = await openRig(t, { revisable });
    const { signed, params } = ownBallot(rig, 9, 3);
    const first = await rig.result<{ height: number }>('ballot_submit', params, '');
    end(rig);
    const submitted = rig.api.submitted.length;
    assert.deepEqual(await rig.result('ballot_submit', params, ''), known(rig, signed, first.height));
    assert.equal(rig.api.submitted.length, submitted);
  });
}

test('a ballot that never counted is closed, with the one of its voter that did', async (t) => {
  const rig = await openRig(t);
  const counted = ownBallot(rig, 1, 1);
  const { signed, params } = ownBallot(rig, 9, 3);
  rig.api.beforeBlock = () => {
    sealElsewhere(rig, counted.signed);
    end(rig);
  };
  const late = await rig.refused('ballot_submit', params, '');
  const facts = {
    type: 'ballot.closed',
    outcome: 'closed',
    ballot: toHex(signed.id),
    counted: toHex(counted.signed.id),
  };
  const { type, outcome, ballot, counted: of, height } = late;
  assert.deepEqual({ type, outcome, ballot, counted: of }, facts);
  assert.equal(height, rig.api.head().height);
  const again = await rig.refused('ballot_submit', params, '');
  assert.deepEqual([again.type, again.counted], [facts.type, facts.counted]);
});

test('a ballot of a voter who has none that counted is closed, and names none', async (t) => {
  const rig = await openRig(t);
  await rig.result('ballot_submit', ballotParams('m0', [9, 3]));
  rig.api.beforeBlock = () => end(rig);
  const { params } = ownBallot(rig, 9, 3);
  for (const times of ['while it is under way', 'and after']) {
    const error = await rig.refused('ballot_submit', params, '');
    assert.deepEqual([error.type, error.counted], ['ballot.closed', undefined], times);
  }
});

test('a node-signed ballot of who voted is closed after the end, with the one that counts', async (t) => {
  const rig = await openRig(t);
  const { ballot } = await rig.result<{ ballot: string }>('ballot_submit', ballotParams('m0', [9, 3]));
  end(rig);
  const error = await rig.refused('ballot_submit', ballotParams('m0', [9, 3]));
  assert.deepEqual([error.type, error.counted], ['ballot.closed', ballot]);
});

test('a session that ended says who is missing, and a superseded ballot what superseded it', async (t) => {
  const rig = await openRig(t, { revisable: true });
  const first = await rig.result<{ ballot: string }>('ballot_submit', ballotParams('m0', [9, 3]));
  const second = await rig.result<{ ballot: string }>('ballot_submit', ballotParams('m0', [8, 3]));
  await rig.result('ballot_submit', ballotParams('m2', [1, 1]));
  end(rig);
  const { progress } = await rig.result<{ progress: Record<string, unknown> }>('session_get', at);
  const missing = VOTERS.filter((voter) => voter !== 'm0' && voter !== 'm2');
  assert.deepEqual([progress.missing, progress.missingCount, progress.voters], [missing, missing.length, 2]);
  const supersededBy = async (id: string) =>
    (await rig.result<{ supersededBy?: string }>('ballot_get', [id])).supersededBy;
  assert.deepEqual([await supersededBy(first.ballot), await supersededBy(second.ballot)], [second.ballot, undefined]);
});
