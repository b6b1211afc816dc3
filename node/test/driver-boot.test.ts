import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { liveEntries, step } from '../../consensus/replica.ts';
import type { JournalEntry } from '../../consensus/types.ts';
import { codeOf } from '../../protocol/errors.ts';
import { type BootOptions, type BootPaths, boot } from '../driver/boot.ts';
import { Compaction } from '../driver/compaction.ts';
import { encodeEntry, type StoredEntry } from '../driver/journal-entries.ts';
import { ANCHOR_KEY, changeOf } from '../driver/ledger-change.ts';
import { LedgerWriter } from '../driver/ledger-writer.ts';
import { openJournal } from '../storage/journal.ts';
import { blockKey, ledgerKey, PREFIXES } from '../storage/keys.ts';
import { type LedgerStore, openLedgerStore } from '../storage/ledger-store.ts';
import { collect } from './collect.ts';
import { SOLO_CONFIG, SOLO_GENESIS, Solo } from './solo.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';

const OPTIONS = { reserveBytes: 4_096 };

function pathsIn(directory: string): BootPaths {
  const [journal, ledger] = [join(directory, 'journal'), join(directory, 'ledger')];
  return { journal, ledger, firstStart: join(directory, 'first-start') };
}

async function writeJournal(directory: string, entries: readonly StoredEntry[]): Promise<void> {
  const { journal, records } = await openJournal(pathsIn(directory).journal);
  await collect(records);
  await journal.append(entries.map(encodeEntry));
  await journal.close();
}

async function withStore(directory: string, use: (store: LedgerStore) => Promise<void>): Promise<void> {
  const { store } = await openLedgerStore(pathsIn(directory).ledger, OPTIONS);
  try {
    await use(store);
  } finally {
    await store.close();
  }
}

/** A session with a counted ballot, in journal and ledger as a node leaves them. */
async function leaveHome(directory: string): Promise<Solo> {
  const solo = new Solo();
  solo.open(true);
  solo.vote([solo.ballot('a', 3)]);
  await writeJournal(directory, solo.entries);
  await withStore(directory, (store) => writeLedger(store, solo));
  return solo;
}

async function writeLedger(store: LedgerStore, solo: Solo): Promise<void> {
  const writer = new LedgerWriter(store, 0, (error) => assert.fail(String(error)));
  writer.put(changeOf(solo.take(), solo.replica.state));
  await writer.close();
}

async function bootIn(directory: string, options: BootOptions = {}): ReturnType<typeof boot> {
  return boot(SOLO_CONFIG, SOLO_GENESIS, pathsIn(directory), { ...OPTIONS, ...options });
}

async function refusal(directory: string): Promise<string | undefined> {
  const error = await bootIn(directory).then(
    () => assert.fail('it started'),
    (reason: unknown) => reason,
  );
  return codeOf(error);
}

type Level = ClassicLevel<Uint8Array, Uint8Array>;

/** The database below the store, for faults. */
async function withLevel<Result>(directory: string, use: (level: Level) => Promise<Result>): Promise<Result> {
  const path = join(pathsIn(directory).ledger, 'db');
  const level: Level = new ClassicLevel(path, { keyEncoding: 'view', valueEncoding: 'view' });
  await level.open();
  try {
    return await use(level);
  } finally {
    await level.close();
  }
}

const collectLevel = (level: Level): Promise<[Uint8Array, Uint8Array][]> => level.iterator().all();
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const n = (solo: Solo | Awaited<ReturnType<typeof boot>>): number | undefined =>
  solo.replica.state.tallies.values().next().value?.n;

