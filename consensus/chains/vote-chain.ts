import type { Segment, SegmentHeader } from '../../protocol/chain/segment.ts';
import { type Hash, hashesEqual, ZERO_HASH } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { type ChainPath, type ChainPosition, HeldSegments, type News } from './held-segments.ts';

export const CHAIN_START: ChainPosition = { height: 0, tip: ZERO_HASH };

export type AddVerdict = 'added' | 'known' | 'fork' | 'past' | 'over';

/** Forks of a height that are kept without a block naming them (C-02). */
const FORKS_MAX = 2;
/** Bytes of segments that do not hang on the final tip yet: gossip out of order, or a hoard. */
const UNROOTED_BYTES_MAX = 2 * LIMITS.segmentBytesMax;
/** Ids that blocks or the execution ask for at a time. */
const WANTED_MAX = 4 * LIMITS.chainWindowSegments;
/** Bytes held beyond the windows because a block names them: what one block may add, and the one that shows it is over. */
const NAMED_BYTES_MAX = LIMITS.blockAddBytesMax + LIMITS.segmentBytesMax;

/**
 * One author's segments of one shard that are not executed yet, as far as this node holds them (C-02, C-04).
 *
 * Three rules keep an author's misbehaviour its own affair. What a block names is taken whatever else is held, as far as a
 * block may go, so no author can fill a validator with forks or unlinked segments until an honest leader's cut cannot be
 * stored. It is kept beyond the windows only while the view lasts, so no leader can fill it either. And what this node
 * promised to hold, by a notarize or under a certificate, is never given up before it is executed or a final cut took
 * another fork: somebody may need it from us to execute.
 */
export class VoteChain {
  readonly shard: number;
  readonly author: number;
  #executed: ChainPosition = CHAIN_START;
  #final: ChainPosition = CHAIN_START;
  #linked: ChainPosition = CHAIN_START;
  #incarnation = 0;
  #muted = false;
  readonly #held: HeldSegments;
  readonly #wanted = new Set<string>();
  /** Taken because a block of this view names it. */
  readonly #named = new Map<string, Segment>();
  #namedBytes = 0;
  /** Whether something may be held beyond the windows that only a view, or the journal, gave a place. */
  #isOverfull = false;
  /** C-06: ids with their heights, held or still to come; with a held one its parents are promised too. */
  readonly #promised = new Map<string, number>();

