import { VOTE_KINDS } from '../../../protocol/certificate.ts';
import type { Hash } from '../../../protocol/hash.ts';
import type { Message } from '../../types.ts';
import { signVote, type Villain, type VillainTools } from './villain.ts';

/** Votes in every kind for everything it ever heard proposed in a view, and for what nobody proposed. */
export function voteTwice(tools: VillainTools): Villain {
  const heard = new Map<number, Hash[]>();
  const nothing = new Uint8Array(32).fill(3);
  const hear = (view: number, hash: Hash): Hash[] => {
    const hashes = [hash, ...(heard.get(view) ?? [])].slice(0, 3);
    heard.set(view, hashes);
    return hashes;
  };
  return {
    send: (_, message): readonly Message[] => {
      if (message.kind === 'propose') hear(message.block.block.view, message.block.hash);
      if (message.kind !== 'vote') return [message];
      const { view, blockHash } = message.vote;
      const hashes = blockHash === undefined ? (heard.get(view) ?? [nothing]) : hear(view, blockHash);
      const all = VOTE_KINDS.flatMap((kind) =>
        kind === 'nullify'
          ? [signVote(tools, kind, view, undefined)]
          : [...hashes, nothing].map((hash) => signVote(tools, kind, view, hash)),
      );
      return tools.random.chance(0.5) ? [message, ...tools.random.shuffle(all)] : tools.random.shuffle(all);
    },
  };
}
