import { type HashedBlock, hashBlock } from '../../../protocol/chain/block.ts';
import { type Segment, sealSegment } from '../../../protocol/chain/segment.ts';
import { toHex } from '../../../protocol/hex.ts';
import type { FetchRequest, Message } from '../../types.ts';
import { reshapeProposals } from './reshaped.ts';
import type { Villain, VillainTools } from './villain.ts';

/** Just what a block may add, and more than it may. */
const LENGTHS = [3, 4, 6];
const BYTES = 1_000_000;
const BLOATED_MAX = 6;

/**
 * As a leader it orders as much as a block may, and more, in a fork of its own chain that nobody has seen: all must fetch
 * it in that one view. Sometimes it is the only holder and keeps the lowest segment to itself.
 */
export function bloat(tools: VillainTools): Villain {
  const hidden = new Map<string, Segment>();
  const withheld = new Set<string>();
  let bloated = 0;
  const change = (block: HashedBlock): HashedBlock => {
    const entry = block.block.cut.find(({ author }) => author === tools.self);
    if (entry === undefined || bloated >= BLOATED_MAX) return block;
    bloated += 1;
    let { height, tip } = entry;
    for (let left = tools.random.pick(LENGTHS); left > 0; left--) {
      const place = { chain: tools.chain, epoch: tools.epoch, incarnation: 0, shard: entry.shard, author: tools.self };
      const bytes = new Uint8Array(BYTES).fill(bloated);
      const at = { ...place, height: height + 1, parent: tip, timeMs: bloated };
      const segment = sealSegment(at, [{ kind: 9, bytes }], tools.signer.sign);
      if (height === entry.height && bloated % 3 === 0) withheld.add(toHex(segment.id));
      hidden.set(toHex(segment.id), segment);
      ({ height } = segment.header);
      tip = segment.id;
    }
    const cut = block.block.cut.map((one) => (one === entry ? { ...entry, height, tip } : one));
    return hashBlock({ ...block.block, cut });
  };
  const reshaped = reshapeProposals(tools, change);
  return {
    send: reshaped.send,
    answer: (from, request) => hiddenRun(hidden, withheld, request) ?? reshaped.answer?.(from, request),
  };
}

/** From the wanted tip down, as far as it is shown at all. */
function hiddenRun(
  hidden: ReadonlyMap<string, Segment>,
  withheld: ReadonlySet<string>,
  request: FetchRequest,
): readonly Message[] | undefined {
  if (request.kind !== 'fetch-segments' || request.tip === undefined) return undefined;
  const run: Message[] = [];
  let id = toHex(request.tip);
  for (let segment = hidden.get(id); segment !== undefined && !withheld.has(id); segment = hidden.get(id)) {
    run.push({ kind: 'segment', segment });
    id = toHex(segment.header.parent);
  }
  return run.length > 0 || withheld.has(id) ? run : undefined;
}
