import type { Message } from '../types.ts';
import type { Host } from './node.ts';
import type { Random } from './random.ts';

/** Which of two copies a peer hears and is heard by: the first, the second, or both. */
export type Mask = 1 | 2 | 3;

/**
 * One validator run twice with one key (Bano et al., "Twins: BFT Systems Made Robust", 2021): both copies are honest, and
 * together they contradict themselves. Masks of the two overlap at random and change from time to time, so that views
 * end with the halves, thirds or all of the network on one side.
 */
export class TwinMasks {
  readonly #random: Random;
  readonly #peers: number;
  #masks: Mask[] = [];

  constructor(random: Random, peers: number) {
    this.#random = random;
    this.#peers = peers;
    this.redraw();
  }

  redraw(): void {
    const overlap = this.#random.pick([0, 0.2, 0.6]);
    this.#masks = Array.from({ length: this.#peers }, () =>
      this.#random.chance(overlap) ? 3 : this.#random.pick([1, 2] as const),
    );
  }

  /** Whether `copy` (1 or 2) and a peer are on one side now. */
  joins(copy: 1 | 2, peer: number): boolean {
    return ((this.#masks[peer] ?? 3) & copy) !== 0;
  }
}

/** The world as the second copy sees it: it is asked of nothing, and what it says goes its own ways. */
export class TwinHost implements Host {
  readonly #world: Host;
  readonly #send: (to: number, message: Message) => void;

  constructor(world: Host, send: (to: number, message: Message) => void) {
    this.#world = world;
    this.#send = send;
  }

  get nowMs(): number {
    return this.#world.nowMs;
  }

  after(delayMs: number, run: () => void): void {
    this.#world.after(delayMs, run);
  }

  send(_from: number, to: number, message: Message): void {
    this.#send(to, message);
  }

  deliver(): void {}

  carry(): void {}

  withoutSeat(): readonly number[] {
    return [];
  }
}
