import { BLOCK_FLAGS, type Block, hashBlock, reconfigOf } from '../chain/block.ts';
import { CHAIN, filled, NEXT_EPOCH } from './fixtures/people.ts';
import { show } from './fixtures/show.ts';

const EMPTY: Block = {
  chain: CHAIN,
  epoch: 0,
  view: 1,
  height: 1,
  parentView: 0,
  parentHash: CHAIN,
  proposer: 2,
  flags: 0,
  timeMs: 1_767_225_600_000,
  cut: [],
  evidence: [],
};

const FULL: Block = {
  ...EMPTY,
  epoch: 7,
  view: 4_294_967_297,
  height: 65_537,
  parentView: 4_294_967_290,
  parentHash: filled(6),
  flags: BLOCK_FLAGS.flush | BLOCK_FLAGS.seal,
  cut: [
    { shard: 0, author: 1, incarnation: 0, height: 9, tip: filled(1) },
    { shard: 2, author: 0, incarnation: 3, height: 10, tip: filled(2) },
    { shard: 2, author: 3, incarnation: 0, height: 1, tip: filled(3) },
  ],
  evidence: [Uint8Array.of(1, 2, 3)],
};

/** The block that ends its epoch carries the next one whole. */
const LAST: Block = { ...FULL, flags: BLOCK_FLAGS.seal, evidence: [], reconfig: reconfigOf(65_530, NEXT_EPOCH) };

export function vectors(): unknown {
  return show([EMPTY, FULL, LAST].map((block) => hashBlock(block)));
}
