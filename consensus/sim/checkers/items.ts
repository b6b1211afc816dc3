import { toHex } from '../../../protocol/hex.ts';
import type { Delivery, ExecutedBlock } from '../../types.ts';
import type { Verdict } from './verdict.ts';

type Sealed = Extract<Delivery, { kind: 'sealed' }>;

interface Accepted {
  readonly node: number;
  readonly place: string;
  readonly epoch: number;
  readonly ids: readonly string[];
}

/** What an honest node accepted is final at last and never lost; every item has one outcome, every ballot counts once. */
export class ItemsChecker {
  readonly #verdict: Verdict;
  /** Accepted segments that are not final yet: id → node and place. */
  readonly #accepted = new Map<string, Accepted>();
  readonly #final = new Set<string>();
  readonly #counted = new Set<string>();
  /** Height of an item's first outcome that was not a refusal of its place. */
  readonly heights = new Map<string, number>();
  readonly outcomes = new Map<string, string[]>();

  constructor(verdict: Verdict) {
    this.#verdict = verdict;
  }

  sealed(node: number, { segment, ids }: Sealed): void {
    const { epoch, shard, height, count } = segment.header;
    if (ids.length !== count) this.#verdict.report('accepted items', `node ${node} tells ${ids.length} of ${count}`);
    const id = toHex(segment.id);
    if (this.#final.has(id)) return;
    const place = `node ${node} epoch ${epoch} shard ${shard} height ${height}`;
    this.#accepted.set(id, { node, place, epoch, ids: ids.map(toHex) });
  }

  /** A node lost its disk, and with it what nobody else had yet. */
  lost(node: number): void {
    for (const [id, one] of this.#accepted) if (one.node === node) this.#accepted.delete(id);
  }

  /** The first execution of a height. */
  executed({ block, segments }: ExecutedBlock): void {
    const { height } = block.block;
    for (const { segment, items } of segments) {
      const id = toHex(segment.id);
      if (this.#final.has(id)) this.#verdict.report('S10 no slot twice', `a segment again at height ${height}`);
      this.#final.add(id);
      this.#accepted.delete(id);
      if (items.length !== segment.header.count) {
        this.#verdict.report('one outcome an item', `${items.length} for ${segment.header.count} at height ${height}`);
      }
      for (const item of items) this.#item(toHex(item.id), item.outcome, height);
    }
  }

  #item(id: string, outcome: string, height: number): void {
    this.outcomes.set(id, [...(this.outcomes.get(id) ?? []), outcome]);
    if (!this.heights.has(id)) this.heights.set(id, height);
    if (outcome !== 'counted') return;
    if (this.#counted.has(id)) this.#verdict.report('a ballot counts once', `${id} again at height ${height}`);
    this.#counted.add(id);
  }

  get countedSize(): number {
    return this.#counted.size;
  }

  /** Accepted and not final, by place; empty once the world is healed and quiet. */
  open(epoch: number): readonly string[] {
    const open = [...this.#accepted.values()].filter((one) => one.epoch === epoch || !this.#isCarriedOver(one));
    return open.map(({ place }) => place);
  }

  /** A segment of an epoch that ended without it is dead; its items were taken along. */
  #isCarriedOver({ ids }: Accepted): boolean {
    return ids.every((id) => this.outcomes.has(id));
  }
}
