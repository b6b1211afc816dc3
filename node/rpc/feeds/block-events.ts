import { decodeItems, ITEM_KINDS } from '../../../protocol/chain/segment.ts';
import { WaggleError } from '../../../protocol/errors.ts';
import { decodeSignedBallot } from '../../../protocol/governance/ballot.ts';
import { decodeSignedOperation } from '../../../protocol/governance/operation.ts';
import { sessionKey } from '../../../protocol/governance/row-keys.ts';
import type { SessionStatus } from '../../../protocol/governance/types.ts';
import { toHex } from '../../../protocol/hex.ts';
import { isId } from '../../../protocol/ids.ts';
import type { Outcome } from '../../../protocol/outcome.ts';
import type { NodeApi, SegmentFacts } from '../node-api.ts';

export interface BallotEvent {
  readonly ballot: string;
  readonly space: string;
  readonly session: string;
  readonly voter: string;
  readonly outcome: Outcome;
}

export interface SessionEvent {
  readonly space: string;
  readonly session: string;
  readonly status: SessionStatus;
  readonly reason?: string;
}

/** What one block did, as far as subscribers can ask. */
export interface BlockEvents {
  readonly height: number;
  readonly timeMs: number;
  readonly ballots: readonly BallotEvent[];
  readonly sessions: readonly SessionEvent[];
}

/** Blocks kept: subscribers of one node read the same few, or each its own past. */
const KEPT = 64;

/** Events by height, read from the ledger once for everybody who asks about the same time. */
export class BlockEventsSource {
  readonly #api: NodeApi;
  readonly #kept = new Map<number, Promise<BlockEvents | undefined>>();

  constructor(api: NodeApi) {
    this.#api = api;
  }

  at(height: number): Promise<BlockEvents | undefined> {
    const known = this.#kept.get(height);
    if (known !== undefined) return known;
    const read = this.#read(height);
    this.#kept.set(height, read);
    // A read that failed is tried again by who asks next.
    read.catch(() => this.#kept.delete(height));
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT) break;
      this.#kept.delete(oldest);
    }
    return read;
  }

  async #read(height: number): Promise<BlockEvents | undefined> {
    const block = await this.#api.block({ height });
    if (block === undefined) return undefined;
    const ballots: BallotEvent[] = [];
    const sessions = new Map<string, SessionEvent>();
    for (const facts of await this.#api.segmentsOf(height)) this.#collect(facts, ballots, sessions);
    for (const [key, row] of this.#api.state().sessions.entries()) {
      const { space, session, status, reason, closedHeight } = row;
      if (closedHeight === height)
        sessions.set(key, { space, session, status, ...(reason === undefined ? {} : { reason }) });
    }
    return { height, timeMs: block.timeMs, ballots, sessions: [...sessions.values()] };
  }

  #collect({ segment, outcomes }: SegmentFacts, ballots: BallotEvent[], sessions: Map<string, SessionEvent>): void {
    for (const [at, { kind, bytes }] of decodeItems(segment.body, segment.header.count).entries()) {
      const outcome = outcomes[at];
      try {
        if (outcome === undefined || outcome === 'malformed') continue;
        if (kind === ITEM_KINDS.ballot) {
          const { id, ballot } = decodeSignedBallot(bytes);
          const { space, session, voter } = ballot;
          ballots.push({ ballot: toHex(id), space, session, voter, outcome });
        } else if (outcome === 'applied') this.#operation(bytes, sessions);
      } catch (error) {
        // What does not decode has an outcome, and is no event.
        if (!(error instanceof WaggleError)) throw error;
      }
    }
  }

  #operation(bytes: Uint8Array, sessions: Map<string, SessionEvent>): void {
    const { kind, body } = decodeSignedOperation(bytes).operation;
    if (!kind.startsWith('session.') && kind !== 'proposal.add') return;
    const fields = new Map(Object.entries(body !== null && typeof body === 'object' ? body : {}));
    const [space, session, draft] = [fields.get('space'), fields.get('session'), fields.get('draft')];
    if (typeof space !== 'string' || typeof session !== 'string' || !isId(space) || !isId(session)) return;
    const isDraft = kind === 'proposal.add' || (kind === 'session.open' && draft === true);
    sessions.set(sessionKey(space, session), { space, session, status: isDraft ? 'draft' : 'active' });
  }
}
