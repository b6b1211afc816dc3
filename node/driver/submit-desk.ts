import type { Replica } from '../../consensus/replica-state.ts';
import { ITEM_KINDS, type Item } from '../../protocol/chain/segment.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { decodeSignedBallot, type SignedBallot } from '../../protocol/governance/ballot.ts';
import { decodeSignedOperation, type SignedOperation } from '../../protocol/governance/operation.ts';
import { type Hash, hashesEqual } from '../../protocol/hash.ts';
import { shardOf } from '../../protocol/ids.ts';
import type { Counters } from '../network/counters.ts';
import type { SubmitService } from './submissions.ts';
import { decodeSubmit, encodeSubmitAnswer, type SubmitStatus } from './submit-wire.ts';

export interface SubmitDeskParts {
  readonly replica: Replica;
  readonly submissions: SubmitService;
  readonly counters: Counters;
}

interface Placed {
  readonly shard: number;
  readonly id: Hash;
}

const CONTROL_SHARD = 0;

/**
 * Seal what observers hand in. What they hand in costs everybody, so what does not even verify is refused here; the rest
 * is judged at execution, as everywhere. An observer has no segments: nothing unsigned passes.
 */
export function createSubmitDesk({ replica, submissions, counters }: SubmitDeskParts) {
  const take = async (item: Item): Promise<SubmitStatus> => {
    const placed = place(replica, item);
    if (placed === undefined) return 'refused';
    try {
      await submissions.submit(placed.shard, item, placed.id).accepted;
      return 'accepted';
    } catch {
      return 'busy';
    }
  };
  return async function* serveSubmit(_from: string, request: Uint8Array): AsyncGenerator<Uint8Array> {
    const statuses = await Promise.all(decodeSubmit(request).map(take));
    for (const status of statuses) counters.bump(`submit.${status}`);
    yield encodeSubmitAnswer(statuses);
  };
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
  if (!config.verify(key, id, signature)) return undefined;
  return { shard: shardOf(ballot.space, ballot.voter, config.shards), id };
}

function placeOperation({ config }: Replica, { operation, id, signatures }: SignedOperation): Placed | undefined {
  if (!hashesEqual(operation.chain, config.chain)) return undefined;
  const isSigned = signatures.every(({ key, signature }) => config.verify(key, id, signature));
  return isSigned ? { shard: CONTROL_SHARD, id } : undefined;
}
