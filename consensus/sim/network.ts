import type { Random } from './random.ts';

/** What links do to messages; all chances are per message. */
export interface LinkFaults {
  readonly delayMs: readonly [low: number, high: number];
  /** Chance of a straggler, and by how much it is later at most: what reorders messages. */
  readonly straggle: number;
  readonly straggleMs: number;
  readonly loss: number;
  readonly duplicate: number;
}

export const GOOD_LINKS: LinkFaults = { delayMs: [1, 4], straggle: 0, straggleMs: 0, loss: 0, duplicate: 0 };

/** All links between the nodes: what becomes of a message is drawn when it is sent. */
export class Network {
  readonly #random: Random;
  #faults: LinkFaults;
  /** Side of each node while the network is split. */
  #sides: readonly number[] | undefined;
  /** Whether side 0 still hears side 1. */
  #oneWay = false;

  constructor(random: Random, faults: LinkFaults) {
    this.#random = random;
    this.#faults = faults;
  }

  /** From now on nodes of different sides do not hear each other; one-way: only side 1 does not hear side 0. */
  split(sides: readonly number[], oneWay: boolean): void {
    this.#sides = sides;
    this.#oneWay = oneWay;
  }

  join(): void {
    this.#sides = undefined;
  }

  /** Good links everywhere, for the rest of the run. */
  heal(): void {
    this.join();
    this.#faults = GOOD_LINKS;
  }

  isCut(from: number, to: number): boolean {
    if (this.#sides === undefined || this.#sides[from] === this.#sides[to]) return false;
    return !this.#oneWay || this.#sides[from] === 0;
  }

  /** After how long each copy arrives; empty when the message is lost. */
  delays(from: number, to: number): readonly number[] {
    if (this.isCut(from, to)) return [];
    const { loss, duplicate } = this.#faults;
    if (loss > 0 && this.#random.chance(loss)) return [];
    const first = this.#delay();
    return duplicate > 0 && this.#random.chance(duplicate) ? [first, this.#delay()] : [first];
  }

  #delay(): number {
    const { delayMs, straggle, straggleMs } = this.#faults;
    const base = this.#random.between(delayMs[0], delayMs[1]);
    return straggle > 0 && this.#random.chance(straggle) ? base + this.#random.below(straggleMs + 1) : base;
  }
}
