import type { CutEntry } from '../../protocol/chain/block.ts';
import type { Segment } from '../../protocol/chain/segment.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { FetchRequest } from '../types.ts';
import { standingOf } from './standings.ts';
import type { VoteChain } from './vote-chain.ts';
import type { Base, VoteChains } from './vote-chains.ts';

/** What a cut adds to its parent's, counted from segment headers. */
interface Added {
  items: number;
  controlItems: number;
  bytes: number;
}

function count(added: Added, segment: Segment): void {
  added.items += segment.header.count;
  added.bytes += segment.header.bytes;
  if (segment.header.shard === 0) added.controlItems += segment.header.count;
}

function isOver(added: Added): boolean {
  return (
    added.items > LIMITS.blockAddItemsMax ||
    added.bytes > LIMITS.blockAddBytesMax ||
    added.controlItems > LIMITS.blockAddControlItemsMax
  );
}

/** Whether any chain has a linked tip beyond the cut: work for a leader (rule WORK). */
export function hasWork(chains: VoteChains, base: Base): boolean {
  return chains.all().some((chain) => advanceOf(chains, base, chain).length > 0);
}

/** What a chain has beyond a base, held and allowed there: the whole way to its linked tip, or nothing. */
function advanceOf(chains: VoteChains, base: Base, chain: VoteChain): readonly Segment[] {
  const from = chains.position(base.cut, chain.shard, chain.author);
  if (chain.linked.height <= from.height) return [];
  const path = chain.path(from, chain.linked);
  return path.kind === 'held' && isAllowed(base, chain.author, path.segments) ? path.segments : [];
}

/** E-03: nothing of a muted author, and only segments of the incarnation that goes on. */
function isAllowed({ standings }: Base, author: number, segments: readonly Segment[]): boolean {
  const { muted, incarnation } = standingOf(standings, author);
  return !muted && segments.every(({ header }) => header.incarnation === incarnation);
}

/**
 * The leader's choice: from every chain the newest tip held here, filled author by author in rotation so that the
 * caps starve nobody (protocol.md, Blocks). Sorted as a block wants it; empty when there is nothing to order.
 */
export function buildCut(chains: VoteChains, parent: Base, height: number): CutEntry[] {
  const added: Added = { items: 0, controlItems: 0, bytes: 0 };
  const entries: CutEntry[] = [];
  const queues = candidates(chains, parent, height);
  let chainsCut = 0;
  for (let progress = true; progress; ) {
    progress = false;
    for (const queue of queues) {
      const segment = queue.segments[queue.taken];
      if (segment === undefined) continue;
      if (queue.last === undefined && chainsCut >= LIMITS.blockCutEntriesMax) continue;
      const trial = { ...added };
      count(trial, segment);
      if (isOver(trial)) {
        queue.taken = Number.MAX_SAFE_INTEGER;
        continue;
      }
      Object.assign(added, trial);
      if (queue.last === undefined) chainsCut += 1;
      queue.taken += 1;
      queue.last = segment;
      progress = true;
    }
  }
  for (const { chain, last } of queues) {
    if (last === undefined) continue;
    const { incarnation, height: segmentHeight } = last.header;
    entries.push({ shard: chain.shard, author: chain.author, incarnation, height: segmentHeight, tip: last.id });
  }
  return entries.sort((a, b) => a.shard - b.shard || a.author - b.author);
}

interface Queue {
  readonly chain: VoteChain;
  readonly segments: readonly Segment[];
  taken: number;
  last: Segment | undefined;
}

/** Control shard first, then shards and authors in rotation by height, so that no cap meets the same ones every time. */
function candidates(chains: VoteChains, parent: Base, height: number): Queue[] {
  const queues: Queue[] = [];
  for (let step = 0; step <= chains.shards; step++) {
    const shard = step === 0 ? 0 : 1 + ((height + step) % chains.shards);
    for (let turn = 0; turn < chains.authors; turn++) {
      const chain = chains.of(shard, (height + turn) % chains.authors);
      const segments = advanceOf(chains, parent, chain);
      if (segments.length > 0) queues.push({ chain, segments, taken: 0, last: undefined });
    }
  }
  return queues;
}

export type CutVerdict =
  /** Every advance is held here and linked to the parent's cut: rule DA with r = n (consensus.md 3.2). */
  | { readonly kind: 'held' }
  | { readonly kind: 'missing'; readonly requests: readonly FetchRequest[] }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Segments asked for at a time because one block names them: a cut of tips that do not exist costs no more. */
const MISSING_MAX = 64;

interface Judged {
  readonly parent: Base;
  readonly newsCount: number;
  readonly verdict: CutVerdict;
}

/** The last verdicts: the rules ask in every step, and only what comes or goes can change the answer. */
const JUDGED = new WeakMap<VoteChains, WeakMap<readonly CutEntry[], Judged>>();

/** Judge a proposed cut against its parent's. Absence of data is never `invalid` (consensus.md 2.4). */
export function judgeCut(chains: VoteChains, parent: Base, entries: readonly CutEntry[]): CutVerdict {
  const judged = JUDGED.get(chains) ?? new WeakMap<readonly CutEntry[], Judged>();
  JUDGED.set(chains, judged);
  const known = judged.get(entries);
  const newsCount = chains.news.count;
  if (known?.newsCount === newsCount && known.parent === parent) return known.verdict;
  const verdict = walkCut(chains, parent, entries);
  judged.set(entries, { parent, newsCount, verdict });
  return verdict;
}

function walkCut(chains: VoteChains, parent: Base, entries: readonly CutEntry[]): CutVerdict {
  const added: Added = { items: 0, controlItems: 0, bytes: 0 };
  const requests: FetchRequest[] = [];
  for (const { shard, author, incarnation, height, tip } of entries) {
    if (requests.length >= MISSING_MAX) break;
    const chain = chains.find(shard, author);
    if (chain === undefined) return { kind: 'invalid', reason: 'unknown chain' };
    const base = chains.position(parent.cut, shard, author);
    const standing = standingOf(parent.standings, author);
    if (standing.muted) return { kind: 'invalid', reason: 'muted' };
    if (incarnation !== standing.incarnation) return { kind: 'invalid', reason: 'incarnation' };
    if (height <= base.height) return { kind: 'invalid', reason: 'not advancing' };
    if (height > base.height + LIMITS.chainWindowSegments) return { kind: 'invalid', reason: 'window' };
    const path = chain.path(base, { height, tip });
    if (path.kind === 'broken') return { kind: 'invalid', reason: 'not linked' };
    if (path.kind === 'missing') {
      const { from, to } = path;
      requests.push({ kind: 'fetch-segments', shard, author, from, to, tip: path.tip });
    }
    if (!isAllowed(parent, author, path.segments)) return { kind: 'invalid', reason: 'incarnation' };
    // Also above a gap: what is held is part of the block for ever, and nobody need hold more than a block may add.
    for (const segment of path.segments) count(added, segment);
    if (isOver(added)) return { kind: 'invalid', reason: 'over the caps' };
  }
  return requests.length === 0 ? { kind: 'held' } : { kind: 'missing', requests };
}