  constructor(shard: number, author: number, news?: News) {
    this.shard = shard;
    this.author = author;
    this.#held = new HeldSegments(news);
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

  /** Under which the author goes on after the last final cut (E-03). */
  get incarnation(): number {
    return this.#incarnation;
  }

  /** No block adds anything of it. */
  get muted(): boolean {
    return this.#muted;
  }

  get pendingBytes(): number {
    return this.#held.bytes;
  }

  /** Segments held, executed ones excluded. */
  get size(): number {
    return this.#held.size;
  }

  /** For the checkers: entries a table, and the bytes that no promise holds. */
  sizes(): { held: number; wanted: number; named: number; promised: number; unpromisedBytes: number } {
    const unpromised = this.#held.ascending().filter(({ id }) => !this.#promised.has(toHex(id)));
    return {
      held: this.#held.size,
      wanted: this.#wanted.size,
      named: this.#named.size,
      promised: this.#promised.size,
      unpromisedBytes: sizeOf(unpromised),
    };
  }

  get(id: Hash): Segment | undefined {
    return this.#held.get(id);
  }

  /** Segments held at a height: none, one, or more of a fork. */
  at(height: number): readonly Segment[] {
    return this.#held.at(height);
  }

  /** Everything held, ascending. */
  held(): Segment[] {
    return this.#held.ascending();
  }

  /** The highest height of which anything is held. */
  highest(): number {
    return Math.max(this.#executed.height, this.#held.highest());
  }

  /** Keep a verified segment if it is inside the window (rule A3). `fork` is kept too, and is evidence. */
  add(segment: Segment): AddVerdict {
    const { height } = segment.header;
    if (height <= this.#executed.height) return 'past';
    if (this.get(segment.id) !== undefined) return 'known';
    if (height > this.#final.height + LIMITS.chainWindowSegments) return 'over';
    const key = toHex(segment.id);
    const isPromised = this.#promised.has(key);
    const isNamed = !isPromised && this.#wanted.has(key) && this.#namedBytes + segment.bytes.length <= NAMED_BYTES_MAX;
    if (!isPromised && !isNamed && !this.#hasRoom(segment)) return 'over';
    this.#wanted.delete(key);
    if (isNamed) this.#name(key, segment);
    const isFork = this.#forksOf(segment).length > 0;
    this.#keep(segment);
    return isFork ? 'fork' : 'added';
  }

  #name(key: string, segment: Segment): void {
    this.#named.set(key, segment);
    this.#namedBytes += segment.bytes.length;
    this.#isOverfull = true;
    this.want(segment.header.parent);
  }

  /** A segment of one's own, or from the journal: what was kept or signed before is kept, windows or not. */
  restore(segment: Segment): void {
    if (segment.header.height <= this.#executed.height || this.get(segment.id) !== undefined) return;
    if (this.#isEnded(segment)) return;
    if (!hashesEqual(segment.header.parent, this.#linked.tip)) this.#isOverfull = true;
    this.#keep(segment);
  }

  #keep(segment: Segment): void {
    const { height, parent } = segment.header;
    this.#held.add(segment);
    if (this.#promised.has(toHex(segment.id))) this.promise({ height: height - 1, tip: parent });
    this.#extend();
  }

  /** Whether a segment nobody named fits. Unlinked ones above it give way, but only when that makes room enough. */
  #hasRoom(segment: Segment): boolean {
    const { height } = segment.header;
    if (this.#forksOf(segment).length >= FORKS_MAX) return false;
    if (height <= this.#final.height) return true;
    const isRooted = this.#isRooted(segment);
    const max = isRooted ? LIMITS.chainWindowBytes : UNROOTED_BYTES_MAX;
    const counted = this.#held
      .ascending()
      .filter((one) => one.header.height > this.#final.height && (isRooted || !this.#isRooted(one)));
    const givesWay = (one: Segment): boolean =>
      (isRooted || one.header.height > height) && !this.#isRooted(one) && !this.#isNamed(one);
    let over = sizeOf(counted) + segment.bytes.length - max;
    if (over <= 0) return true;
    const spare = counted.filter(givesWay);
    if (over > sizeOf(spare)) return false;
    for (const one of spare.reverse()) {
      if (over <= 0) break;
      this.#held.remove(one);
      over -= one.bytes.length;
    }
    return true;
  }

  /** Others of its place: the same height under another incarnation is another place. */
  #forksOf({ header, id }: Segment): Segment[] {
    return this.at(header.height).filter(
      (other) => other.header.incarnation === header.incarnation && !hashesEqual(other.id, id),
    );
  }

  /** A segment held that its author must not have signed beside this one; undefined for an honest author. */
  rivalOf(segment: Segment): Segment | undefined {
    return this.#forksOf(segment)[0];
  }

  /** Why a segment is not taken whatever its signature; the next incarnation may be in a block not final here yet. */
  judge(header: SegmentHeader): string | undefined {
    if (header.incarnation > this.#incarnation + 1) return 'segment of an unknown incarnation';
    if (header.height <= this.#final.height) return undefined;
    if (this.#muted) return 'segment of a muted author';
    return header.incarnation < this.#incarnation ? 'segment of an incarnation that ended' : undefined;
  }

  /** Beyond the final tip nothing of an incarnation that ended, or of a muted author, is ever ordered. */
  #isEnded({ header }: Segment): boolean {
    return header.height > this.#final.height && (this.#muted || header.incarnation < this.#incarnation);
  }

  /** E-03: what a final block settled about the author. What is dead by it goes. */
  settle({ incarnation, muted }: { readonly incarnation: number; readonly muted: boolean }): void {
    this.#incarnation = incarnation;
    this.#muted = muted;
    for (const segment of this.#held.ascending()) {
      if (!this.#isEnded(segment)) continue;
      this.#held.remove(segment);
      this.#promised.delete(toHex(segment.id));
    }
    if (this.#linked.height > this.#final.height) this.#linked = this.#final;
    this.#extend();
  }

  /** Whether its parents lead to the final tip by what is held. */
  #isRooted(segment: Segment): boolean {
    const { height, parent } = segment.header;
    if (height === this.#linked.height + 1 && hashesEqual(parent, this.#linked.tip)) return true;
    let at: Segment | undefined = segment;
    while (at !== undefined && at.header.height > this.#final.height + 1) at = this.get(at.header.parent);
    return at !== undefined && hashesEqual(at.header.parent, this.#final.tip);
  }

  /** Whether something of this height came because it was named, and what is below it may be on its way as well. */
  isRunning(height: number): boolean {
    return this.at(height).some((one) => this.#isNamed(one));
  }

  #isNamed(segment: Segment): boolean {
    const id = toHex(segment.id);
    return this.#promised.has(id) || this.#named.has(id);
  }

  /**
   * A block of this view names this segment: it is taken when it comes, and so are its parents in turn. What is needed
   * is wanted again in every step, so of too many the oldest go: ids that never come cannot fill the place.
   */
  want(id: Hash): void {
    if (this.get(id) !== undefined) return;
    const key = toHex(id);
    this.#wanted.delete(key);
    this.#wanted.add(key);
    const [oldest] = this.#wanted;
    if (this.#wanted.size > WANTED_MAX && oldest !== undefined) this.#wanted.delete(oldest);
  }

  /** C-06: this node said that it holds what leads to this tip, or a certificate says that it must. */
  promise({ height, tip }: ChainPosition): void {
    let id = tip;
    for (let at = height; at > this.#executed.height; at--) {
      const key = toHex(id);
      if (this.#promised.has(key)) return;
      this.#promised.set(key, at);
      const segment = this.get(id);
      if (segment === undefined) return;
      id = segment.header.parent;
    }
  }

  /** The view is over, or its block is invalid: what only that block named has no place beyond the windows any more. */
  release(): void {
    this.#wanted.clear();
    this.#named.clear();
    this.#namedBytes = 0;
    if (!this.#isOverfull) return;
    this.#isOverfull = false;
    this.#trim();
  }

  /** Back to the windows, from the top; what is promised and what leads to the linked tip stays. */
  #trim(): void {
    const kept = new Set(segmentsOf(this.path(this.#final, this.#linked)));
    const above = this.#held.ascending().filter(({ header }) => header.height > this.#final.height);
    let bytes = sizeOf(above);
    let unrootedBytes = sizeOf(above.filter((one) => !this.#isRooted(one)));
    for (const one of above.reverse()) {
      if (kept.has(one) || this.#isNamed(one)) continue;
      const isUnrooted = !this.#isRooted(one);
      const isOver = bytes > LIMITS.chainWindowBytes || (isUnrooted && unrootedBytes > UNROOTED_BYTES_MAX);
      if (!isOver && this.#forksOf(one).length < FORKS_MAX) continue;
      this.#held.remove(one);
      bytes -= one.bytes.length;
      if (isUnrooted) unrootedBytes -= one.bytes.length;
    }
  }

  #extend(): void {
    for (;;) {
      const next = this.at(this.#linked.height + 1).find((one) => hashesEqual(one.header.parent, this.#linked.tip));
      if (next === undefined) return;
      this.#linked = { height: next.header.height, tip: next.id };
    }
  }

  /**
   * The lowest height missing below something held, or undefined without a gap. What is held right after the linked tip
   * and does not link is another fork: asking for more on speculation would never end.
   */
  gap(): { from: number; to: number } | undefined {
    const from = this.#linked.height + 1;
    if (this.#held.highest() <= from || this.at(from).length > 0) return undefined;
    const lowest = this.#held.lowestAbove(from);
    return lowest === undefined ? undefined : { from, to: lowest - 1 };
  }

  path(base: ChainPosition, target: ChainPosition): ChainPath {
    return this.#held.path(base, target);
  }

  /** A final cut named this tip: from now on only its fork counts. */
  finalize(position: ChainPosition): void {
    if (position.height <= this.#final.height) return;
    this.#final = position;
    const isAbove = this.#linked.height > position.height;
    if (!isAbove || this.path(position, this.#linked).kind !== 'held') this.#linked = position;
    const onPath = this.path(this.#executed, position);
    if (onPath.kind === 'held') for (const segment of onPath.segments) this.#held.keepOnly(segment);
    this.#buryDead();
    this.#wanted.clear();
    this.promise(position);
    this.#extend();
  }

  #buryDead(): void {
    const { length: onPath } = segmentsOf(this.path(this.#executed, this.#final));
    const { length: above } = segmentsOf(this.path(this.#final, this.#linked));
    // Without forks and without what hangs in the air there is nothing dead, and nothing to walk.
    if (onPath + above === this.#held.size) return;
    for (const segment of this.#held.ascending().filter((one) => this.#isDead(one))) {
      this.#held.remove(segment);
      this.#promised.delete(toHex(segment.id));
    }
  }

  /** Whether its parents lead past the final tip: no cut can ever take it. What hangs in the air may still be right. */
  #isDead(segment: Segment): boolean {
    let at: Segment | undefined = segment;
    while (at !== undefined && at.header.height > this.#final.height + 1) at = this.get(at.header.parent);
    if (at === undefined || at.header.height < this.#final.height) return false;
    return !hashesEqual(at.header.height === this.#final.height ? at.id : at.header.parent, this.#final.tip);
  }

  /** Everything up to the position is executed and stored elsewhere. */
  execute(position: ChainPosition): void {
    for (const segment of this.#held.ascending()) {
      if (segment.header.height > position.height) break;
      this.#held.remove(segment);
    }
    for (const [id, height] of this.#promised) if (height <= position.height) this.#promised.delete(id);
    this.#executed = position;
    if (this.#final.height < position.height) this.#final = position;
    if (this.#linked.height < position.height) this.#linked = position;
    this.#extend();
  }
}

function segmentsOf(path: ChainPath): readonly Segment[] {
  return path.kind === 'held' ? path.segments : [];
}

function sizeOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
