import { type Segment, sealSegment } from '../../protocol/chain/segment.ts';
import type { Hash } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Batch } from '../batching/pool.ts';
import type { Replica, Turn } from '../replica-state.ts';
import { seatOf } from '../seat.ts';
import { isOwnChainUnknown, stop } from '../simplex/votes.ts';
import { OWN_PAST } from '../types.ts';
import type { ChainPosition } from './held-segments.ts';
import { maySeal } from './restart.ts';
import { CHAIN_START } from './vote-chain.ts';

interface Sealed {
  readonly segment: Segment;
  readonly ids: readonly Hash[];
}

/** This node's own vote chains: where each ends, and which segments wait for the disk. */
export class Authors {
  readonly #tips: ChainPosition[];
  #incarnation = 0;
  #unsynced: Sealed[] = [];

  constructor(shards: number) {
    this.#tips = Array.from({ length: shards + 1 }, () => CHAIN_START);
  }

  tip(shard: number): ChainPosition {
    return this.#tips[shard] ?? CHAIN_START;
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  /** The chains go on at their final tips, under another incarnation (E-03). What was sealed beyond is given up. */
  restart(incarnation: number, tipOf: (shard: number) => ChainPosition): void {
    if (incarnation < this.#incarnation) return;
    if (incarnation > this.#incarnation) {
      this.#incarnation = incarnation;
      this.#tips.fill(CHAIN_START);
      this.#unsynced = [];
    }
    for (const shard of this.#tips.keys()) this.advance(shard, tipOf(shard));
  }

  /** A segment of the journal: of this incarnation, or the first that is found of a later one. */
  restore({ header, id }: Segment): void {
    if (header.incarnation < this.#incarnation) return;
    if (header.incarnation > this.#incarnation) this.restart(header.incarnation, () => CHAIN_START);
    this.advance(header.shard, { height: header.height, tip: id });
  }

  /** The highest of the own chain: from a seal, from the journal, or from a final cut. Never moves back. */
  advance(shard: number, position: ChainPosition): void {
    if (position.height > this.tip(shard).height) this.#tips[shard] = position;
  }

  /** Sealed and recorded, but not yet known to be durable: in the journal and in no chain. */
  unsynced(): Segment[] {
    return this.#unsynced.map(({ segment }) => segment);
  }

  unsyncedBytes(shard: number): number {
    return this.#unsynced.reduce(
      (sum, { segment }) => sum + (segment.header.shard === shard ? segment.bytes.length : 0),
      0,
    );
  }

  keep(sealed: Sealed): void {
    this.#unsynced.push(sealed);
  }

  takeSynced(): Sealed[] {
    const sealed = this.#unsynced;
    this.#unsynced = [];
    return sealed;
  }
}

/** An author stops at half of the window that everybody accepts (C-04): its clients are told "busy" instead. */
const BACKLOG_SEGMENTS_MAX = LIMITS.chainWindowSegments / 2;
const BACKLOG_BYTES_MAX = LIMITS.chainWindowBytes / 2;

/**
 * Whether a batch waits for the finality of what is already in flight: at half the window, or at what the policy allows.
 * What is in flight is sealed, so it makes work until it is final (W-01), and its finality is the step that looks again.
 */
function isHeldBack({ pool, authors, chains, config }: Replica, shard: number): boolean {
  const chain = chains.of(shard, seatOf(config));
  const inFlight = authors.tip(shard).height - chain.final.height;
  if (inFlight >= BACKLOG_SEGMENTS_MAX || inFlight >= pool.inFlightSegmentsMax(shard)) return true;
  return chain.pendingBytes + authors.unsyncedBytes(shard) >= BACKLOG_BYTES_MAX;
}

/**
 * C-01: seal batches that are due into segments of the own chains: one header a height, persisted before it is sent.
 * The own segment joins its chain when it is synced, so no leader orders what a crash could take back.
 */
export function sealBatches(turn: Turn): boolean {
  const { replica, now, out } = turn;
  const { config, pool, authors } = replica;
  if (!maySeal(replica)) {
    // Muted with items in hand: whoever waits for them takes them elsewhere.
    for (const { id, shard } of pool.clear()) out.tell({ kind: 'busy', id, shard });
    return false;
  }
  let sealed = false;
  for (let shard = 0; shard <= config.shards; shard++) {
    if (isOwnChainUnknown(replica, shard)) {
      stop(turn, OWN_PAST, `shard ${shard}, segments above height ${authors.tip(shard).height}`);
      return false;
    }
    if (!isHeldBack(replica, shard)) {
      const batch = pool.take(shard, now.monoMs);
      if (batch !== undefined) {
        seal(turn, shard, batch);
        sealed = true;
      }
    }
    // Each shard by itself: a batch that is due and waits for finality must not hide when another will be due.
    const due = pool.dueAtMs(shard);
    if (due !== undefined && due > now.monoMs) out.wakeAt(due);
  }
  return sealed;
}

function seal({ replica, now, out }: Turn, shard: number, { items, ids }: Batch): void {
  const { chain, roster, sign } = replica.config;
  const { authors } = replica;
  const tip = authors.tip(shard);
  const place = {
    chain,
    epoch: roster.epoch,
    incarnation: authors.incarnation,
    shard,
    author: seatOf(replica.config),
  };
  const at = { ...place, height: tip.height + 1, parent: tip.tip, timeMs: Math.max(0, Math.floor(now.wallMs)) };
  const segment = sealSegment(at, items, sign);
  authors.advance(shard, { height: at.height, tip: segment.id });
  authors.keep({ segment, ids });
  out.promise({ kind: 'segment', segment });
  out.send.push({ to: 'shard', segment });
}

/** D-02 for segments: what is durable joins the chains, caps or not, since it is signed, and is *accepted*. */
export function takeSealed({ replica, out }: Turn): void {
  for (const { segment, ids } of replica.authors.takeSynced()) {
    const { shard, author } = segment.header;
    replica.chains.of(shard, author).restore(segment);
    out.tell({ kind: 'sealed', segment, ids });
  }
}
