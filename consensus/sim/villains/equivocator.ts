import { type HashedBlock, hashBlock } from '../../../protocol/chain/block.ts';
import { hashesEqual } from '../../../protocol/hash.ts';
import type { Message, Propose } from '../../types.ts';
import { signVote, type Villain, type VillainTools } from './villain.ts';

const SHOWS_BOTH = 0.2;

/** As a leader shows each half of the world another block, and votes for what each half was shown, in both kinds. */
export function equivocate(tools: VillainTools): Villain {
  const { twins, halves, random } = tools;
  const shownTo = (pair: readonly [HashedBlock, HashedBlock], to: number) => pair[halves[to] === 1 ? 1 : 0];
  const other = (pair: readonly [HashedBlock, HashedBlock], to: number) => pair[halves[to] === 1 ? 0 : 1];
  const propose = (block: HashedBlock): Propose => {
    const { signature } = signVote(tools, 'notarize', block.block.view, block.hash).vote;
    return { kind: 'propose', block, signature };
  };
  return {
    send: (to, message): readonly Message[] => {
      if (message.kind === 'propose') {
        const pair = twinsOf(tools, message.block);
        const first = propose(shownTo(pair, to));
        return random.chance(SHOWS_BOTH) ? [first, propose(other(pair, to))] : [first];
      }
      if (message.kind !== 'vote' || message.vote.kind === 'nullify') return [message];
      const { kind, view } = message.vote;
      const pair = twins.get(view);
      if (pair === undefined) return [message];
      const first = signVote(tools, kind, view, shownTo(pair, to).hash);
      return random.chance(SHOWS_BOTH) ? [first, signVote(tools, kind, view, other(pair, to).hash)] : [first];
    },
    answer: (_, request) => {
      if (request.kind !== 'fetch-block') return undefined;
      const found = [...twins.values()].flat().find(({ hash }) => hashesEqual(hash, request.hash));
      return found === undefined ? undefined : [{ kind: 'block', block: found }];
    },
  };
}

/** The own block and one a millisecond later; the same two however often it is sent. */
function twinsOf({ twins }: VillainTools, block: HashedBlock): readonly [HashedBlock, HashedBlock] {
  const { view } = block.block;
  const known = twins.get(view);
  if (known !== undefined) return known;
  const pair = [block, hashBlock({ ...block.block, timeMs: block.block.timeMs + 1 })] as const;
  twins.set(view, pair);
  return pair;
}
