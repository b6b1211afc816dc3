import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { codeOf } from '../../protocol/errors.ts';
import type { SignedBallot } from '../../protocol/governance/ballot.ts';
import { headKey } from '../../protocol/governance/row-keys.ts';
import { ZERO_HASH } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import { shardOf } from '../../protocol/ids.ts';
import { decodeBallotPlace } from '../driver/ballot-places.ts';
import { ballotKey, ballotPlaceKey, PREFIXES, segmentKey } from '../storage/keys.ts';
import type { LedgerStore } from '../storage/ledger-store.ts';
import { lineOf, listed, paged, Reference } from './ballot-lists.ts';
import { collect } from './collect.ts';
import { type Solo, SPACE } from './solo.ts';
import { type Parts, pendingAndWritten, withLedger } from './with-ledger.ts';

/** Each is the beginning of another one. */
const VOTERS = ['a', 'a-b', 'ab', 'abc'];

async function valuesOf(store: LedgerStore, prefix: (typeof PREFIXES)[keyof typeof PREFIXES]): Promise<Uint8Array[]> {
  return (await collect(store.range(prefix))).map(({ value }) => value);
}

type Turn = readonly [voter: string, how: 'plain' | 'revised' | 'again' | 'elsewhere', weight: number];
const turn = fc.tuple(
  fc.constantFrom(...VOTERS),
  fc.constantFrom<Turn[1]>('plain', 'plain', 'revised', 'again', 'elsewhere'),
  fc.integer({ min: 1, max: 10 }),
);
const turns = fc.array(turn, { minLength: 1, maxLength: 4 });

/** Seals a ballot a turn: a new one, one that stands on the head, the last one once more, or one in another's shard. */
function take(solo: Solo, last: Map<string, SignedBallot>, turns: readonly Turn[]): void {
  const together: SignedBallot[] = [];
  for (const [voter, how, weight] of turns) {
    const previous = how === 'revised' ? solo.replica.state.heads.get(headKey(SPACE, 's1', voter))?.ballot : undefined;
    const ballot = (how === 'again' ? last.get(voter) : undefined) ?? solo.ballot(voter, weight, 's1', previous);
    last.set(voter, ballot);
    if (how === 'elsewhere') solo.vote([ballot], 3 - shardOf(SPACE, voter, 2));
    else together.push(ballot);
  }
  if (together.length > 0) solo.vote(together);
}

async function checkList({ reader }: Parts, reference: Reference): Promise<void> {
  const whole = await listed(reader);
  assert.deepEqual(whole, reference.lines());
  for (let limit = 1; limit <= whole.length; limit++) assert.deepEqual(await paged(reader, limit), whole);
  for (const voter of VOTERS) assert.deepEqual(await paged(reader, 1, voter), reference.lines(voter));
}

describe('a list of ballots', () => {
  for (const isRevisable of [false, true]) {
    it(`says what was executed, in pages of any size, ${isRevisable ? 'with' : 'without'} revisions`, () =>
      fc.assert(
        fc.asyncProperty(fc.array(turns, { maxLength: 6 }), fc.nat(6), (blocks, flushedAt) =>
          withLedger(async (parts) => {
            const { solo, writer, write } = parts;
            const [reference, last] = [new Reference(), new Map<string, SignedBallot>()];
            solo.open(isRevisable, 's1', VOTERS);
            for (const [at, one] of blocks.entries()) {
              take(solo, last, one);
              reference.add(solo.executed);
              write();
              if (at === flushedAt) await writer.flush();
            }
            await pendingAndWritten(writer, () => checkList(parts, reference));
          }),
        ),
        { numRuns: 12 },
      ));
  }

  it('has all counted ballots of a voter who revised, in order', () =>
    withLedger(async ({ solo, writer, reader, write }) => {
      solo.open(true);
      const ids: string[] = [];
      let previous: Uint8Array | undefined;
      for (const weight of [3, 4, 5]) {
        const ballot = solo.ballot('a', weight, 's1', previous);
        solo.vote([ballot, solo.ballot('ab', weight)]);
        previous = ballot.id;
        ids.push(toHex(ballot.id));
        write();
      }
      await pendingAndWritten(writer, async () => {
        const all = await reader.ballots(SPACE, 's1', { voter: 'a', limit: 10 });
        assert.deepEqual(
          all.map(({ ballot, outcome }) => `${toHex(ballot.id)} ${outcome}`),
          ids.map((id) => `${id} counted`),
        );
        assert.deepEqual(await paged(reader, 1, 'a'), all.map(lineOf));
        assert.deepEqual(await paged(reader, 1), await listed(reader));
      });
    }));
});

