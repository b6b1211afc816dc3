import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { JournalEntry } from '../../consensus/types.ts';
import { ITEM_KINDS, sealSegment } from '../../protocol/chain/segment.ts';
import { codeOf } from '../../protocol/errors.ts';
import { encodeSignedBallot } from '../../protocol/governance/ballot.ts';
import { ZERO_HASH } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import { shardOf } from '../../protocol/ids.ts';
import { boot } from '../driver/boot.ts';
import { encodeEntry, type StoredEntry } from '../driver/journal-entries.ts';
import { changeOf } from '../driver/ledger-change.ts';
import { LedgerWriter } from '../driver/ledger-writer.ts';
import { openJournal } from '../storage/journal.ts';
import { openLedgerStore } from '../storage/ledger-store.ts';
import { collect } from './collect.ts';
import { SOLO_CONFIG, SOLO_GENESIS, SOLO_KEY, Solo, SPACE } from './solo.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';

/* N-03 over a crash: what a node finds that went down between the last block of an epoch and the journal of the next. */

const CONFIG = { ...SOLO_CONFIG, keyring: [SOLO_KEY] };
const SHARDS = 8;
const pathsIn = (directory: string) => ({
  journal: join(directory, 'journal'),
  ledger: join(directory, 'ledger'),
  firstStart: join(directory, 'first-start'),
});

/** The first epoch is over in the ledger; one ballot was accepted and not ordered. */
function ended(): {
  readonly solo: Solo;
  readonly accepted: JournalEntry;
  readonly id: string;
  readonly shard: number;
} {
  const solo = new Solo();
  solo.open(true);
  solo.vote([solo.ballot('a', 3)]);
  solo.reshard(SHARDS);
  assert.equal(solo.replica.executed.epoch, 1, 'the epoch is over');
  const ballot = solo.ballot('b', 5);
  const shard = shardOf(SPACE, ballot.ballot.voter, 2);
  const { height, tip } = solo.replica.chains.of(shard, 0).executed;
  const facts = { chain: SOLO_CONFIG.chain, epoch: 0, incarnation: 0, shard, author: 0 };
  const place = { ...facts, height: height + 1, parent: height === 0 ? ZERO_HASH : tip, timeMs: ballot.ballot.timeMs };
  const item = { kind: ITEM_KINDS.ballot, bytes: encodeSignedBallot(ballot) };
  const segment = sealSegment(place, [item], SOLO_KEY.sign);
  const next = shardOf(SPACE, ballot.ballot.voter, SHARDS);
  return { solo, accepted: { kind: 'segment', segment }, id: toHex(ballot.id), shard: next };
}

async function leave(directory: string, entries: readonly StoredEntry[], solo?: Solo): Promise<void> {
  const { journal, records } = await openJournal(pathsIn(directory).journal);
  await collect(records);
  await journal.append(entries.map(encodeEntry));
  await journal.close();
  const { store } = await openLedgerStore(pathsIn(directory).ledger, { reserveBytes: 4_096 });
  const writer = new LedgerWriter(store, 0, (error) => assert.fail(String(error)));
  if (solo !== undefined) writer.put(changeOf(solo.take(), solo.replica.state));
  await writer.close();
  await store.close();
}

async function bootIn(directory: string) {
  const booted = await boot(CONFIG, SOLO_GENESIS, pathsIn(directory), { reserveBytes: 4_096 });
  await booted.journal.close();
  await booted.store.close();
  return booted.replica;
}

test('it makes up for it: the next epoch, with what was accepted, and at a second start the same', () =>
  inTemporaryDirectory(async (directory) => {
    const { solo, accepted, id, shard } = ended();
    await leave(directory, [...solo.entries, accepted], solo);
    for (const start of ['first', 'second']) {
      const { config, leftovers, executed, views } = await bootIn(directory);
      assert.deepEqual([config.roster.epoch, config.shards, config.self, executed.epoch], [1, SHARDS, 0, 1], start);
      const left = leftovers.all().map((one) => [toHex(one.id), one.shard]);
      assert.deepEqual(left, [[id, shard]], 'not what a block has, and where the new slot table has it');
      assert.ok(
        views.ascending().every(({ own }) => own.size === 0),
        'no vote of the epoch before',
      );
    }
  }));

test('a crash between the new mark and the end of the old files leaves both, and the last mark decides', () =>
  inTemporaryDirectory(async (directory) => {
    const { solo, accepted, id } = ended();
    assert.ok(accepted.kind === 'segment');
    const [item] = [{ kind: ITEM_KINDS.ballot, bytes: encodeSignedBallot(solo.ballot('b', 5)) }];
    const after: StoredEntry[] = [
      { kind: 'epoch', epoch: 1 },
      { kind: 'leftover', shard: 1, item },
    ];
    await leave(directory, [...solo.entries, accepted, ...after], solo);
    const { leftovers } = await bootIn(directory);
    assert.deepEqual(
      leftovers.all().map((one) => toHex(one.id)),
      [id],
    );
  }));

test('a journal and a ledger of different pasts are refused by name', async () => {
  const refusal = async (entries: readonly StoredEntry[], solo?: Solo): Promise<string | undefined> => {
    let code: string | undefined;
    await inTemporaryDirectory(async (directory) => {
      await leave(directory, entries, solo);
      await bootIn(directory).catch((error: unknown) => {
        code = codeOf(error);
      });
    });
    return code;
  };
  const { solo } = ended();
  assert.equal(await refusal([{ kind: 'epoch', epoch: 1 }]), 'WAGGLE_BOOT_LEDGER', 'the ledger is of an earlier epoch');
  const mixed: StoredEntry[] = [{ kind: 'epoch', epoch: 1 }, ...solo.entries];
  assert.equal(await refusal(mixed, solo), 'WAGGLE_JOURNAL_RECORD', 'a record of an epoch behind the mark of another');
});
