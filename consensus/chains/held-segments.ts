import type { Segment } from '../../protocol/chain/segment.ts';
import { type Hash, hashesEqual } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';

/** A position in a vote chain. Height 0 with the zero hash is before the first segment. */
export interface ChainPosition {
  readonly height: number;
  readonly tip: Hash;
}

export type ChainPath =
  | { readonly kind: 'held'; readonly segments: readonly Segment[] }
  | {
      readonly kind: 'missing';
      readonly from: number;
      readonly to: number;
      readonly tip: Hash;
      /** What is held above the missing one up to the target, descending. */
      readonly segments: readonly Segment[];
    }
  | { readonly kind: 'broken' };

/** Counts what comes and goes, so that who looked before knows whether there is anything new to see. */
export interface News {
  count: number;
}

/** Segments of one chain by id and by height; forks stand side by side. */
export class HeldSegments {
  readonly #news: News;
  readonly #byId = new Map<string, Segment>();
  readonly #byHeight = new Map<number, readonly Segment[]>();
  #highest = 0;
  bytes = 0;

  constructor(news: News = { count: 0 }) {
    this.#news = news;
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: Hash): Segment | undefined {
    return this.#byId.get(toHex(id));
  }

  at(height: number): readonly Segment[] {
    return this.#byHeight.get(height) ?? [];
  }

  add(segment: Segment): void {
    const { height } = segment.header;
    this.#news.count += 1;
    this.#byId.set(toHex(segment.id), segment);
    this.#byHeight.set(height, [...this.at(height), segment]);
    this.bytes += segment.bytes.length;
    this.#highest = Math.max(this.#highest, height);
  }

  remove(segment: Segment): void {
    if (!this.#byId.delete(toHex(segment.id))) return;
    this.#news.count += 1;
    const { height } = segment.header;
    const rest = this.at(height).filter((one) => one !== segment);
    if (rest.length > 0) this.#byHeight.set(height, rest);
    else this.#byHeight.delete(height);
    this.bytes -= segment.bytes.length;
    if (height === this.#highest && rest.length === 0) this.#highest = Math.max(0, ...this.#byHeight.keys());
  }

  /** A final cut took this one: the other forks of its height are dead. */
  keepOnly(segment: Segment): void {
    for (const other of this.at(segment.header.height)) if (other !== segment) this.remove(other);
  }

  ascending(): Segment[] {
    return [...this.#byId.values()].sort((a, b) => a.header.height - b.header.height);
  }

  highest(): number {
    return this.#highest;
  }

  lowestAbove(height: number): number | undefined {
    let lowest: number | undefined;
    for (const one of this.#byHeight.keys()) if (one > height && (lowest === undefined || one < lowest)) lowest = one;
    return lowest;
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
      if (segment === undefined) return { kind: 'missing', from: base.height + 1, to: height, tip: id, segments };
      if (segment.header.height !== height) return { kind: 'broken' };
      segments.push(segment);
      id = segment.header.parent;
    }
    return hashesEqual(id, base.tip) ? { kind: 'held', segments: segments.reverse() } : { kind: 'broken' };
  }
}
