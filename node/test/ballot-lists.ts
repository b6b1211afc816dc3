import assert from 'node:assert/strict';
import type { ExecutedBlock } from '../../consensus/types.ts';
import { toHex } from '../../protocol/hex.ts';
import type { BallotAt } from '../driver/ballot-reader.ts';
import type { LedgerReader } from '../driver/ledger-reader.ts';
import { SPACE } from './solo.ts';

/** Who, which ballot, what became of it and where. */
export const lineOf = ({
  ballot: { ballot, id },
  outcome,
  height,
  shard,
}: Omit<BallotAt, 'cursor' | 'author'>): string => `${ballot.voter} ${height} ${shard} ${toHex(id)} ${outcome}`;

export const listed = async (reader: LedgerReader, limit = 1_000): Promise<string[]> =>
  (await reader.ballots(SPACE, 's1', { limit })).map(lineOf);

const fromCursor = (cursor: string): Buffer => Buffer.from(cursor, 'base64url');

/** All pages of a size, one after the other. */
export async function paged(reader: LedgerReader, limit: number, voter?: string): Promise<string[]> {
  const lines: string[] = [];
  for (let after: string | undefined; ; ) {
    const of = voter === undefined ? {} : { voter };
    const page = await reader.ballots(SPACE, 's1', { ...of, limit, ...(after === undefined ? {} : { after }) });
    assert.ok(page.length <= limit);
    const last = page.at(-1)?.cursor;
    if (last === undefined) return lines;
    assert.ok(after === undefined || Buffer.compare(fromCursor(last), fromCursor(after)) > 0, 'a page goes on');
    lines.push(...page.map(lineOf));
    after = last;
  }
}

/** What a list must say, kept apart from the ledger: every ballot that was executed, by voter, height and place. */
export class Reference {
  readonly #ballots: {
    readonly voter: string;
    readonly height: number;
    readonly index: number;
    readonly line: string;
  }[] = [];

  add(executed: readonly ExecutedBlock[]): void {
    for (const { block, segments } of executed) {
      const { height } = block.block;
      let index = 0;
      for (const { segment, items } of segments) {
        const { shard } = segment.header;
        for (const { ballot, outcome } of items) {
          const at = index++;
          if (ballot === undefined) continue;
          this.#ballots.push({
            voter: ballot.ballot.voter,
            height,
            index: at,
            line: lineOf({ ballot, outcome, height, shard }),
          });
        }
      }
    }
  }

  lines(voter?: string): string[] {
    const wanted = this.#ballots.filter((one) => voter === undefined || one.voter === voter);
    wanted.sort((a, b) => (a.voter < b.voter ? -1 : a.voter > b.voter ? 1 : a.height - b.height || a.index - b.index));
    return wanted.map(({ line }) => line);
  }
}
