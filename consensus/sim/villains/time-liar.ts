import { hashBlock } from '../../../protocol/chain/block.ts';
import { reshapeProposals } from './reshaped.ts';
import type { Villain, VillainTools } from './villain.ts';

const LIES_MS = [-600_000, -3_000, -100, 400, 3_000, 600_000];

/** Dates its blocks minutes early and late, or a little, where voters still take it. */
export function lieAboutTime(tools: VillainTools): Villain {
  return reshapeProposals(tools, ({ block }) =>
    hashBlock({ ...block, timeMs: Math.max(1, block.timeMs + tools.random.pick(LIES_MS)) }),
  );
}
