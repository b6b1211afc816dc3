import { pipe } from 'it-pipe';
import { inheritJournal } from '../../consensus/epochs.ts';
import { restore } from '../../consensus/replica.ts';
import type { Replica } from '../../consensus/replica-state.ts';
import type { Anchor, JournalEntry } from '../../consensus/types.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import type { Journal, OpenJournal } from '../storage/journal.ts';
import { startEpochJournal } from './epoch-journal.ts';
import { decodeEntry, type StoredEntry } from './journal-entries.ts';
import type { LedgerReader } from './ledger-reader.ts';
import type { HistoryFloor } from './snapshots/snapshot-records.ts';

/** What a journal holds of its last epoch; records of before are of none any more (N-03). */
export interface ReadJournal {
  readonly epoch: number;
  /** Of the records that count, the highest block the ledger had when they were compacted. */
  readonly floor: number;
  readonly entries: readonly JournalEntry[];
}

export async function* decodeEntries(source: OpenJournal['records']): AsyncGenerator<StoredEntry> {
  for await (const record of source) yield decodeEntry(record);
}

/** @throws WaggleError WAGGLE_JOURNAL_RECORD {epoch, of}: a record of another epoch than the journal's; those of `decodeEntry` */
export async function readJournal({ records }: Pick<OpenJournal, 'records'>): Promise<ReadJournal> {
  let epoch = 0;
  let floor = 0;
  let entries: JournalEntry[] = [];
  await pipe(records, decodeEntries, async (source: AsyncIterable<StoredEntry>) => {
    for await (const entry of source) {
      if (entry.kind === 'epoch') {
        // A compaction writes the mark of the same epoch again, with all that lives: twice is once.
        if (entry.epoch !== epoch) entries = [];
        if (entry.epoch !== epoch) floor = 0;
        epoch = entry.epoch;
      } else if (entry.kind === 'floor') floor = Math.max(floor, entry.executedHeight);
      else {
        const of = epochOf(entry);
        if (of !== undefined && of !== epoch) throw new WaggleError('WAGGLE_JOURNAL_RECORD', { epoch, of });
        entries.push(entry);
      }
    }
  });
  return { epoch, floor, entries };
}

/** The epoch that an entry's own bytes say it is of. */
function epochOf(entry: JournalEntry): number | undefined {
  switch (entry.kind) {
    case 'segment':
      return entry.segment.header.epoch;
    case 'block':
      return entry.block.block.epoch;
    case 'certificate':
      return entry.certificate.epoch;
    case 'notarize':
    case 'nullify':
    case 'finalize':
      return entry.vote.epoch;
    default:
      return undefined;
  }
}

export interface LedgerPlace {
  readonly anchor: Anchor;
  readonly floor: HistoryFloor;
  readonly reader: Pick<LedgerReader, 'segment'>;
  readonly journal: Journal;
  /** Who never signed, or starts behind the fence, may have lost its journal. */
  readonly isSafe: boolean;
}

/**
 * Bring the journal into the replica, and judge whether it is of the ledger's past. One of the epoch before belongs to a
 * node that went down between the last block of that epoch and the new journal: that is made up for here.
 * @throws WaggleError WAGGLE_BOOT_ROLLBACK the journal is older than the ledger
 * @throws WaggleError WAGGLE_BOOT_LEDGER the ledger is older than the journal
 */
export async function replayJournal(read: ReadJournal, replica: Replica, place: LedgerPlace): Promise<void> {
  const { anchor, floor, isSafe, journal } = place;
  const isFenced = read.entries.some((entry) => entry.kind === 'fence');
  if (read.epoch > anchor.epoch) throw damagedLedger('it is of an epoch before that of the journal');
  if (read.epoch < anchor.epoch) {
    const isBetween = read.epoch === anchor.epoch - 1 && anchor.view === 0;
    if (!isBetween && !isSafe && !isFenced) throw rollback('the journal is of an epoch before that of the ledger');
    const kept = await inherited(read, replica, place);
    await startEpochJournal(journal, anchor.epoch, kept);
    for (const entry of kept) restore(replica, entry);
    return;
  }
  for (const entry of read.entries) restore(replica, entry);
  if (isSafe) return;
  // Behind a fence, and on a snapshot with nothing executed above it: that came from others, not from this journal (O-03).
  const isAdopted = replica.fence !== undefined && anchor.height === floor.height;
  // What is executed was final in the journal first; an older journal does not know what was signed since.
  if (anchor.view > finalViewOf(read) && !isAdopted) throw rollback('the journal is older than the ledger');
  // Own segments and blocks up to the floor were given up because the ledger held them.
  // What was signed is known all the same, so this is a ledger to be made anew and no reason to distrust the journal.
  if (anchor.height < read.floor) throw damagedLedger('it is older than the journal');
}

function finalViewOf({ entries }: ReadJournal): number {
  return entries.reduce((highest, entry) => {
    const isFinal = entry.kind === 'certificate' && entry.certificate.kind === 'finalize';
    return isFinal ? Math.max(highest, entry.certificate.view) : highest;
  }, 0);
}

async function inherited(read: ReadJournal, replica: Replica, { reader }: LedgerPlace): Promise<JournalEntry[]> {
  const ordered = new Set<string>();
  for (const entry of read.entries) {
    if (entry.kind !== 'segment') continue;
    const { id } = entry.segment;
    const known = await reader.segment(id);
    if (known !== undefined && hashesEqual(known.segment.id, id)) ordered.add(toHex(id));
  }
  return inheritJournal(read.entries, replica.config, ({ id }) => ordered.has(toHex(id)));
}

export function rollback(reason: string): WaggleError {
  return new WaggleError('WAGGLE_BOOT_ROLLBACK', { reason });
}

export function damagedLedger(reason: string): WaggleError {
  return new WaggleError('WAGGLE_BOOT_LEDGER', { reason });
}
