import { ballotId, encodeBallotBody } from '../../protocol/governance/ballot.ts';
import type { Entry } from '../../protocol/governance/types.ts';
import { fromHex, toHex } from '../../protocol/hex.ts';
import { parseId } from '../../protocol/ids.ts';
import type { BallotSubmitParams } from '../generated/methods.ts';

export const CHAIN = '11'.repeat(32);

export interface FakeBallot {
  readonly id: string;
  readonly previous: string | undefined;
  readonly notAfterMs: number;
  /** The answers, to tell whether two ballots say the same. */
  readonly says: string;
}

export interface Block {
  readonly height: number;
  readonly timeMs: number;
  readonly items: readonly { readonly ballot: FakeBallot; readonly outcome: string; readonly counted?: string }[];
}

/** What of the rules of the real one matters for one voter's ballots in one session, by other code than ours. */
export class FakeLedger {
  readonly isRevisable: boolean;
  readonly blocks: Block[] = [];
  closedAtMs = Number.POSITIVE_INFINITY;

  constructor(isRevisable: boolean, nowMs: number) {
    this.isRevisable = isRevisable;
    this.blocks.push({ height: 1, timeMs: nowMs, items: [] });
  }

  /** Heads of the voter, the last one counting, as far as `blocks` go. */
  heads(blocks: readonly Block[]): FakeBallot[] {
    return blocks.flatMap(({ items }) => items.flatMap((one) => (one.outcome === 'counted' ? one.ballot : [])));
  }

  /** `timeMs` is a block's or a node's; that a session is over only a block can say. */
  judge(blocks: readonly Block[], ballot: FakeBallot, timeMs: number): { outcome: string; counted?: string } {
    const head = this.heads(blocks).at(-1);
    if (timeMs > ballot.notAfterMs) return { outcome: 'expired' };
    if (head?.id === ballot.id) return { outcome: 'duplicate', counted: head.id };
    if ((blocks.at(-1)?.timeMs ?? 0) >= this.closedAtMs) return { outcome: 'closed' };
    if (head !== undefined && !this.isRevisable) {
      return head.says === ballot.says ? { outcome: 'duplicate', counted: head.id } : { outcome: 'already-voted' };
    }
    return ballot.previous === head?.id ? { outcome: 'counted' } : { outcome: 'conflict' };
  }

  execute(ballots: readonly FakeBallot[], nowMs: number): Block {
    const timeMs = Math.max(nowMs, (this.blocks.at(-1)?.timeMs ?? 0) + 1);
    const done: Block['items'][number][] = [];
    const block = { height: this.blocks.length + 1, timeMs, items: done };
    for (const ballot of ballots) {
      done.push({ ballot, ...this.judge([...this.blocks, block], ballot, timeMs) });
    }
    this.blocks.push(block);
    return block;
  }
}

/** The ballot of the params of a call, its id computed as the protocol says. */
export function readBallot(params: BallotSubmitParams): FakeBallot {
  const entries = params.entries.map(
    ({ proposal, choice }): Entry => ({
      proposal: parseId(proposal),
      choice: { method: 'score', weight: Number(choice) },
    }),
  );
  const notAfterMs = Date.parse(params.notAfter ?? '');
  const body = encodeBallotBody({
    chain: fromHex(CHAIN),
    space: parseId(params.space),
    session: parseId(params.session),
    voter: parseId(params.voter),
    previous: params.previous === undefined ? undefined : fromHex(params.previous),
    notAfterMs,
    timeMs: Date.parse(params.time ?? ''),
    entries,
  });
  return { id: toHex(ballotId(body)), previous: params.previous, notAfterMs, says: JSON.stringify(entries) };
}
