import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { step } from '../../consensus/replica.ts';
import { chunkLeaf, snapshotRoot } from '../../protocol/snapshot/snapshot.ts';
import { type Booted, boot } from '../driver/boot.ts';
import { EndedSessions } from '../driver/ended-sessions.ts';
import { encodeEntry } from '../driver/journal-entries.ts';
import { changeOf } from '../driver/ledger-change.ts';
import { rowCountsOf } from '../driver/ledger-records.ts';
import { LedgerWriter } from '../driver/ledger-writer.ts';
import { Overlay } from '../driver/overlay.ts';
import { installSnapshot } from '../driver/snapshots/snapshot-install.ts';
import type { StoredSnapshot } from '../driver/snapshots/snapshot-records.ts';
import { SnapshotStore } from '../driver/snapshots/snapshot-store.ts';
import { openJournal } from '../storage/journal.ts';
import { type LedgerStore, openLedgerStore } from '../storage/ledger-store.ts';
import { collect } from './collect.ts';
import { ALL_HEADS, chunksOf, ENDED, end, headsOf, leavesOf, OPEN_HEADS, openAndVote, placeOf } from './ended-home.ts';
import { SOLO_CONFIG, SOLO_GENESIS, Solo } from './solo.ts';
import { OPTIONS, pathsIn } from './solo-home.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';

const writerOf = (store: LedgerStore): LedgerWriter =>
  new LedgerWriter(store, 0, (error) => assert.fail(String(error)));

/** A home as a node leaves it; whether the ledger got as far as the ends. */
async function leaveHome(directory: string, isWritten: boolean): Promise<Solo> {
  const solo = new Solo();
  const { store } = await openLedgerStore(pathsIn(directory).ledger, OPTIONS);
  const writer = writerOf(store);
  openAndVote(solo);
  writer.put(changeOf(solo.take(), solo.replica.state));
  end(solo);
  if (isWritten) writer.put(changeOf(solo.take(), solo.replica.state));
  await writer.close();
  await store.close();
  const { journal, records } = await openJournal(pathsIn(directory).journal);
  await collect(records);
  await journal.append(solo.entries.map(encodeEntry));
  await journal.close();
  return solo;
}

async function withBooted(directory: string, use: (booted: Booted) => Promise<void>): Promise<void> {
  const booted = await boot(SOLO_CONFIG, SOLO_GENESIS, pathsIn(directory), OPTIONS);
  try {
    await use(booted);
  } finally {
    await booted.journal.close();
    await booted.store.close();
  }
}

/** What the network of one would say, with all heads in memory. */
const wholeOf = (solo: Solo): Promise<Uint8Array[]> => chunksOf(solo, { get: never, range: never }, []);
const never = (): never => assert.fail('nothing is archived');

describe('a node that starts', () => {
  it('leaves the heads of ended sessions in the ledger, counts them, and makes the same snapshot', () =>
    inTemporaryDirectory(async (directory) => {
      const solo = await leaveHome(directory, true);
      await withBooted(directory, async ({ replica, store }) => {
        const { state } = replica;
        const ended = new EndedSessions(() => state);
        assert.deepEqual([headsOf(state), state.heads.archived], [OPEN_HEADS, 7]);
        assert.deepEqual(ended.archived(), ENDED);
        assert.deepEqual(rowCountsOf(state), rowCountsOf(solo.replica.state));
        assert.deepEqual(
          leavesOf(await chunksOf({ replica }, new Overlay(store), ended.archived())),
          leavesOf(await wholeOf(solo)),
        );
        ended.tick();
        assert.deepEqual([headsOf(state), ended.archived()], [OPEN_HEADS, ENDED]);
      });
    }));

  it('gives up the heads of what ends while it executes again', () =>
    inTemporaryDirectory(async (directory) => {
      const solo = await leaveHome(directory, false);
      await withBooted(directory, async ({ replica, store }) => {
        const { state } = replica;
        const ended = new EndedSessions(() => state);
        assert.deepEqual([headsOf(state), ended.archived()], [ALL_HEADS, []]);
        const { deliver } = step(replica, { kind: 'start' }, { monoMs: 1, wallMs: 1 });
        const executed = deliver.flatMap((one) => (one.kind === 'executed' ? [one.executed] : []));
        const writer = writerOf(store);
        for (const one of executed) ended.executed(one);
        writer.put(changeOf(executed, state));
        ended.tick();
        assert.deepEqual([headsOf(state), ended.archived()], [OPEN_HEADS, ENDED]);
        assert.deepEqual(
          leavesOf(await chunksOf({ replica }, writer.overlay, ended.archived())),
          leavesOf(await wholeOf(solo)),
        );
        await writer.close();
      });
      await withBooted(directory, async ({ replica }) => assert.deepEqual(headsOf(replica.state), OPEN_HEADS));
    }));
});

/** The whole snapshot of a state, signed by nobody. */
async function snapshotOf(solo: Solo): Promise<{ stored: StoredSnapshot; chunks: readonly Uint8Array[] }> {
  const chunks = await wholeOf(solo);
  const leaves = chunks.map(chunkLeaf);
  const { hash: blockHash, chain, epoch, height, history } = placeOf(solo);
  const snapshot = { chain, epoch, height, blockHash, history, root: snapshotRoot(leaves) };
  return { stored: { snapshot, leaves, isWhole: true, isOwn: false }, chunks };
}

describe('a snapshot that is installed', () => {
  it('leaves the heads of ended sessions in the ledger, counts them, and is made again as it was', () =>
    inTemporaryDirectory(async (directory) => {
      const solo = new Solo();
      openAndVote(solo);
      end(solo);
      const { stored, chunks } = await snapshotOf(solo);
      const { store } = await openLedgerStore(join(directory, 'ledger'), OPTIONS);
      const writer = writerOf(store);
      const snapshots = new SnapshotStore(writer.overlay, writer);
      for (const [index, chunk] of chunks.entries()) await snapshots.saveChunk(stored.snapshot.height, index, chunk);
      let current = solo.replica.state;
      const ended = new EndedSessions(() => current);
      const { state, anchor } = await installSnapshot(stored, snapshots, writer, SOLO_GENESIS);
      current = state;
      ended.restored();
      assert.deepEqual([headsOf(state), state.heads.archived, ended.archived()], [OPEN_HEADS, 7, ENDED]);
      assert.deepEqual(rowCountsOf(state), rowCountsOf(solo.replica.state));
      const replica = { ...solo.replica, state, executed: anchor };
      assert.deepEqual(leavesOf(await chunksOf({ replica }, writer.overlay, ended.archived())), leavesOf(chunks));
      await writer.close();
      await store.close();
    }));
});