describe('a ballot in the ledger', () => {
  it('has a place and nothing more where it counted for good, a record and a line where it did not', () =>
    withLedger(async ({ solo, store, writer, write }) => {
      solo.open(false);
      const [counted, refused] = [solo.ballot('a', 3), solo.ballot('a', 4)];
      solo.vote([counted]);
      write();
      await writer.flush();
      assert.deepEqual(await valuesOf(store, PREFIXES.ballotIndex), []);
      assert.deepEqual(await valuesOf(store, PREFIXES.ballot), []);
      assert.equal((await valuesOf(store, PREFIXES.ballotPlace)).length, 1);
      solo.vote([refused]);
      write();
      await writer.flush();
      assert.deepEqual(
        (await valuesOf(store, PREFIXES.ballotIndex)).map((value) => toHex(value.subarray(-32))),
        [toHex(refused.id)],
      );
      assert.ok((await store.get(ballotKey(refused.id))) !== undefined);
      assert.equal((await valuesOf(store, PREFIXES.ballot)).length, 1);
      assert.equal((await valuesOf(store, PREFIXES.ballotPlace)).length, 1);
    }));

  it('that may be revised has a place and a line, and no record', () =>
    withLedger(async ({ solo, store, writer, write }) => {
      solo.open(true);
      const first = solo.ballot('a', 3);
      solo.vote([first]);
      solo.vote([solo.ballot('a', 4, 's1', first.id)]);
      write();
      await writer.flush();
      const counts = [PREFIXES.ballotIndex, PREFIXES.ballotPlace, PREFIXES.ballot].map((prefix) =>
        valuesOf(store, prefix),
      );
      assert.deepEqual(
        (await Promise.all(counts)).map(({ length }) => length),
        [2, 2, 0],
      );
    }));

  it('that a head names and that is nowhere is damage, and so is one whose segment is gone', () =>
    withLedger(async ({ solo, store, writer, reader, write }) => {
      solo.open(false);
      const [a, b] = [solo.ballot('a', 3), solo.ballot('b', 4)];
      solo.vote([a]);
      solo.vote([b]);
      write();
      await writer.flush();
      const isDamaged = (error: unknown): boolean => codeOf(error) === 'WAGGLE_STORE_DAMAGED';
      const place = await store.get(ballotPlaceKey(a.id));
      assert.ok(place);
      await store.batch([], [segmentKey(decodeBallotPlace(place).segment)], { sync: true });
      await assert.rejects(reader.ballot(a.id), isDamaged);
      await assert.rejects(reader.ballots(SPACE, 's1', { limit: 1 }), isDamaged);
      assert.equal((await reader.ballots(SPACE, 's1', { voter: 'b', limit: 1 })).length, 1);
      await store.batch([], [ballotPlaceKey(b.id)], { sync: true });
      assert.equal(await reader.ballot(b.id), undefined);
      await assert.rejects(reader.ballots(SPACE, 's1', { voter: 'b', limit: 1 }), isDamaged);
    }));

  it('that was counted up to the floor is not listed, the next one is', () =>
    withLedger(async ({ solo, writer, reader, write }) => {
      solo.open(false);
      solo.vote([solo.ballot('a', 3)]);
      const { height } = solo.replica.executed;
      solo.vote([solo.ballot('b', 4)]);
      const above = new Reference();
      above.add(solo.executed.filter(({ block }) => block.block.height > height));
      write();
      const at = (ballotsHeight: number): void => {
        reader.floor = { height: ballotsHeight, hash: ZERO_HASH, ballotsHeight };
      };
      await pendingAndWritten(writer, async () => {
        at(height - 1);
        assert.equal((await listed(reader)).length, 2);
        at(height);
        assert.deepEqual(await listed(reader), above.lines());
        at(solo.replica.executed.height);
        assert.deepEqual(await listed(reader), []);
      });
    }));

  it('above the floor is on a page, however many voters before it were counted below', () =>
    withLedger(async ({ solo, writer, reader, write }) => {
      solo.open(false, 's1', VOTERS);
      solo.vote([solo.ballot('a', 3), solo.ballot('a-b', 4), solo.ballot('ab', 5)]);
      const { height } = solo.replica.executed;
      solo.vote([solo.ballot('abc', 6)]);
      write();
      reader.floor = { height, hash: ZERO_HASH, ballotsHeight: height };
      await pendingAndWritten(writer, async () => {
        const whole = await listed(reader);
        assert.equal(whole.length, 1);
        for (const limit of [1, 2, 3]) assert.deepEqual(await paged(reader, limit), whole, `pages of ${limit}`);
      });
    }));

  it('that is nowhere is damage also where its voter has another one that was refused', () =>
    withLedger(async ({ solo, store, writer, reader, write }) => {
      solo.open(false);
      const [counted, refused] = [solo.ballot('a', 3), solo.ballot('a', 4)];
      solo.vote([counted]);
      solo.vote([refused]);
      write();
      await writer.flush();
      await store.batch([], [ballotPlaceKey(counted.id)], { sync: true });
      const listing = reader.ballots(SPACE, 's1', { limit: 10 });
      await assert.rejects(listing, (error) => codeOf(error) === 'WAGGLE_STORE_DAMAGED');
    }));
});
