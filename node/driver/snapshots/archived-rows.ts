import type { ArchivedHeads, ArchivedRow } from '../../../protocol/snapshot/stream.ts';
import { damagedRecord } from '../../storage/envelope.ts';
import { PREFIXES, rowNameOf } from '../../storage/keys.ts';
import type { LedgerSource } from '../overlay.ts';
import { headSuffix } from '../stored-rows.ts';

const PAGE_ROWS = 512;

/** Heads of ended sessions for a snapshot, read from the ledger page by page. They do not change any more. */
export class ArchivedRows implements ArchivedHeads {
  readonly #source: LedgerSource;
  /** What the keys of each session begin with, those not read to the end yet. */
  readonly #starts: string[];
  #left: number;
  #page: readonly ArchivedRow[] = [];
  #at = 0;
  #after: Uint8Array | undefined;

  /** `rows`: how many there must be. `starts` in the order of the keys. */
  constructor(source: LedgerSource, starts: readonly string[], rows: number) {
    this.#source = source;
    this.#starts = [...starts];
    this.#left = rows;
  }

  peek(): ArchivedRow | 'later' | undefined {
    return this.#page[this.#at] ?? (this.#left > 0 ? 'later' : undefined);
  }

  take(): void {
    this.#at += 1;
  }

  /**
   * Have the next page where all of the last was taken.
   * @throws WaggleError WAGGLE_STORE_DAMAGED also when the ledger has fewer, WAGGLE_STORE_FAILED
   */
  async fill(): Promise<void> {
    while (this.#at >= this.#page.length && this.#left > 0) {
      const start = this.#starts[0];
      if (start === undefined) throw damagedRecord(Uint8Array.of(PREFIXES.row), 'missing');
      const above = this.#after === undefined ? {} : { after: this.#after };
      const rows = await this.#source.range(PREFIXES.row, headSuffix(start), { ...above, limit: PAGE_ROWS });
      this.#page = rows.map(({ suffix, value }) => ({ key: rowNameOf(suffix), bytes: value.slice() }));
      this.#at = 0;
      this.#left -= rows.length;
      this.#after = rows.at(-1)?.suffix;
      if (rows.length === PAGE_ROWS) continue;
      this.#starts.shift();
      this.#after = undefined;
    }
  }
}
