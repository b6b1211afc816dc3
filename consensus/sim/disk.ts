import { encodeRow, restoreRow, type TableName } from '../../protocol/governance/rows.ts';
import type { GovernanceState } from '../../protocol/governance/state.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import type { Anchor, ExecutedBlock, JournalEntry } from '../types.ts';
import type { Random } from './random.ts';

/** Rows as one write left them; rows are never changed in place, so holding them is a snapshot. */
interface LedgerWrite {
  readonly executed: readonly ExecutedBlock[];
  readonly rows: readonly { readonly table: TableName; readonly key: string; readonly row: object | number }[];
  readonly anchor: Anchor;
}

/**
 * One node's disk. The journal has a durable part and a tail that a crash may cut anywhere; the ledger (blocks, rows and
 * the anchor after them) is written behind in whole writes, of which a crash may lose the newest.
 */
export class Disk {
  readonly #genesis: Anchor;
  #durable: JournalEntry[] = [];
  /** Of which epoch the journal is. */
  journalEpoch = 0;
  #tail: JournalEntry[] = [];
  #writes: LedgerWrite[] = [];
  /** Ledger writes that a crash cannot take back. */
  #ledgerSynced = 0;
  #copy:
    | { readonly durable: readonly JournalEntry[]; readonly writes: readonly LedgerWrite[]; readonly epoch: number }
    | undefined;

  constructor(genesis: Anchor) {
    this.#genesis = genesis;
  }

  append(entries: readonly JournalEntry[]): void {
    for (const entry of entries) this.#tail.push(entry);
  }

  get hasTail(): boolean {
    return this.#tail.length > 0;
  }

  syncJournal(): void {
    for (const entry of this.#tail) this.#durable.push(entry);
    this.#tail = [];
  }

  /** Everything executed in one turn is one write: the rows are those after its last block. */
  write(executed: readonly ExecutedBlock[], state: GovernanceState): void {
    const last = executed.at(-1);
    if (last === undefined) return;
    const touched = new Map<string, { table: TableName; key: string }>();
    for (const block of executed) {
      for (const { table, keys } of block.touched) {
        for (const key of keys) touched.set(`${table} ${key}`, { table, key });
      }
    }
    const rows: { table: TableName; key: string; row: object | number }[] = [];
    for (const { table, key } of touched.values()) {
      const row = state[table].get(key);
      if (row !== undefined) rows.push({ table, key, row });
    }
    this.#writes.push({ executed, rows, anchor: last.anchor });
  }

  syncLedger(): void {
    this.#ledgerSynced = this.#writes.length;
  }

  /** The journal shrinks to what is still needed; only when both parts are synced. */
  compact(live: readonly JournalEntry[]): void {
    this.syncLedger();
    this.#durable = [...live];
    this.#tail = [];
  }

  /** A journal of the next epoch in the place of the old one, which is gone whole (N-03). */
  startEpoch(epoch: number, entries: readonly JournalEntry[]): void {
    this.journalEpoch = epoch;
    this.#durable = [...entries];
    this.#tail = [];
  }

  /** Power is gone: of what was not synced a random part, from the end, is lost. */
  crash(random: Random): void {
    const kept = random.below(this.#tail.length + 1);
    this.#durable.push(...this.#tail.slice(0, kept));
    this.#tail = [];
    this.#writes.length = random.between(this.#ledgerSynced, this.#writes.length);
    this.#ledgerSynced = this.#writes.length;
  }

  /** Make a copy of what is durable now, as an operator does. */
  copy(): void {
    this.#copy = {
      durable: [...this.#durable],
      epoch: this.journalEpoch,
      writes: this.#writes.slice(0, this.#ledgerSynced),
    };
  }

  /** The copy in the place of what is there. */
  rollBack(): void {
    const { durable, writes, epoch } = this.#copy ?? { durable: [], writes: [], epoch: 0 };
    this.journalEpoch = epoch;
    this.#durable = [...durable];
    this.#tail = [];
    this.#writes = [...writes];
    this.#ledgerSynced = writes.length;
  }

  /** A new disk in its place. */
  wipe(): void {
    this.journalEpoch = 0;
    this.#durable = [];
    this.#tail = [];
    this.#writes = [];
    this.#ledgerSynced = 0;
  }

  journal(): readonly JournalEntry[] {
    return this.#durable;
  }

  /** Where execution stood when the last surviving write was made. */
  anchor(): Anchor {
    return this.#writes.at(-1)?.anchor ?? this.#genesis;
  }

  /** Put the rows of all surviving writes back, through their encoding. */
  restoreRows(state: GovernanceState): void {
    const newest = new Map<string, LedgerWrite['rows'][number]>();
    for (const { rows } of this.#writes) for (const row of rows) newest.set(`${row.table} ${row.key}`, row);
    for (const { table, key, row } of newest.values()) restoreRow(state, table, key, encodeRow(row));
  }

  /** Executed blocks from a height on, ascending, at most `max`. */
  blocksFrom(height: number, max: number): readonly ExecutedBlock[] {
    const found: ExecutedBlock[] = [];
    for (const { executed, anchor } of this.#writes) {
      if (anchor.height < height) continue;
      if (found.length >= max) break;
      for (const block of executed) {
        if (block.block.block.height >= height && found.length < max) found.push(block);
      }
    }
    return found;
  }

  /** Ids of the segments of all executed blocks. */
  orderedIds(): ReadonlySet<string> {
    const blocks = this.#writes.flatMap(({ executed }) => executed);
    return new Set(blocks.flatMap(({ segments }) => segments.map(({ segment }) => toHex(segment.id))));
  }

  blockByHash(hash: Uint8Array): ExecutedBlock | undefined {
    for (const { executed } of this.#writes) {
      const found = executed.find(({ block }) => hashesEqual(block.hash, hash));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
