import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createState } from '../../protocol/governance/create.ts';
import type { GovernanceState } from '../../protocol/governance/state.ts';
import { answersOf } from '../driver/archive.ts';
import { changeOf } from '../driver/ledger-change.ts';
import { LedgerReader } from '../driver/ledger-reader.ts';
import { LedgerWriter } from '../driver/ledger-writer.ts';
import { Retention } from '../driver/snapshots/retention.ts';
import { FLOOR_KEY } from '../driver/snapshots/snapshot-install.ts';
import { decodeFloor } from '../driver/snapshots/snapshot-records.ts';
import { SnapshotStore } from '../driver/snapshots/snapshot-store.ts';
import { PREFIXES, segmentKey } from '../storage/keys.ts';
import { type LedgerStore, openLedgerStore } from '../storage/ledger-store.ts';
import { collect } from './collect.ts';
import { SOLO_CONFIG, SOLO_GENESIS, Solo } from './solo.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';

const VOTES = 12;
/** No session is open in it. */
const CLOSED = createState(SOLO_GENESIS);

interface Place {
  readonly solo: Solo;
  readonly store: LedgerStore;
  readonly writer: LedgerWriter;
  readonly reader: LedgerReader;
  readonly snapshots: SnapshotStore;
  retention(blocks: number | undefined, state?: GovernanceState): Retention;
}

/** A ledger of a session and a voter who voted again and again, all of it written. */
function withLedger(use: (place: Place) => Promise<void>): Promise<void> {
  return inTemporaryDirectory(async (directory) => {
    const { store } = await openLedgerStore(directory, { reserveBytes: 4_096, cacheBytes: 1024 * 1024 });
    const writer = new LedgerWriter(store, 0, (error) => assert.fail(String(error)));
    const solo = new Solo();
    solo.open(true);
    let previous: Uint8Array | undefined;
    for (let at = 0; at < VOTES; at++) {
      const ballot = solo.ballot('a', 1 + (at % 10), 's1', previous);
      solo.vote([ballot]);
      previous = ballot.id;
    }
    writer.put(changeOf(solo.take(), solo.replica.state));
    await writer.flush();
    const reader = new LedgerReader(writer.overlay, (_height, author) => `v${author}`);
    const snapshots = new SnapshotStore(writer.overlay, writer);
    const retention = (blocks: number | undefined, state = CLOSED): Retention =>
      new Retention({
        blocks,
        state: () => state,
        store: snapshots,
        reader,
        writer,
        turn: async () => undefined,
        log: () => undefined,
      });
    try {
      await use({ solo, store, writer, reader, snapshots, retention });
    } finally {
      await writer.close();
      await store.close();
    }
  });
}

/** A snapshot of a height, with or without the signatures that prove it. */
function snapshotAt({ snapshots }: Place, height: number, isSigned = true): void {
  const hash = SOLO_CONFIG.chain;
  const snapshot = { chain: hash, epoch: 0, height, blockHash: hash, history: hash, root: hash };
  snapshots.save({ snapshot, leaves: [hash], isWhole: true, isOwn: true });
  if (isSigned) snapshots.saveSignatures([{ snapshot, signer: 0, signature: new Uint8Array(64) }]);
}

