import type { Block } from '../../../protocol/chain/block.ts';
import type { Verify } from '../../../protocol/crypto/verify.ts';
import type { Hash } from '../../../protocol/hash.ts';
import type { Message } from '../../types.ts';
import type { EpochBook, EpochPage } from '../epoch-book.ts';
import type { Verdict } from './verdict.ts';
import { WireTap } from './wire-tap.ts';

/** A tap for each epoch, under its roster: what was signed in one never counts in another. */
export class WireTaps {
  readonly #verdict: Verdict;
  readonly #book: EpochBook;
  readonly #honest: ReadonlySet<number>;
  readonly #taps: WireTap[] = [];

  constructor(verdict: Verdict, chain: Hash, book: EpochBook, verify: Verify, honest: ReadonlySet<number>) {
    this.#verdict = verdict;
    this.#book = book;
    this.#honest = honest;
    const add = ({ roster, seats }: EpochPage): void => {
      const seated = seats.flatMap((node, index) => (honest.has(node) ? [index] : []));
      this.#taps.push(new WireTap(verdict, chain, roster, verify, new Set(seated)));
    };
    add(book.latest);
    book.onBegin(add);
  }

  /** Called for every message at the moment it leaves a node. */
  sent(from: number, message: Message): void {
    const epoch = epochOf(message);
    if (epoch === undefined) return;
    const tap = this.#taps[epoch];
    const isHonest = this.#honest.has(from);
    if (tap !== undefined) tap.sent(isHonest ? from : undefined, message);
    else if (isHonest) this.#verdict.report('S12 no word of an epoch to come', `node ${from} speaks of epoch ${epoch}`);
  }

  finish(blocks: readonly Block[], hashes: ReadonlyMap<number, string>): void {
    for (const { epoch } of this.#book.all()) {
      this.#taps[epoch]?.finish(
        blocks.filter((block) => block.epoch === epoch),
        hashes,
      );
    }
  }
}

function epochOf(message: Message): number | undefined {
  switch (message.kind) {
    case 'propose':
      return message.block.block.epoch;
    case 'vote':
      return message.vote.epoch;
    case 'certificate':
    case 'final':
      return message.certificate.epoch;
    case 'segment':
      return message.segment.header.epoch;
    default:
      return undefined;
  }
}