describe('boot', () => {
  it('begins at the genesis in a home that was never started, and in no other empty one', () =>
    inTemporaryDirectory(async (directory) => {
      assert.equal(await refusal(directory), 'WAGGLE_BOOT_ROLLBACK');
      await writeFile(pathsIn(directory).firstStart, '');
      const { replica, journal, store, facts } = await bootIn(directory);
      assert.equal(replica.executed.height, 0);
      assert.equal(facts.records, 0);
      assert.ok(replica.state.models.has('a'));
      await journal.close();
      await store.close();
      for (const lost of [pathsIn(directory).journal, pathsIn(directory).ledger]) await rm(lost, { recursive: true });
      assert.equal(await refusal(directory), 'WAGGLE_BOOT_ROLLBACK');
    }));

  it('starts behind the fence on request, whatever is missing', () =>
    inTemporaryDirectory(async (directory) => {
      const solo = await leaveHome(directory);
      await rm(pathsIn(directory).journal, { recursive: true });
      const booted = await bootIn(directory, { rejoin: true });
      assert.deepEqual([booted.amnesia, booted.replica.executed], [true, solo.replica.executed]);
      await booted.journal.close();
      await booted.store.close();
    }));

  it('stays behind the fence when the start that was asked for it ends before anything else', () =>
    inTemporaryDirectory(async (directory) => {
      const close = async ({ journal, store }: Awaited<ReturnType<typeof boot>>): Promise<void> => {
        await journal.close();
        await store.close();
      };
      for (const isLost of [true, false]) {
        if (!isLost) await leaveHome(directory);
        await close(await bootIn(directory, { rejoin: true }));
        const plain = await bootIn(directory);
        assert.ok(plain.replica.fence !== undefined && plain.replica.fence.view === undefined);
        await close(plain);
        for (const path of [pathsIn(directory).journal, pathsIn(directory).ledger]) await rm(path, { recursive: true });
      }
    }));

  it('comes back to the executed block, its rows and its votes', () =>
    inTemporaryDirectory(async (directory) => {
      const solo = await leaveHome(directory);
      const booted = await bootIn(directory);
      assert.deepEqual(booted.replica.executed, solo.replica.executed);
      assert.equal(n(booted), 1);
      assert.equal(booted.facts.records, solo.entries.length);
      await booted.journal.close();
      await booted.store.close();
    }));

  it('executes again what the ledger had not got, to the same state', () =>
    inTemporaryDirectory(async (directory) => {
      const solo = new Solo();
      solo.open(true);
      await withStore(directory, (store) => writeLedger(store, solo));
      solo.vote([solo.ballot('a', 3)]);
      await writeJournal(directory, solo.entries);
      const booted = await bootIn(directory);
      assert.ok(booted.replica.executed.height < solo.replica.executed.height);
      step(booted.replica, { kind: 'start' }, { monoMs: 1, wallMs: 1 });
      assert.deepEqual(booted.replica.executed, solo.replica.executed);
      assert.equal(n(booted), n(solo));
      await booted.journal.close();
      await booted.store.close();
    }));

  it('refuses a missing journal beside a ledger that was there before', () =>
    inTemporaryDirectory(async (directory) => {
      await leaveHome(directory);
      await rm(pathsIn(directory).journal, { recursive: true });
      assert.equal(await refusal(directory), 'WAGGLE_BOOT_ROLLBACK');
    }));

  it('refuses a journal that ends before the executed block', () =>
    inTemporaryDirectory(async (directory) => {
      const solo = new Solo();
      solo.open(true);
      await writeJournal(directory, solo.entries);
      solo.vote([solo.ballot('a', 3)]);
      await withStore(directory, (store) => writeLedger(store, solo));
      assert.equal(await refusal(directory), 'WAGGLE_BOOT_ROLLBACK');
    }));

  it('refuses a ledger older than what the journal gave up', () =>
    inTemporaryDirectory(async (directory) => {
      const solo = await leaveHome(directory);
      await writeJournal(directory, [{ kind: 'floor', executedHeight: solo.replica.executed.height + 1 }]);
      assert.equal(await refusal(directory), 'WAGGLE_BOOT_LEDGER');
    }));

  it('refuses a ledger that has lost a row or a block', () =>
    inTemporaryDirectory(async (directory) => {
      const solo = await leaveHome(directory);
      await withStore(directory, async (store) => {
        const [row] = await collect(store.range(PREFIXES.row));
        assert.ok(row);
        await store.batch([], [ledgerKey(PREFIXES.row, row.key)], { sync: true });
      });
      assert.equal(await refusal(directory), 'WAGGLE_BOOT_LEDGER');
      await inTemporaryDirectory(async (other) => {
        await leaveHome(other);
        await withStore(other, (store) =>
          store.batch([], [blockKey(solo.replica.executed.height - 1)], { sync: true }),
        );
        assert.equal(await refusal(other), 'WAGGLE_BOOT_LEDGER');
      });
    }));

  it('refuses a row that is missing in the database, or came back in an older version, and an older anchor', () =>
    inTemporaryDirectory(async (parent) => {
      const faults = ['missing row', 'old row', 'old anchor'] as const;
      for (const [at, fault] of faults.entries()) {
        const directory = join(parent, String(at));
        const solo = new Solo();
        solo.open(true);
        const first = solo.ballot('a', 3);
        solo.vote([first]);
        await withStore(directory, (store) => writeLedger(store, solo));
        const old = await withLevel(directory, collectLevel);
        await withStore(directory, async (store) => {
          const writer = new LedgerWriter(store, solo.replica.executed.height, (error) => assert.fail(String(error)));
          solo.executed = [];
          solo.vote([solo.ballot('a', 4, 's1', first.id)]);
          writer.put(changeOf(solo.take(), solo.replica.state));
          await writer.close();
        });
        await writeJournal(directory, solo.entries);
        const fresh = await bootIn(directory);
        await fresh.journal.close();
        await fresh.store.close();
        await withLevel(directory, async (level) => {
          const rows = (await collectLevel(level)).filter(([key]) => key[0] === PREFIXES.row);
          const changed = rows.find(([key, value]) => old.some(([k, v]) => same(k, key) && !same(v, value)));
          const key = fault === 'old anchor' ? ANCHOR_KEY : changed?.[0];
          const before = old.find(([k]) => key !== undefined && same(k, key))?.[1];
          assert.ok(key !== undefined && before !== undefined);
          await (fault === 'missing row' ? level.del(key) : level.put(key, before));
        });
        assert.equal(await refusal(directory), 'WAGGLE_STORE_DAMAGED', fault);
      }
    }));

  it('refuses a record it does not know', () =>
    inTemporaryDirectory(async (directory) => {
      const { journal, records } = await openJournal(pathsIn(directory).journal);
      await collect(records);
      await journal.append([{ type: 200, bytes: new Uint8Array(1) }]);
      await journal.close();
      assert.equal(await refusal(directory), 'WAGGLE_JOURNAL_RECORD');
    }));
});