describe('retention gives up', () => {
  it('nothing without a policy, without a proven snapshot, or above one less the policy', () =>
    withLedger(async (place) => {
      snapshotAt(place, 10, false);
      assert.equal(await place.retention(2).limit(), 0);
      snapshotAt(place, 10);
      assert.equal(await place.retention(undefined).limit(), 0);
      assert.equal(await place.retention(2).limit(), 8);
      assert.ok((await place.retention(50).limit()) <= 0);
    }));

  it('nothing from the opening of an active session on, and nothing that is not synced', () =>
    withLedger(async (place) => {
      snapshotAt(place, 10);
      const { state } = place.solo.replica;
      const [session] = state.sessions.values();
      assert.ok(session);
      assert.equal(await place.retention(0, state).limit(), session.openedHeight - 1);
      await place.retention(0, state).prune();
      assert.equal(place.reader.floor.height, session.openedHeight - 1);
      snapshotAt(place, 1_000);
      assert.equal(await place.retention(0).limit(), place.writer.facts().syncedHeight);
    }));

  it('blocks, segments and outcomes, and keeps what tells that they were there', () =>
    withLedger(async (place) => {
      const { reader, store, writer, solo } = place;
      const before = await reader.block({ height: 5 });
      const [segment] = (await reader.segmentsOf(5)) ?? [];
      const ballots = await reader.ballots('main', 's1', { limit: 100 });
      assert.ok(ballots.filter(({ height }) => height <= 8).length > 1);
      assert.ok(before && segment);
      snapshotAt(place, 10);
      await place.retention(2).prune();
      await writer.flush();
      assert.deepEqual(decodeFloor((await store.get(FLOOR_KEY)) ?? new Uint8Array(0)), reader.floor);
      assert.equal(reader.floor.height, 8);
      const heights = (await collect(store.range(PREFIXES.block))).map(({ key }) =>
        new DataView(key.buffer, key.byteOffset).getUint32(4),
      );
      assert.equal(heights[0], 9);
      assert.equal(heights.at(-1), solo.replica.executed.height);
      assert.equal(await reader.block({ height: 5 }), undefined);
      assert.equal(await reader.segment(segment.segment.id), undefined);
      assert.deepEqual(await reader.segmentsOf(5), []);
      for (const what of [{ height: 5 }, { hash: before.hash }, { segment: segment.segment.id }]) {
        assert.equal(await reader.isPruned(what), true);
      }
      for (const what of [
        { height: 9 },
        { height: 0 },
        { hash: new Uint8Array(32) },
        { segment: new Uint8Array(32) },
        { ballot: new Uint8Array(32) },
      ]) {
        assert.equal(await reader.isPruned(what), false);
      }
      assert.deepEqual(await reader.ballots('main', 's1', { limit: 100 }), ballots);
      for (const { cursor: _, ...facts } of ballots) assert.deepEqual(await reader.ballot(facts.ballot.id), facts);
      assert.ok(((await reader.segmentsOf(9)) ?? []).length > 0);
      assert.ok((await reader.certificateFrom(5)) !== undefined);
    }));

  it('and says so to whoever asks for it, also in the middle of an answer', () =>
    withLedger(async (place) => {
      const { reader, solo } = place;
      const answers = answersOf(solo.replica, reader, { kind: 'fetch-final', from: 1 });
      const first = await answers.next();
      assert.equal(first.value?.kind, 'final');
      snapshotAt(place, 10);
      await place.retention(2).prune();
      await place.writer.flush();
      // What is left of the answer is true and ends.
      for await (const message of answers) assert.equal(message.kind, 'segment');
      const pruned = { kind: 'pruned', height: 8 };
      for (const from of [1, 8]) {
        assert.deepEqual(await collect(answersOf(solo.replica, reader, { kind: 'fetch-final', from })), [pruned]);
      }
      const above = await collect(answersOf(solo.replica, reader, { kind: 'fetch-final', from: 9 }));
      assert.equal(above[0]?.kind, 'final');
      const shard = solo.replica.executed.cut.find((entry) => entry.shard > 0)?.shard ?? 0;
      const request = { kind: 'fetch-segments', shard, author: 0, from: 1, to: 2, tip: undefined } as const;
      assert.deepEqual(await collect(answersOf(solo.replica, reader, request)), [pruned]);
    }));

  it('no more than it has, whatever a crash left', () =>
    withLedger(async (place) => {
      const { reader, store, writer } = place;
      snapshotAt(place, 10);
      await place.retention(6).prune();
      assert.equal(reader.floor.height, 4);
      await place.retention(2).prune();
      await place.retention(2).prune();
      await writer.flush();
      assert.equal(reader.floor.height, 8);
      await store.batch([], [], { sync: true });
    }));

  it('nothing from a block on whose segment is damaged, until that is mended', () =>
    withLedger(async (place) => {
      const { reader, store, writer } = place;
      const [lost] = await reader.segmentsOf(5);
      assert.ok(lost);
      const { header, bytes } = lost.segment;
      await store.batch([], [segmentKey(header)], { sync: true });
      snapshotAt(place, 10);
      const ticked = async (): Promise<number> => {
        const errors: unknown[] = [];
        await place.retention(2).tick((error) => errors.push(error));
        assert.deepEqual(errors, []);
        return reader.floor.height;
      };
      assert.equal(await ticked(), 0);
      await store.batch([{ key: segmentKey(header), value: bytes, height: 5 }], [], { sync: true });
      assert.equal(await ticked(), 8);
      await writer.flush();
      assert.equal((await reader.ballots('main', 's1', { limit: 100 })).length, VOTES);
    }));
});
