import { decodeEvidence } from '../../../protocol/evidence.ts';
import { toHex } from '../../../protocol/hex.ts';
import type { ExecutedBlock } from '../../types.ts';
import type { EpochBook, EpochPage } from '../epoch-book.ts';
import type { Verdict } from './verdict.ts';

/** What the executed blocks say of one author, kept here on its own. */
interface Record {
  incarnation: number;
  muted: boolean;
  mutes: number;
}

/**
 * E-01…E-03 and F-03 from the final chain: who is honest is never muted, after a proof nothing more of its author is
 * ordered, after a restart only what was sealed under the new incarnation, and only who lost a disk restarts.
 */
export class StandingsChecker {
  readonly #verdict: Verdict;
  readonly #honest: ReadonlySet<number>;
  readonly #book: EpochBook;
  readonly #lost = new Set<number>();
  /** By node, of the current epoch. */
  #records = new Map<number, Record>();
  #keys = new Map<number, string>();

  constructor(verdict: Verdict, honest: ReadonlySet<number>, book: EpochBook) {
    this.#verdict = verdict;
    this.#honest = honest;
    this.#book = book;
    this.#keys = keysOf(book.latest);
    book.onBegin((page) => this.#begin(page));
  }

  /** A mute goes along with its key; all else begins anew. */
  #begin(page: EpochPage): void {
    const keys = keysOf(page);
    const muted = [...this.#records].filter(([node, { muted }]) => muted && keys.get(node) === this.#keys.get(node));
    this.#records = new Map(muted.map(([node]) => [node, { incarnation: 0, muted: true, mutes: 1 }]));
    this.#keys = keys;
  }

  /** A node lost its disk: from here on it may restart its chains. */
  lost(node: number): void {
    this.#lost.add(node);
  }

  isMuted(author: number): boolean {
    return this.#at(author).muted;
  }

  incarnation(author: number): number {
    return this.#at(author).incarnation;
  }

  /** The first execution of a height. */
  executed({ block, segments }: ExecutedBlock): void {
    const at = `at height ${block.block.height}`;
    const seats = this.#book.find(block.block.epoch)?.seats ?? [];
    for (const { segment } of segments) {
      const { author: seat, incarnation } = segment.header;
      const author = seats[seat] ?? -1;
      const record = this.#at(author);
      if (record.muted) this.#verdict.report('E-03 nothing of a muted author', `node ${author} ${at}`);
      if (record.incarnation !== incarnation) {
        this.#verdict.report('E-03 one incarnation', `node ${author}: ${incarnation} for ${record.incarnation} ${at}`);
      }
    }
    for (const bytes of block.block.evidence) this.#evidence(bytes, at, seats);
  }

  #evidence(bytes: Uint8Array, at: string, seats: readonly number[]): void {
    const evidence = decodeEvidence(bytes);
    const author = seats[evidence.author] ?? -1;
    const record = this.#at(author);
    if (evidence.kind !== 'restart') {
      if (this.#honest.has(author)) this.#verdict.report('E-02 no honest author is muted', `node ${author} ${at}`);
      record.muted = true;
      record.mutes += 1;
      return;
    }
    if (this.#honest.has(author) && !this.#lost.has(author)) {
      this.#verdict.report('F-03 who restarts lost its disk', `node ${author} ${at}`);
    }
    if (record.muted && record.mutes > 1)
      this.#verdict.report('F-03 one restart after evidence', `node ${author} ${at}`);
    if (evidence.incarnation !== record.incarnation + 1) {
      this.#verdict.report('F-03 incarnations count up', `node ${author}: ${evidence.incarnation} ${at}`);
    }
    record.incarnation = evidence.incarnation;
    record.muted = false;
  }

  #at(author: number): Record {
    let record = this.#records.get(author);
    if (record === undefined) {
      record = { incarnation: 0, muted: false, mutes: 0 };
      this.#records.set(author, record);
    }
    return record;
  }
}

function keysOf({ seats, roster }: EpochPage): Map<number, string> {
  return new Map(seats.map((node, index) => [node, toHex(roster.validators[index]?.key ?? new Uint8Array())]));
}
