import type { Block } from '../../protocol/chain/block.ts';
import type { Hash } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import { createRoster, type Roster } from '../../protocol/roster.ts';
import type { Verdict } from './checkers/verdict.ts';

/** One epoch as the checkers know it: from the blocks alone, never from a replica. */
export interface EpochPage {
  readonly epoch: number;
  readonly roster: Roster;
  /** The node of each ValidatorIndex. */
  readonly seats: readonly number[];
  readonly shards: number;
  readonly slots: Uint8Array | undefined;
  /** The block that ended the one before. */
  readonly sealedHeight: number;
}

/** Nodes have their number in their name, whatever seat they have. */
export function nodeOf(name: string): number {
  return Number(name.slice(1));
}

export function nameOfNode(node: number): string {
  return `v${node}`;
}

/** All epochs of one world, and that each follows from what was asked for (S12). */
export class EpochBook {
  readonly #verdict: Verdict;
  readonly #chain: Hash;
  readonly #pages: EpochPage[];
  readonly #begun: ((page: EpochPage) => void)[] = [];
  /** Rosters that somebody proposed, by epoch, as texts. */
  readonly #proposed = new Map<number, Set<string>>();

  constructor(verdict: Verdict, chain: Hash, roster: Roster, shards: number) {
    this.#verdict = verdict;
    this.#chain = chain;
    const seats = roster.validators.map(({ name }) => nodeOf(name));
    this.#pages = [{ epoch: 0, roster, seats, shards, slots: undefined, sealedHeight: 0 }];
  }

  get latest(): EpochPage {
    const page = this.#pages.at(-1);
    if (page === undefined) throw new RangeError('no epoch');
    return page;
  }

  find(epoch: number): EpochPage | undefined {
    return this.#pages[epoch];
  }

  all(): readonly EpochPage[] {
    return this.#pages;
  }

  onBegin(listener: (page: EpochPage) => void): void {
    this.#begun.push(listener);
  }

  /** Somebody asks for this roster to follow an epoch. */
  propose(epoch: number, keys: readonly Uint8Array[], shards: number): void {
    const texts = this.#proposed.get(epoch) ?? new Set();
    texts.add(textOf(keys, shards));
    this.#proposed.set(epoch, texts);
  }

  /** The first execution of a height. */
  executed(block: Block): void {
    const { epoch, height, reconfig } = block;
    if (epoch !== this.latest.epoch) {
      this.#verdict.report(
        'S12 epochs follow each other',
        `height ${height} of epoch ${epoch}, not ${this.latest.epoch}`,
      );
    }
    if (reconfig === undefined) return;
    const { validators, params } = reconfig.epoch;
    const keys = validators.map(({ key }) => key);
    if (reconfig.epoch.epoch !== epoch + 1 || this.#proposed.get(epoch)?.has(textOf(keys, params.shards)) !== true) {
      this.#verdict.report('S12 a roster that was asked for', `height ${height} ends epoch ${epoch} with another`);
    }
    const roster = createRoster(this.#chain, epoch + 1, validators);
    const seats = validators.map(({ name }) => nodeOf(name));
    const page = { epoch: epoch + 1, roster, seats, shards: params.shards, slots: params.slots, sealedHeight: height };
    this.#pages.push(page);
    for (const listener of this.#begun) listener(page);
  }
}

function textOf(keys: readonly Uint8Array[], shards: number): string {
  return `${keys.map(toHex).join()} ${shards}`;
}
