import type { ExecutedBlock } from '../../consensus/types.ts';
import { decodeItems, type Item, itemLeaf, type SegmentHeader } from '../../protocol/chain/segment.ts';
import type { WaggleError } from '../../protocol/errors.ts';
import type { AppliedItem } from '../../protocol/governance/applied.ts';
import type { Hash } from '../../protocol/hash.ts';
import type { FinalFacts, Submission } from '../rpc/node-api.ts';
import { nameOfKey } from '../storage/keys.ts';

export const PENDING_MAX = 65_536;

/** An item that is not final yet, and what its submitter waits for. */
export interface Pending {
  readonly item: Item;
  readonly submission: Submission;
  readonly accept: () => void;
  readonly finish: (facts: FinalFacts) => void;
  readonly refuse: (error: WaggleError) => void;
}

/**
 * What was submitted here and is not final yet, by its very bytes. An id leaves out the signatures, so anybody can make
 * other bytes of the same id, with a broken signature or with one fewer: they are another submission and share nothing
 * with this one (reliability.md 4: a signature is no part of a key, and a key without it says nothing about it).
 */
export class PendingItems<Entry extends Pending> {
  readonly #byLeaf = new Map<string, Entry>();
  readonly #byId = new Map<string, Set<Entry>>();
  /** Under what each stands in the two above: a leaf is a hash, and made once. */
  readonly #names = new Map<Entry, { readonly leaf: string; readonly id: string }>();

  get size(): number {
    return this.#byLeaf.size;
  }

  /** In the order in which they came. */
  values(): Iterable<Entry> {
    return this.#byLeaf.values();
  }

  find(item: Item): Entry | undefined {
    return this.#byLeaf.get(nameOfKey(itemLeaf(item)));
  }

  /** All that carry this id. */
  ofId(id: Hash): readonly Entry[] {
    return [...(this.#byId.get(nameOfKey(id)) ?? [])];
  }

  add(entry: Entry): void {
    const id = nameOfKey(entry.submission.id);
    const leaf = nameOfKey(itemLeaf(entry.item));
    const entries = this.#byId.get(id) ?? new Set();
    this.#byLeaf.set(leaf, entry);
    this.#byId.set(id, entries.add(entry));
    this.#names.set(entry, { leaf, id });
  }

  remove(entry: Entry): void {
    const names = this.#names.get(entry);
    if (names === undefined) return;
    const entries = this.#byId.get(names.id);
    this.#names.delete(entry);
    this.#byLeaf.delete(names.leaf);
    entries?.delete(entry);
    if (entries?.size === 0) this.#byId.delete(names.id);
  }

  clear(): void {
    this.#byLeaf.clear();
    this.#byId.clear();
    this.#names.clear();
  }

  /**
   * Settle what an executed block decides. That an id counted or was applied holds for all who wait for it. Any other
   * outcome is about the bytes it was given to and about where they stood: it settles an entry when they are the entry's
   * own, and `hasWord` says that they stand where this node put them. All others are copies that anybody may have made.
   */
  settle({ block, segments }: ExecutedBlock, hasWord: (entry: Entry, header: SegmentHeader) => boolean): void {
    if (this.size === 0) return;
    for (const { segment, items } of segments) {
      let carried: readonly Item[] | undefined;
      for (const [at, applied] of items.entries()) {
        if (!this.#byId.has(nameOfKey(applied.id))) continue;
        carried ??= decodeItems(segment.body, segment.header.count);
        for (const entry of this.#decided(applied, carried[at])) {
          if (!holdsForAll(applied) && !hasWord(entry, segment.header)) continue;
          entry.finish(finalFactsOf(applied, block.block.height));
          this.remove(entry);
        }
      }
    }
  }

  #decided(applied: AppliedItem, carried: Item | undefined): readonly Entry[] {
    if (holdsForAll(applied)) return this.ofId(applied.id);
    const own = carried === undefined ? undefined : this.find(carried);
    return own === undefined ? [] : [own];
  }
}

function holdsForAll({ outcome }: AppliedItem): boolean {
  return outcome === 'counted' || outcome === 'applied';
}

function finalFactsOf({ outcome, counted }: AppliedItem, height: number): FinalFacts {
  return { outcome, height, ...(counted === undefined ? {} : { counted }) };
}

export function createPending(id: Hash, shard: number, item: Item): Pending {
  const accepted = Promise.withResolvers<void>();
  const final = Promise.withResolvers<FinalFacts>();
  // Whoever stopped waiting must not bring the process down.
  accepted.promise.catch(() => undefined);
  final.promise.catch(() => undefined);
  return {
    item,
    submission: { id, shard, accepted: accepted.promise, final: final.promise },
    accept: () => accepted.resolve(),
    finish(facts) {
      accepted.resolve();
      final.resolve(facts);
    },
    refuse(error) {
      accepted.reject(error);
      final.reject(error);
    },
  };
}
