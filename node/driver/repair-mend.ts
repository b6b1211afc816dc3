import { orderSegments } from '../../consensus/execution/executor.ts';
import type { Anchor, ReplicaConfig } from '../../consensus/types.ts';
import { WaggleError } from '../../protocol/errors.ts';
import type { Genesis } from '../../protocol/genesis.ts';
import type { Hash } from '../../protocol/hash.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import { createRoster, type Roster } from '../../protocol/roster.ts';
import { certificateKey, type LedgerKey } from '../storage/keys.ts';
import type { LedgerPut, LedgerStore } from '../storage/ledger-store.ts';
import { sourcePuts } from './ledger-change.ts';
import type { LedgerSource } from './overlay.ts';
import type { RepairPeers } from './repair-peers.ts';
import { firstOf } from './repair-peers.ts';
import { attempt } from './repair-rebuild.ts';
import { type BlockSources, CutCursor, ownShelf, readRecord, readSources } from './repair-sources.ts';
import type { Pace } from './scrub.ts';

export interface MendParts {
  readonly config: ReplicaConfig;
  readonly store: LedgerStore;
  /** The store with what is on its way to it. */
  readonly source: LedgerSource;
  readonly peers: RepairPeers;
  readonly genesis: Pick<Genesis, 'validators'>;
  /** Blocks up to this one are looked at. */
  readonly executed: Anchor;
  /** Up to here blocks were given up (retention), or never there (snapshot). */
  readonly floorHeight: number;
  readonly pace: Pace;
}

/**
 * Walk along the whole chain from its first block, and put anew every block, certificate, segment and reference that is not as
 * hashes say. What can only be had from peers is fetched. The replica does not come into it: it has executed all of this.
 * @returns records put anew
 * @throws WaggleError WAGGLE_REPAIR_SOURCE nobody has it
 * @throws WaggleError WAGGLE_REPAIR_HISTORY {height} the chain on the disk does not end in the executed block
 */
export async function mendSources(parts: MendParts): Promise<number> {
  const { config, genesis, executed, floorHeight, pace } = parts;
  // Where the cut stood at the floor follows from blocks that are gone: only a new snapshot, or a whole ledger, helps.
  if (floorHeight > 0) {
    throw new WaggleError('WAGGLE_REPAIR_SOURCE', { height: floorHeight, record: 'block', reason: 'pruned' });
  }
  const cursor = new CutCursor();
  let hash = config.chain;
  let mended = 0;
  let roster = createRoster(config.chain, 0, genesis.validators);
  for (let height = 1; height <= executed.height; height++) {
    const sources = await sourcesOf(parts, { height, hash, roster }, cursor);
    mended += await mendBlock(parts, sources, roster.validators.length);
    const { block } = sources.block;
    cursor.advance(block);
    const next = block.reconfig?.epoch;
    if (next !== undefined) roster = createRoster(config.chain, next.epoch, next.validators);
    hash = sources.block.hash;
    await pace(sources.segments.reduce((sum, { bytes }) => sum + bytes.length, sources.block.bytes.length));
  }
  if (!hashesEqual(hash, executed.hash)) throw new WaggleError('WAGGLE_REPAIR_HISTORY', { height: executed.height });
  return mended;
}

async function sourcesOf(
  { source, peers }: MendParts,
  { height, hash, roster }: { readonly height: number; readonly hash: Hash; readonly roster: Roster },
  cursor: CutCursor,
): Promise<BlockSources> {
  const own = ownShelf(source);
  const held = await attempt(() => readSources(own, height, hash, cursor));
  if (held !== undefined) return held;
  let found: BlockSources | undefined;
  await peers.fetch(height, roster, async (shelf) => {
    found = await attempt(() => readSources(firstOf(shelf, own), height, hash, cursor));
    return found !== undefined;
  });
  if (found === undefined) throw new WaggleError('WAGGLE_REPAIR_SOURCE', { height, record: 'block', reason: 'gone' });
  return found;
}

async function mendBlock({ store, source }: MendParts, sources: BlockSources, validators: number): Promise<number> {
  const { block, certificate, seal } = sources;
  const { height } = block.block;
  const segments = orderSegments(sources.segments, height, validators);
  const wrong: LedgerPut[] = [];
  for (const put of sourcePuts({ block, certificate, segments, seal })) {
    const { value } = await readRecord(source, put.key, (bytes) => bytes);
    if (value === undefined || Buffer.compare(value, put.value) !== 0) wrong.push(put);
  }
  // A certificate that is damaged is none: a descendant's says the same, and none is needed where there was none.
  const gone: LedgerKey[] = [];
  const key = certificateKey(height);
  const { damage } = await readRecord(store, key, (bytes) => bytes);
  if (certificate === undefined && damage !== undefined && damage !== 'missing') gone.push(key);
  if (wrong.length + gone.length > 0) await store.batch(wrong, gone, { sync: true, mends: true });
  return wrong.length + gone.length;
}
