import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { genesisAnchor } from '../../consensus/anchor.ts';
import { createReplica, stepAll } from '../../consensus/replica.ts';
import type { Input } from '../../consensus/types.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { createState } from '../../protocol/governance/create.ts';
import { Compaction } from '../driver/compaction.ts';
import { Driver } from '../driver/driver.ts';
import { failureOf } from '../driver/failure.ts';
import { encodeEntry } from '../driver/journal-entries.ts';
import { changeOf } from '../driver/ledger-change.ts';
import { LedgerWriter } from '../driver/ledger-writer.ts';
import { openJournal } from '../storage/journal.ts';
import type { LedgerStore } from '../storage/ledger-store.ts';
import { collect } from './collect.ts';
import { MemoryJournalFs, systemError } from './memory-journal-fs.ts';
import { SOLO_CONFIG, SOLO_GENESIS, Solo } from './solo.ts';

const BLOCKS = 4;
const TURNS_AFTER = 40;
const OPERATIONS_MAX = 400;

/** What a network of one is asked to do: a session, then a ballot a block. Made once; the same bytes for every node. */
function inputs(): Input[] {
  const solo = new Solo();
  const made: Input[] = [];
  const { entries } = solo;
  solo.open(true);
  let previous: Uint8Array | undefined;
  for (let at = 0; at < BLOCKS; at++) {
    const ballot = solo.ballot('a', 1 + at, 's1', previous);
    previous = ballot.id;
    solo.vote([ballot]);
  }
  for (const entry of entries) {
    if (entry.kind !== 'segment') continue;
    const { shard } = entry.segment.header;
    const item = { kind: entry.segment.body[0] ?? 0, bytes: entry.segment.body.slice(5) };
    made.push({ kind: 'submit', shard, item, id: entry.segment.id });
  }
  return made;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A validator on a disk that fails at its `failAt`th operation, journal and ledger counted together. */
async function run(work: readonly Input[], failAt: number) {
  const fs = new MemoryJournalFs();
  let [operations, signatures, signedAtFailure] = [0, 0, -1];
  const operate = (): void => {
    if (operations++ !== failAt) return;
    signedAtFailure = signatures;
    throw systemError('EIO');
  };
  const opened = await openJournal('/journal', { fs, fileBytesMax: 4_000 });
  await collect(opened.records);
  fs.onCall = operate;
  const sign = (message: Uint8Array): Uint8Array => {
    signatures += 1;
    return SOLO_CONFIG.sign(message);
  };
  const anchor = genesisAnchor(SOLO_CONFIG.chain);
  const replica = createReplica({ ...SOLO_CONFIG, sign }, createState(SOLO_GENESIS), anchor);
  const store = {
    get: async () => undefined,
    batch: async () => {
      try {
        operate();
      } catch {
        throw new WaggleError('WAGGLE_STORE_FAILED', { reason: 'LEVEL_IO_ERROR' });
      }
    },
  } as unknown as LedgerStore;
  const failures: unknown[] = [];
  const fail = (error: unknown): void => {
    failures.push(error);
    void driver.stop();
  };
  const writer = new LedgerWriter(store, 0, fail);
  let nowMs = 1_000;
  const driver: Driver = new Driver({
    clock: {
      now: () => ({ monoMs: nowMs, wallMs: 1_700_000_000_000 + nowMs }),
      turn,
      wakeIn: (delayMs, wake) => {
        const waiting = setImmediate(() => {
          nowMs += delayMs;
          wake();
        });
        return () => clearImmediate(waiting);
      },
    },
    step: (inputs, now) => stepAll(replica, inputs, now),
    append: (entries) => opened.journal.append(entries.map(encodeEntry)),
    send: () => undefined,
    deliver: (deliveries) => {
      const executed = deliveries.flatMap((one) => (one.kind === 'executed' ? [one.executed] : []));
      if (executed.length > 0) writer.put(changeOf(executed, replica.state));
    },
    room: () => writer.room(),
    compaction: new Compaction(replica, opened.journal, writer, 6_000),
    fail,
  });
  driver.push({ kind: 'start' });
  for (const input of work) {
    driver.push(input);
    for (let turns = 0; turns < TURNS_AFTER; turns++) await turn();
  }
  await driver.stop();
  return { failures, signatures, signedAtFailure, operations, height: replica.executed.height, driver };
}

describe('a disk that fails', () => {
  it('at any operation of journal or ledger: the validator signs nothing more, and ends with 74', async () => {
    const work = inputs();
    const whole = await run(work, -1);
    assert.ok(whole.height > BLOCKS && whole.failures.length === 0, `height ${whole.height}`);
    assert.ok(whole.operations > 40 && whole.operations < OPERATIONS_MAX, `${whole.operations} operations`);
    for (let failAt = 0; failAt < whole.operations - 2; failAt++) {
      const { failures, signatures, signedAtFailure, driver } = await run(work, failAt);
      if (signedAtFailure < 0) continue;
      assert.ok(failures.length >= 1, `operation ${failAt} failed and nobody heard of it`);
      assert.equal(failureOf(failures[0]).exitCode, 74, `operation ${failAt}`);
      assert.equal(signatures, signedAtFailure, `operation ${failAt}: signed after it`);
      assert.equal(driver.push({ kind: 'tick' }), false);
    }
  });
});