describe('compaction', () => {
  it('leaves a journal that boots to the same votes, with old and new records or with the new ones alone', () =>
    inTemporaryDirectory(async (directory) => {
      const solo = await leaveHome(directory);
      const before = await bootIn(directory);
      const kept = keyed(liveEntries(before.replica));
      const writer = new LedgerWriter(before.store, solo.replica.executed.height, (error) =>
        assert.fail(String(error)),
      );
      const compaction = new Compaction(before.replica, before.journal, writer, 1);
      assert.equal(compaction.isDue(), true);
      await compaction.run();
      assert.equal(compaction.runs, 1);
      await before.journal.close();
      await before.store.close();
      const both = await bootIn(directory);
      assert.deepEqual(keyed(liveEntries(both.replica)), kept);
      assert.deepEqual(both.replica.executed, solo.replica.executed);
      await both.journal.close();
      await both.store.close();
      await rm(pathsIn(directory).journal, { recursive: true });
      const floor = { kind: 'floor', executedHeight: solo.replica.executed.height } as const;
      await writeJournal(directory, [floor, ...liveEntries(before.replica)]);
      const alone = await bootIn(directory);
      assert.deepEqual(keyed(liveEntries(alone.replica)), kept);
      await alone.journal.close();
      await alone.store.close();
    }));
});

/** Entries as records, for comparing. */
function keyed(entries: readonly JournalEntry[]): string[] {
  const texts = entries.map(encodeEntry).map(({ type, bytes }) => `${type} ${Buffer.from(bytes).toString('hex')}`);
  return [...new Set(texts)].sort();
}
