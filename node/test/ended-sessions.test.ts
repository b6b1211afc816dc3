import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codeOf } from '../../protocol/errors.ts';
import { headKey, sessionKey } from '../../protocol/governance/row-keys.ts';
import { encodeRow, HEADS_TABLE } from '../../protocol/governance/rows.ts';
import type { GovernanceState } from '../../protocol/governance/state.ts';
import { parseId } from '../../protocol/ids.ts';
import { endFrozen, freezeState } from '../../protocol/snapshot/stream.ts';
import { EndedSessions } from '../driver/ended-sessions.ts';
import { rowCountsOf } from '../driver/ledger-records.ts';
import { createNodeApi, type NodeApiParts } from '../driver/node-api.ts';
import { SnapshotBuilder } from '../driver/snapshots/snapshot-builder.ts';
import { SnapshotStore } from '../driver/snapshots/snapshot-store.ts';
import { Counters } from '../network/counters.ts';
import { stateRowKey } from '../storage/keys.ts';
import { ALL_HEADS, chunksOf, ENDED, end, headsOf, leavesOf, OPEN_HEADS, openAndVote, placeOf } from './ended-home.ts';
import { type Solo, SPACE } from './solo.ts';
import { type Parts, pendingAndWritten, withLedger } from './with-ledger.ts';

/** A ledger of three ended sessions and one that is open, and who is to give up their heads. */
async function withEnded(use: (parts: Parts & { readonly ended: EndedSessions }) => Promise<void>): Promise<void> {
  await withLedger(async (parts) => {
    const ended = new EndedSessions(() => parts.solo.replica.state);
    openAndVote(parts.solo);
    end(parts.solo);
    for (const executed of parts.solo.executed) ended.executed(executed);
    parts.write();
    await use({ ...parts, ended });
  });
}

describe('the heads of ended sessions', () => {
  it('leave the state, which counts them on, and stand in the ledger', () =>
    withEnded(async ({ solo, writer, reader, ended }) => {
      const { state } = solo.replica;
      const counts = rowCountsOf(state);
      assert.deepEqual([headsOf(state), ended.archived()], [ALL_HEADS, []]);
      ended.tick();
      assert.deepEqual([headsOf(state), state.heads.archived], [OPEN_HEADS, 7]);
      assert.deepEqual(rowCountsOf(state), counts);
      assert.deepEqual(ended.archived(), ENDED);
      await pendingAndWritten(writer, async () => {
        for (const session of ['s-1', 's.1', 's', 's1']) {
          const voters = ALL_HEADS.flatMap((name) =>
            name.startsWith(`${session}/`) ? [name.slice(session.length + 1)] : [],
          );
          assert.deepEqual([...(await reader.voters(SPACE, session))], voters);
          for (const voter of voters) assert.ok((await reader.head(SPACE, session, voter)) !== undefined);
          assert.equal(await reader.head(SPACE, session, 'a-b'), undefined);
        }
      });
    }));

  it('come back into a snapshot, byte for byte, written or not', () =>
    withEnded(async ({ solo, writer, ended }) => {
      const { state } = solo.replica;
      const whole = leavesOf(await chunksOf(solo, writer.overlay, []));
      ended.tick();
      await pendingAndWritten(writer, async () => {
        assert.deepEqual(leavesOf(await chunksOf(solo, writer.overlay, ended.archived())), whole);
      });
      assert.deepEqual(headsOf(state), OPEN_HEADS);
    }));

  it('are given up with the session that ended last, and what comes between stays', () =>
    withEnded(async ({ solo, writer, ended, write }) => {
      ended.tick();
      solo.vote([solo.ballot('ab', 9, 's.1')]);
      solo.close('s.1');
      for (const executed of solo.executed) ended.executed(executed);
      write();
      const whole = leavesOf(await chunksOf(solo, writer.overlay, ended.archived()));
      ended.tick();
      assert.deepEqual(headsOf(solo.replica.state), []);
      assert.deepEqual(ended.archived(), ['main/s-1/', 'main/s.1/', 'main/s/', 'main/s1/']);
      await pendingAndWritten(writer, async () => {
        assert.deepEqual(leavesOf(await chunksOf(solo, writer.overlay, ended.archived())), whole);
      });
    }));

  it('stay while a snapshot is being made, and go once it is made', () =>
    withEnded(async ({ solo, ended }) => {
      const { state } = solo.replica;
      const frozen = freezeState(state);
      ended.tick();
      assert.deepEqual([headsOf(state), ended.archived()], [ALL_HEADS, []]);
      endFrozen(frozen);
      ended.tick();
      assert.deepEqual(headsOf(state), OPEN_HEADS);
    }));

  it('are known to whoever asks the node for a head, or for who is missing', () =>
    withEnded(async ({ solo, writer, reader, ended }) => {
      const { headOf, missingVoters } = createNodeApi({ replica: solo.replica, reader } as NodeApiParts);
      const bytesOf = async () => encodeRow((await headOf(SPACE, 's', 'ab')) ?? {});
      const before = await bytesOf();
      ended.tick();
      await pendingAndWritten(writer, async () => {
        assert.deepEqual(await bytesOf(), before);
        assert.ok((await headOf(SPACE, 's.1', 'a')) !== undefined);
        assert.equal(await headOf(SPACE, 's', 'b'), undefined);
        const missing = ['s-1', 's.1', 's', 's1', 's2'].map((session) => missingVoters(SPACE, session));
        assert.deepEqual(await Promise.all(missing), [[], ['ab'], ['b'], ['a'], []]);
      });
    }));

  it('that are missing in the ledger are damage, and no other snapshot', () =>
    withEnded(async ({ solo, store, writer, ended }) => {
      ended.tick();
      await writer.flush();
      const key = stateRowKey(HEADS_TABLE, headKey(SPACE, 's', 'ab'));
      await store.batch([], [key], { sync: true });
      const made = chunksOf(solo, writer.overlay, ended.archived());
      await assert.rejects(made, (error) => codeOf(error) === 'WAGGLE_STORE_DAMAGED');
    }));

  it('are read by whoever makes the snapshots, as of when the state was frozen', () =>
    withEnded(async ({ solo, writer, ended, write }) => {
      const whole = Buffer.concat(await chunksOf(solo, writer.overlay, []));
      ended.tick();
      const store = new SnapshotStore(writer.overlay, writer);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const builder = new SnapshotBuilder({
        store,
        source: writer.overlay,
        archived: () => ended.archived(),
        turn: async () => ended.tick(),
        made: () => resolve(),
        onError: reject,
        counters: new Counters(),
      });
      const { height } = solo.replica.executed;
      builder.take({ kind: 'snapshot-due', place: placeOf(solo), state: freezeState(solo.replica.state) });
      solo.close('s.1');
      for (const executed of solo.executed) ended.executed(executed);
      write();
      await promise;
      assert.ok(whole.equals((await store.chunk(height, 0)) ?? Buffer.alloc(0)));
      await builder.stop();
      ended.tick();
      assert.deepEqual(headsOf(solo.replica.state), []);
    }));
});

