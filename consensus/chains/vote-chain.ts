import type { Segment } from '../../protocol/chain/segment.ts';
import { type Hash, hashesEqual, ZERO_HASH } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import { LIMITS } from '../../protocol/limits.ts';

/** A position in a vote chain. Height 0 with the zero hash is before the first segment. */
export interface ChainPosition {
  readonly height: number;
  readonly tip: Hash;
}

export const CHAIN_START: ChainPosition = { height: 0, tip: ZERO_HASH };

export type AddVerdict = 'added' | 'known' | 'fork' | 'past' | 'over';

/**
 * One author's segments of one shard that are not executed yet, as far as this node holds them.
 * At most two segments of a height are kept: before a cut either fork may be chosen, after it the other is dead
 * (consensus.md 3.5). What a cut has executed leaves memory.
 */
export class VoteChain {
  readonly shard: number;
  readonly author: number;
  #executed: ChainPosition = CHAIN_START;
  #final: ChainPosition = CHAIN_START;
  #linked: ChainPosition = CHAIN_START;
  #pendingBytes = 0;
  #wanted: Hash | undefined;
  readonly #byId = new Map<string, Segment>();
  readonly #byHeight = new Map<number, Segment[]>();

  constructor(shard: number, author: number) {
    this.shard = shard;
    this.author = author;
  }

  /** Where execution stands: nothing at or below is kept. */
  get executed(): ChainPosition {
    return this.#executed;
  }

  /** The tip of the last final cut. */
  get final(): ChainPosition {
    return this.#final;
  }

  /** The newest tip reachable from the final one by segments held here, first seen first. */
  get linked(): ChainPosition {
    return this.#linked;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Segments held, executed ones excluded. */
  get size(): number {
    return this.#byId.size;
  }

  get(id: Hash): Segment | undefined {
    return this.#byId.get(toHex(id));
  }

  /** Segments held at a height: none, one, or the two of a fork. */
  at(height: number): readonly Segment[] {
    return this.#byHeight.get(height) ?? [];
  }

  /** Keep a verified segment if it is inside the window (rule A3). `fork` is kept too, and is evidence. */
  add(segment: Segment): AddVerdict {
    const { height } = segment.header;
    if (height <= this.#executed.height) return 'past';
    if (this.get(segment.id) !== undefined) return 'known';
    if (height > this.#final.height + LIMITS.chainWindowSegments) return 'over';
    const wanted = this.#wanted !== undefined && hashesEqual(this.#wanted, segment.id);
    let same = this.at(height);
    if (same.length >= 2 && wanted) same = this.#makeRoom(height);
    if (same.length >= 2) return 'over';
    if (height > this.#final.height && this.#pendingBytes + segment.bytes.length > LIMITS.chainWindowBytes * 2) {
      return 'over';
    }
    if (wanted) this.#wanted = segment.header.parent;
    this.#keep(segment, same);
    return same.length === 0 ? 'added' : 'fork';
  }

  /** A segment from the journal: what was kept before a restart is kept again, windows or not. */
  restore(segment: Segment): void {
    const { height } = segment.header;
    if (height <= this.#executed.height || this.get(segment.id) !== undefined) return;
    this.#keep(segment, this.at(height));
  }

  #keep(segment: Segment, same: readonly Segment[]): void {
    this.#byId.set(toHex(segment.id), segment);
    this.#byHeight.set(segment.header.height, [...same, segment]);
    this.#pendingBytes += segment.bytes.length;
    this.#extend();
  }

  /** Everything held, ascending. */
  held(): Segment[] {
    return [...this.#byId.values()].sort((a, b) => a.header.height - b.header.height);
  }

  /** The highest height of which anything is held. */
  highest(): number {
    let highest = this.#executed.height;
    for (const height of this.#byHeight.keys()) if (height > highest) highest = height;
    return highest;
  }

  /**
   * A block names this segment: it is kept even where an author made more forks than are kept otherwise, and so are
   * its parents as they arrive. One a chain, so an author cannot make an honest leader's cut unobtainable.
   */
  want(id: Hash): void {
    this.#wanted = id;
  }

  /** Give up the segment of a height that is not on the linked path. */
  #makeRoom(height: number): readonly Segment[] {
    const path = this.path(this.#executed, this.#linked);
    const linked = path.kind === 'held' ? path.segments.find((one) => one.header.height === height) : undefined;
    const kept = this.at(height).find((one) => linked === undefined || one === linked);
    for (const other of this.at(height)) if (other !== kept) this.#drop(other);
    return kept === undefined ? [] : [kept];
  }

  #extend(): void {
    for (;;) {
      const next = this.at(this.#linked.height + 1).find((one) => hashesEqual(one.header.parent, this.#linked.tip));
      if (next === undefined) return;
      this.#linked = { height: next.header.height, tip: next.id };
    }
  }

  /** The lowest height missing below something held, or undefined without a gap. */
  gap(): { from: number; to: number } | undefined {
    let lowest: number | undefined;
    for (const height of this.#byHeight.keys()) {
      if (height > this.#linked.height + 1 && (lowest === undefined || height < lowest)) lowest = height;
    }
    return lowest === undefined ? undefined : { from: this.#linked.height + 1, to: lowest - 1 };
  }

  /**
   * The segments from `base` (exclusive) to `target` (inclusive), ascending, found by walking parents back from the
   * target: the fork the target stands on is the one that is returned.
   * `missing` is the highest height not held; `broken` means that the walk does not end in `base`, for ever.
   */
  path(base: ChainPosition, target: ChainPosition): ChainPath {
    const segments: Segment[] = [];
    let id = target.tip;
    for (let height = target.height; height > base.height; height--) {
      const segment = this.get(id);
      if (segment === undefined) return { kind: 'missing', from: base.height + 1, to: height, tip: id };
      if (segment.header.height !== height) return { kind: 'broken' };
      segments.push(segment);
      id = segment.header.parent;
    }
    return hashesEqual(id, base.tip) ? { kind: 'held', segments: segments.reverse() } : { kind: 'broken' };
  }

  /** A final cut named this tip: from now on only its fork counts. */
  finalize(position: ChainPosition): void {
    if (position.height <= this.#final.height) return;
    this.#final = position;
    const onPath = this.path(this.#executed, position);
    const keepsLinked = this.#linked.height > position.height && this.#passes(position);
    if (!keepsLinked) this.#linked = position;
    if (onPath.kind === 'held') this.#dropForks(onPath.segments);
    this.#extend();
  }

  #passes(position: ChainPosition): boolean {
    return this.path(position, this.#linked).kind === 'held';
  }

  #dropForks(path: readonly Segment[]): void {
    for (const segment of path) {
      const { height } = segment.header;
      for (const other of this.at(height)) if (other !== segment) this.#drop(other);
      this.#byHeight.set(height, [segment]);
    }
  }

  #drop(segment: Segment): void {
    this.#byId.delete(toHex(segment.id));
    this.#pendingBytes -= segment.bytes.length;
  }

  /** Everything up to the position is executed and stored elsewhere. */
  execute(position: ChainPosition): void {
    for (const [height, segments] of this.#byHeight) {
      if (height > position.height) continue;
      for (const segment of segments) this.#drop(segment);
      this.#byHeight.delete(height);
    }
    this.#executed = position;
    if (this.#final.height < position.height) this.#final = position;
    if (this.#linked.height < position.height) this.#linked = position;
    this.#extend();
  }
}

export type ChainPath =
  | { readonly kind: 'held'; readonly segments: readonly Segment[] }
  | { readonly kind: 'missing'; readonly from: number; readonly to: number; readonly tip: Hash }
  | { readonly kind: 'broken' };
