import type { ConsensusVote, VoteKind } from '../../../protocol/certificate.ts';
import { voteDigest } from '../../../protocol/certificate.ts';
import type { HashedBlock } from '../../../protocol/chain/block.ts';
import type { Hash } from '../../../protocol/hash.ts';
import type { FetchRequest, Message } from '../../types.ts';
import type { SimSigner } from '../keys.ts';
import type { Random } from '../random.ts';

/** What a villain has: its own key, chance, and what all villains of the world know together. */
/** Its seat, its key and the epoch are those it has when it speaks. */
export interface VillainTools {
  readonly self: number;
  readonly epoch: number;
  readonly n: number;
  readonly shards: number;
  readonly chain: Hash;
  readonly signer: SimSigner;
  readonly random: Random;
  /** Into which half of the world each peer is put: honest ones in turn 0 and 1, villains 0. */
  readonly halves: readonly number[];
  /** The two blocks of a view that villains show to the two halves. */
  readonly twins: Map<number, readonly [HashedBlock, HashedBlock]>;
}

/** A validator that runs the honest machine and changes what leaves it. */
export interface Villain {
  /** What goes to one peer instead of a message. */
  send(to: number, message: Message): readonly Message[];
  /** Its own answer to a request; undefined leaves it to the machine. */
  answer?(from: number, request: FetchRequest): readonly Message[] | undefined;
  /** The shards in which it seals an item that belongs into one. */
  sealsIn?(shard: number): readonly number[];
}

/** A vote with the villain's own key. */
export function signVote(
  tools: VillainTools,
  kind: VoteKind,
  view: number,
  blockHash: Hash | undefined,
): { readonly kind: 'vote'; readonly vote: ConsensusVote } {
  const subject = { kind, epoch: tools.epoch, view, blockHash };
  const signature = tools.signer.sign(voteDigest(tools.chain, subject));
  return { kind: 'vote', vote: { ...subject, signer: tools.self, signature } };
}
