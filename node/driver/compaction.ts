import { liveEntries } from '../../consensus/replica.ts';
import type { Replica } from '../../consensus/replica-state.ts';
import type { Journal } from '../storage/journal.ts';
import { encodeEntry } from './journal-entries.ts';
import type { LedgerWriter } from './ledger-writer.ts';

const JOURNAL_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Keeps the journal short: when it has grown, what is still needed is appended once more and everything before is given up.
 *
 * Why nothing is lost. It runs between two turns with nothing unsynced, so the replica holds all that was ever promised.
 * (1) The ledger is synced up to the executed block first, so no block below has to be executed from the journal again.
 * (2) What is left, own votes above the final view with what they rest on, certificates, segments and final blocks not yet
 * executed, is what `liveEntries` lists, in an order that `restore` takes; restoring an entry twice is restoring it once.
 * (3) These records are synced before anything is removed: a crash before leaves both copies, a crash after leaves the new
 * one. (4) The floor record in front says which ledger the rest depends on: with an older one the node does not start.
 * Segments of one's own above the executed block are among the entries and those below are in the ledger's anchor, so
 * no height of an own chain is ever sealed twice.
 */
export class Compaction {
  readonly #replica: Replica;
  readonly #journal: Journal;
  readonly #writer: LedgerWriter;
  readonly #bytesMax: number;
  #dueBytes: number;
  #runs = 0;
  #isForced = false;

  constructor(replica: Replica, journal: Journal, writer: LedgerWriter, bytesMax = JOURNAL_BYTES_MAX) {
    this.#replica = replica;
    this.#journal = journal;
    this.#writer = writer;
    this.#bytesMax = bytesMax;
    this.#dueBytes = bytesMax;
  }

  get runs(): number {
    return this.#runs;
  }

  /** A file of the journal does not read back any more: give all of them up. What was promised stands in the replica. */
  force(): void {
    this.#isForced = true;
  }

  isDue(): boolean {
    return this.#isForced || this.#journal.stats().bytes > this.#dueBytes;
  }

  /** To be run between turns only. @throws as Journal.append and LedgerWriter.flush do */
  async run(): Promise<void> {
    await this.#writer.flush();
    // Only whole files are given up, and the damage may be in the newest one.
    if (this.#isForced) await this.#journal.rotate();
    const position = this.#journal.position();
    const mark = { kind: 'epoch', epoch: this.#replica.config.roster.epoch } as const;
    const floor = { kind: 'floor', executedHeight: this.#replica.executed.height } as const;
    await this.#journal.append([mark, floor, ...liveEntries(this.#replica)].map(encodeEntry));
    await this.#journal.pruneBefore(position);
    // What lives may itself be large: wait until as much again has come.
    this.#dueBytes = Math.max(this.#bytesMax, 2 * this.#journal.stats().bytes);
    this.#isForced = false;
    this.#runs += 1;
  }
}
