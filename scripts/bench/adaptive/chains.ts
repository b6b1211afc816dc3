/** A sealed batch of one author in one shard. `chain` counts all pairs of author and shard. */
export interface Sealed {
  readonly chain: number;
  readonly author: number;
  readonly shard: number;
  readonly height: number;
  readonly bytes: number;
  readonly sealedMs: number;
  /** When each item was submitted. */
  readonly submittedMs: readonly number[];
  /** Nodes that have executed it. */
  executedBy: number;
}

export interface Block {
  readonly view: number;
  readonly parent: Block | undefined;
  /** Height of each chain after the block. */
  readonly cut: readonly number[];
  readonly added: readonly Sealed[];
}

/** All chains of a world: what a node holds of one is a height. */
export class Chains {
  readonly #sealed: Sealed[][];

  constructor(count: number) {
    this.#sealed = Array.from({ length: count }, () => []);
  }

  get count(): number {
    return this.#sealed.length;
  }

  append(sealed: Sealed): void {
    this.#sealed[sealed.chain]?.push(sealed);
  }

  tip(chain: number): number {
    return this.#sealed[chain]?.length ?? 0;
  }

  at(chain: number, height: number): Sealed | undefined {
    return this.#sealed[chain]?.[height - 1];
  }

  /** A block on `parent` of what is held: chains in rotation, segment by segment, within the caps (C-05). */
  block(view: number, parent: Block, held: readonly number[], itemsMax: number, bytesMax: number): Block {
    const cut = [...parent.cut];
    const added: Sealed[] = [];
    let [items, bytes] = [0, 0];
    for (let moved = true; moved; ) {
      moved = false;
      for (let turn = 0; turn < cut.length; turn++) {
        const chain = (view + turn) % cut.length;
        const height = (cut[chain] ?? 0) + 1;
        const next = height <= (held[chain] ?? 0) ? this.at(chain, height) : undefined;
        if (next === undefined) continue;
        if (items + next.submittedMs.length > itemsMax || bytes + next.bytes > bytesMax) continue;
        items += next.submittedMs.length;
        bytes += next.bytes;
        added.push(next);
        cut[chain] = height;
        moved = true;
      }
    }
    return { view, parent, cut, added };
  }
}
