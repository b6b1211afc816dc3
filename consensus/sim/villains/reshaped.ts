import type { HashedBlock } from '../../../protocol/chain/block.ts';
import { hashesEqual } from '../../../protocol/hash.ts';
import type { Message } from '../../types.ts';
import { signVote, type Villain, type VillainTools } from './villain.ts';

/** A leader that shows everybody another block than its machine made, and votes for what it showed. */
export function reshapeProposals(tools: VillainTools, change: (block: HashedBlock) => HashedBlock): Villain {
  const shown = new Map<number, HashedBlock>();
  const shownFor = (block: HashedBlock): HashedBlock => {
    const { view } = block.block;
    const known = shown.get(view) ?? change(block);
    shown.set(view, known);
    return known;
  };
  return {
    send: (_, message): readonly Message[] => {
      if (message.kind === 'propose' && message.block.block.proposer === tools.self) {
        const block = shownFor(message.block);
        const { signature } = signVote(tools, 'notarize', block.block.view, block.hash).vote;
        return [{ kind: 'propose', block, signature }];
      }
      if (message.kind !== 'vote' || message.vote.kind === 'nullify') return [message];
      const block = shown.get(message.vote.view);
      return block === undefined ? [message] : [signVote(tools, message.vote.kind, block.block.view, block.hash)];
    },
    answer: (_, request) => {
      if (request.kind !== 'fetch-block') return undefined;
      const found = [...shown.values()].find(({ hash }) => hashesEqual(hash, request.hash));
      return found === undefined ? undefined : [{ kind: 'block', block: found }];
    },
  };
}