/** Sessions that ended, of so many voters each, who have all voted; as rows alone. */
function addEnded(state: GovernanceState, sizes: Readonly<Record<string, number>>): void {
  const [row] = state.sessions.values();
  assert.ok(row);
  for (const [at, [session, size]] of Object.entries(sizes).entries()) {
    const voters = Array.from({ length: size }, (_, voter) => `m${(voter * 7_919) % 10_007}`);
    const electorate = voters.toSorted().map((voter) => ({ voter: parseId(voter), role: 'general', weight: 1 }));
    const status = at % 2 === 0 ? 'completed' : 'cancelled';
    state.sessions.set(sessionKey(SPACE, session), { ...row, session: parseId(session), electorate, status });
    for (const [place, voter] of voters.entries()) {
      const head = { ballot: new Uint8Array(32).fill(place % 251), entries: new Uint8Array(32), height: place + 1 };
      state.heads.set(headKey(SPACE, session, voter), head);
    }
  }
}

/** Puts the touched heads into the ledger. @returns the sessions touched, as after a block */
function putTouched(solo: Solo, writer: Parts['writer']) {
  const { heads, sessions } = solo.replica.state;
  const puts = heads.takeTouched().map((key) => {
    const value = encodeRow(heads.get(key) ?? {});
    return { key: stateRowKey(HEADS_TABLE, key), value, height: 1 };
  });
  writer.put({ puts, blocks: 0, height: undefined });
  return { touched: [{ table: 'sessions' as const, ...sessions.takeChanges() }] };
}

describe('a snapshot with archived heads', () => {
  const CASES: readonly Readonly<Record<string, number>>[] = [
    { s: 511, 's-1': 512, s1: 513 },
    { s1: 1_024, s: 1_025, 's-1': 1 },
    { s: 0, 's-1': 600, 's.2': 0, s1: 512, s11: 3 },
  ];
  for (const sizes of CASES) {
    it(`reads page after page of ${JSON.stringify(sizes)}`, () =>
      withLedger(async ({ solo, writer, write }) => {
        const { state } = solo.replica;
        solo.open(false, 's.1');
        solo.vote([solo.ballot('a', 1, 's.1')]);
        write();
        const ended = new EndedSessions(() => state);
        addEnded(state, sizes);
        ended.executed(putTouched(solo, writer));
        const counts = rowCountsOf(state);
        const whole = leavesOf(await chunksOf(solo, writer.overlay, []));
        ended.tick();
        assert.deepEqual([headsOf(state), rowCountsOf(state)], [['s.1/a'], counts]);
        await pendingAndWritten(writer, async () => {
          assert.deepEqual(leavesOf(await chunksOf(solo, writer.overlay, ended.archived())), whole);
        });
      }));
  }
});
