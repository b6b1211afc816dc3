import { BLOCK_FLAGS, hashBlock } from '../../../protocol/chain/block.ts';
import { reshapeProposals } from './reshaped.ts';
import type { Villain, VillainTools } from './villain.ts';

/** Leaves the chains of one author out of every block it proposes, and with them all that author's voters. */
export function censor(tools: VillainTools): Villain {
  const victim = (tools.self + 1) % tools.n;
  return reshapeProposals(tools, ({ block }) => {
    const cut = block.cut.filter(({ author }) => author !== victim);
    return hashBlock({ ...block, cut, flags: cut.length === 0 ? BLOCK_FLAGS.flush : block.flags });
  });
}
