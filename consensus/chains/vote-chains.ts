import { assert } from '../../protocol/assert.ts';
import type { CutEntry } from '../../protocol/chain/block.ts';
import type { Standing } from '../../protocol/chain/standing.ts';
import type { ChainPosition, News } from './held-segments.ts';
import type { Standings } from './standings.ts';
import { CHAIN_START, VoteChain } from './vote-chain.ts';

/** The tips a block orders, by chain key; a chain that never advanced is absent. */
export type Cut = ReadonlyMap<number, ChainPosition>;

/** What the next block builds on: how far each chain is ordered, and who may go on. */
export interface Base {
  readonly cut: Cut;
  readonly standings: Standings;
}

/** All vote chains of an epoch: n authors × (S + 1) shards, made once, so their number is bounded. */
export class VoteChains {
  readonly shards: number;
  readonly authors: number;
  /** Changes of what is held, over all chains. */
  readonly news: News = { count: 0 };
  readonly #chains: VoteChain[] = [];

  constructor(shards: number, authors: number) {
    this.shards = shards;
    this.authors = authors;
    for (let shard = 0; shard <= shards; shard++) {
      for (let author = 0; author < authors; author++) this.#chains.push(new VoteChain(shard, author, this.news));
    }
  }

  /** In cut order: shards ascending, authors ascending. */
  all(): readonly VoteChain[] {
    return this.#chains;
  }

  /** The chain, or undefined for a shard or author that does not exist: remote input asks here. */
  find(shard: number, author: number): VoteChain | undefined {
    if (shard > this.shards || author >= this.authors) return undefined;
    return this.#chains[this.key(shard, author)];
  }

  of(shard: number, author: number): VoteChain {
    const chain = this.find(shard, author);
    assert(chain !== undefined, 'a chain of the epoch');
    return chain;
  }

  key(shard: number, author: number): number {
    return shard * this.authors + author;
  }

  /** E-03 for every shard of an author. */
  settle(standing: Standing): void {
    for (let shard = 0; shard <= this.shards; shard++) this.find(shard, standing.author)?.settle(standing);
  }

  /** Where a cut stands in a chain. */
  position(cut: Cut, shard: number, author: number): ChainPosition {
    return cut.get(this.key(shard, author)) ?? CHAIN_START;
  }

  /** The cut after a block whose parent has `cut`. */
  advance(cut: Cut, entries: readonly CutEntry[]): Cut {
    if (entries.length === 0) return cut;
    const next = new Map(cut);
    for (const { shard, author, height, tip } of entries) next.set(this.key(shard, author), { height, tip });
    return next;
  }
}
