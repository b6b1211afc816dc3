/** Rounds of each part; the first after a move still brings what was sealed before it. */
const ROUNDS_SKIPPED = 1;
const ROUNDS_JUDGED = 3;
/** A shorter interval costs everybody and must gain half of what it saves; a longer one must gain this part. */
const GAIN_PART_SHORTER = 0.5;
const GAIN_LONGER = 0.97;

/** What clients wait at one interval: the mean of its last rounds, without what an earlier one left behind. */
export class WaitAt {
  #rounds = 0;
  #finalsMs: number[] = [];

  push(finalMs: number | undefined): void {
    this.#rounds += 1;
    if (finalMs === undefined || this.#rounds <= ROUNDS_SKIPPED) return;
    this.#finalsMs = [...this.#finalsMs.slice(1 - ROUNDS_JUDGED), finalMs];
  }

  /** Undefined until there are enough rounds. */
  get meanMs(): number | undefined {
    if (this.#finalsMs.length < ROUNDS_JUDGED) return undefined;
    return this.#finalsMs.reduce((sum, one) => sum + one, 0) / this.#finalsMs.length;
  }

  get isOver(): boolean {
    return this.#rounds >= ROUNDS_SKIPPED + ROUNDS_JUDGED;
  }
}

/**
 * Another interval on trial: A, B, A. Waits fall while a queue drains and rise while it grows, whatever is tried; so what
 * is tried must be better than before it and better than after it, at the old interval again.
 */
export class Probe {
  readonly fromMs: number;
  readonly toMs: number;
  readonly #beforeMs: number;
  #thereMs: number | undefined;
  #wait = new WaitAt();

  constructor(fromMs: number, toMs: number, beforeMs: number) {
    this.fromMs = fromMs;
    this.toMs = toMs;
    this.#beforeMs = beforeMs;
  }

  get isShorter(): boolean {
    return this.toMs < this.fromMs;
  }

  /** Whether the new interval is the one that holds now. */
  get isThere(): boolean {
    return this.#thereMs === undefined;
  }

  /** A round more. @returns what follows from it: nothing yet, the way back, or the verdict */
  turn(finalMs: number | undefined): 'back' | 'kept' | 'undone' | undefined {
    this.#wait.push(finalMs);
    if (!this.#wait.isOver) return undefined;
    const { meanMs } = this.#wait;
    const thereMs = this.#thereMs;
    if (meanMs === undefined) return 'undone';
    if (thereMs !== undefined) return this.#isBetter(thereMs, meanMs) ? 'kept' : 'undone';
    if (!this.#isBetter(meanMs, this.#beforeMs)) return 'undone';
    this.#thereMs = meanMs;
    this.#wait = new WaitAt();
    return 'back';
  }

  #isBetter(thereMs: number, baseMs: number): boolean {
    const savedMs = this.fromMs - this.toMs;
    return this.isShorter ? thereMs < baseMs - GAIN_PART_SHORTER * savedMs : thereMs < GAIN_LONGER * baseMs;
  }
}
