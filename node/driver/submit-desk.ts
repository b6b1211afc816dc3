import type { Replica } from '../../consensus/replica-state.ts';
import { ITEM_KINDS, type Item } from '../../protocol/chain/segment.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { decodeSignedBallot, type SignedBallot } from '../../protocol/governance/ballot.ts';
import { placeOf } from '../../protocol/governance/epochs.ts';
import { decodeSignedOperation, type SignedOperation } from '../../protocol/governance/operation.ts';
import { type Hash, hashesEqual } from '../../protocol/hash.ts';
import type { Counters } from '../network/counters.ts';
import { knowsActor } from './known-keys.ts';
import type { SubmitService } from './submissions.ts';
import { SubmitBudget } from './submit-budget.ts';
import { countSubmitted, decodeSubmit, encodeSubmitAnswer, type SubmitStatus } from './submit-wire.ts';
import { WorkLanes } from './work-lanes.ts';

export interface SubmitDeskParts {
  readonly replica: Replica;
  readonly submissions: SubmitService;
  readonly counters: Counters;
  /** Monotonic. */
  readonly nowMs: () => number;
  /** Resolves when what else is ready to run has run. */
  readonly turn: () => Promise<void>;
}

/** Where an item goes, and who must have signed it. */
interface Placed {
  readonly shard: number;
  readonly id: Hash;
  readonly signatures: readonly { readonly key: Uint8Array; readonly signature: Uint8Array }[];
}

const CONTROL_SHARD = 0;

/**
 * Seal what observers hand in. What they hand in costs everybody, so what does not even verify is refused here; the rest
 * is judged at execution, as everywhere. An observer has no segments: nothing unsigned passes. What one of them may cost
 * is bounded (SubmitBudget), and what is over is told as "busy", to be brought again.
 */
export function createSubmitDesk(parts: SubmitDeskParts) {
  const desk = new SubmitDesk(parts);
  return async function* serveSubmit(from: string, request: Uint8Array): AsyncGenerator<Uint8Array> {
    yield encodeSubmitAnswer(await desk.take(from, request));
  };
}

class SubmitDesk {
  readonly #parts: SubmitDeskParts;
  readonly #budget: SubmitBudget;
  readonly #lanes: WorkLanes;

  constructor(parts: SubmitDeskParts) {
    this.#parts = parts;
    this.#budget = new SubmitBudget(parts.nowMs);
    this.#lanes = new WorkLanes(parts.turn);
  }

  async take(from: string, request: Uint8Array): Promise<SubmitStatus[]> {
    const count = countSubmitted(request);
    if (!this.#budget.takeBytes(from, request.length)) return this.#over('bytes', count);
    const statuses = await Promise.all(decodeSubmit(request).map((item) => this.#takeItem(from, item)));
    for (const status of statuses) this.#parts.counters.bump(`submit.${status}`);
    return statuses;
  }

  #over(what: 'bytes' | 'signatures' | 'share', count = 1): SubmitStatus[] {
    this.#parts.counters.bump(`submit.over.${what}`, count);
    return Array.from({ length: count }, () => 'busy');
  }

  async #takeItem(from: string, item: Item): Promise<SubmitStatus> {
    const placed = place(this.#parts.replica, item);
    if (placed === undefined) return 'refused';
    const { id, shard, signatures } = placed;
    const refusal = await this.#lanes.run(from, signatures.length, () => this.#verify(from, placed));
    if (refusal !== undefined) return refusal;
    if (!this.#budget.hasRoom(from, item.bytes.length)) return this.#over('share')[0] ?? 'busy';
    const submission = this.#parts.submissions.submit(shard, item, id);
    this.#budget.hold(from, item.bytes.length, submission);
    return submission.accepted.then(
      () => 'accepted',
      () => 'busy',
    );
  }

  #verify(from: string, { id, signatures }: Placed): SubmitStatus | undefined {
    if (!this.#budget.takeSignatures(from, signatures.length)) return this.#over('signatures')[0];
    const { verify } = this.#parts.replica.config;
    if (signatures.every(({ key, signature }) => verify(key, id, signature))) return undefined;
    this.#budget.fineSignature(from);
    return 'refused';
  }
}

function place(replica: Replica, { kind, bytes }: Item): Placed | undefined {
  try {
    if (kind === ITEM_KINDS.ballot) return placeBallot(replica, decodeSignedBallot(bytes));
    if (kind === ITEM_KINDS.operation) return placeOperation(replica, decodeSignedOperation(bytes));
    return undefined;
  } catch (error) {
    if (error instanceof WaggleError) return undefined;
    throw error;
  }
}

function placeBallot({ config, state }: Replica, signed: SignedBallot): Placed | undefined {
  const { ballot, id, signature } = signed;
  const key = state.models.get(ballot.voter)?.key;
  if (!hashesEqual(ballot.chain, config.chain) || signature === undefined || key === undefined) return undefined;
  return { shard: placeOf(state, ballot.space, ballot.voter), id, signatures: [{ key, signature }] };
}

function placeOperation({ config, state }: Replica, signed: SignedOperation): Placed | undefined {
  const { operation, id, signatures } = signed;
  if (!hashesEqual(operation.chain, config.chain) || !knowsActor(state, config.roster, operation)) return undefined;
  return { shard: CONTROL_SHARD, id, signatures };
}
