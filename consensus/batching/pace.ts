import { Probe, WaitAt } from './probe.ts';

/** Why a pace is too fast. */
export type Pressure = 'cpu-busy' | 'loop-late' | 'queue-stands' | 'peer-late';
export type PaceChange =
  | Pressure
  | 'pressure-gone'
  | 'load-fell'
  | 'probe'
  | 'probe-checked'
  | 'probe-kept'
  | 'probe-undone';

/** What a round says of the pace it was made at. */
export interface PaceRound {
  readonly pressure: Pressure | undefined;
  /** No small step will do: the queue is as long as the way… */
  readonly isFar: boolean;
  /** …or the machine is full. */
  readonly isFull: boolean;
  /** Whether a probe could be judged, and nobody is short of anything: neither this machine nor a peer. */
  readonly mayProbe: boolean;
  /** A queue presses no further than to this. */
  readonly queueMostMs: number;
  /** Below this a shorter interval would gain nothing. */
  readonly usefulMs: number;
  /** Items that came back, per second. */
  readonly itemsPerS: number;
  /** What clients wait for finality, as the mean of the shards' worst p99 of a window; undefined when nothing came back. */
  readonly finalMs: number | undefined;
}

/** The interval of the fixed default, where every run begins: shorter ones cost more than they gain. */
export const INTERVAL_MS_MIN = 5;
export const INTERVAL_MS_MAX = 60;
/** Of the interval, by a probe or under pressure; when the machine is full; when the queue is far too long. */
const STEP = 1.25;
const STEP_FULL = 1.6;
const STEP_FAR = 2;
/** Rounds a pressure must last before the pace gives way. */
const PRESSED_ROUNDS = 2;
/** …and one for each so many milliseconds: who seals rarely gives way later, so that all authors come to be alike. */
const ROUND_PER_MS = 8;
/** Rounds for which a pace that pressure made us leave counts as failed: no probe starts from there to a shorter one. */
const FAILED_ROUNDS = 64;
/** Rounds without pressure until it is believed to be gone. */
const GONE_ROUNDS = 3;
/** Below this part of the load under which pressure moved the pace, what was learned from it says nothing. */
const LOAD_FELL = 0.4;
/** Rounds for which it must be so little: what comes back on a long way comes in waves. */
const LIGHT_ROUNDS = 6;
/** Rounds between probes: doubled with each that failed and each new pressure, so a steady state has ever fewer. */
const PATIENCE_ROUNDS = 2;
const PATIENCE_ROUNDS_MAX = 128;

/**
 * F: how often this node seals at most, in all shards alike, since what a segment costs is paid by the whole machine and
 * all its peers, whatever is in it. Under pressure F grows; without, a shorter or a longer one is tried (`probe.ts`) and kept if
 * clients wait less.
 */
export class Pace {
  #intervalMs = INTERVAL_MS_MIN;
  #probe: Probe | undefined;
  #rounds = 0;
  #pressedRounds = 0;
  #isPressed = false;
  /** Where a far step to the longest came from, until half of it was given back. */
  #farFromMs: number | undefined;
  /** The longest interval that pressure made us leave, and for how many rounds it still counts. */
  #failedMs = 0;
  #failedRounds = 0;
  #patience = PATIENCE_ROUNDS;
  /** Which way the next probe goes. */
  #isShorterNext = true;
  /** The longest interval that pressure of our own asked for: as far as a peer may press, since it may pretend. */
  #pressedMs = INTERVAL_MS_MIN;
  /** Items per second when pressure last moved the pace, and for how many rounds there were far fewer. */
  #pressedItemsPerS = 0;
  #lightRounds = 0;
  #wait = new WaitAt();

  get intervalMs(): number {
    return this.#intervalMs;
  }

  get isProbing(): boolean {
    return this.#probe !== undefined;
  }

  turn(round: PaceRound): PaceChange | undefined {
    const { pressure, usefulMs, finalMs } = round;
    this.#failedRounds -= 1;
    if (this.#failedRounds <= 0) this.#failedMs = 0;
    this.#wait.push(finalMs);
    if (pressure !== undefined) return this.#press(pressure, round);
    this.#pressedRounds = 0;
    this.#isPressed = false;
    if (this.#hasLoadFallen(round)) return this.#giveUpPressure(round);
    if (this.#probe?.isShorter === true && !round.mayProbe) return this.#undo(this.#probe);
    if (this.#probe !== undefined) return this.#goOnProbing(this.#probe, finalMs);
    this.#rounds += 1;
    if (this.#farFromMs !== undefined) return round.mayProbe ? this.#giveBack(this.#farFromMs) : undefined;
    return !round.mayProbe || this.#rounds < this.#patience
      ? undefined
      : this.#startProbe(Math.max(INTERVAL_MS_MIN, usefulMs));
  }

  #hasLoadFallen({ itemsPerS }: PaceRound): boolean {
    this.#lightRounds = itemsPerS < LOAD_FELL * this.#pressedItemsPerS ? this.#lightRounds + 1 : 0;
    return this.#lightRounds >= LIGHT_ROUNDS;
  }

  /** What pressed was another load: the pace follows it down as far as it fell, and probes go on from there at once. */
  #giveUpPressure({ itemsPerS, usefulMs }: PaceRound): PaceChange | undefined {
    const fromMs = this.#intervalMs;
    const share = itemsPerS / this.#pressedItemsPerS;
    this.#pressedItemsPerS = 0;
    this.#lightRounds = 0;
    this.#forget();
    this.#move(Math.min(fromMs, Math.max(INTERVAL_MS_MIN, usefulMs, fromMs * share)));
    return this.#intervalMs === fromMs ? undefined : 'load-fell';
  }

  #startProbe(leastMs: number): PaceChange | undefined {
    const fromMs = this.#intervalMs;
    const isShorter = fromMs > leastMs && (this.#isShorterNext || fromMs >= INTERVAL_MS_MAX);
    if (isShorter && fromMs <= this.#failedMs) return undefined;
    const toMs = isShorter
      ? Math.max(leastMs, fromMs / STEP)
      : Math.min(INTERVAL_MS_MAX, Math.max(leastMs, fromMs) * STEP);
    const { meanMs } = this.#wait;
    if (meanMs === undefined) return undefined;
    this.#rounds = 0;
    if (toMs === fromMs) return undefined;
    this.#probe = new Probe(fromMs, toMs, meanMs);
    this.#move(toMs);
    return 'probe';
  }

  #press(pressure: Pressure, { isFar, isFull, queueMostMs, itemsPerS }: PaceRound): PaceChange | undefined {
    if (this.#probe?.isShorter === true) return this.#undo(this.#probe);
    this.#probe = undefined;
    this.#rounds = 0;
    this.#pressedRounds += 1;
    this.#lightRounds = 0;
    const most = {
      'queue-stands': queueMostMs,
      'peer-late': this.#pressedMs,
      'cpu-busy': INTERVAL_MS_MAX,
      'loop-late': INTERVAL_MS_MAX,
    };
    const mostMs = Math.min(INTERVAL_MS_MAX, most[pressure]);
    const isMuch = isFar || isFull;
    const rounds = isMuch ? PRESSED_ROUNDS : Math.max(PRESSED_ROUNDS, this.#intervalMs / ROUND_PER_MS);
    if (this.#pressedRounds < rounds || this.#intervalMs >= mostMs) return undefined;
    if (!this.#isPressed) this.#beSlower();
    this.#isPressed = true;
    this.#pressedRounds = isMuch ? PRESSED_ROUNDS - 1 : 0;
    const fromMs = this.#intervalMs;
    this.#move(Math.min(mostMs, fromMs * (isFar ? STEP_FAR : isFull ? STEP_FULL : STEP)));
    this.#pressedMs = Math.max(this.#pressedMs, this.#intervalMs);
    this.#pressedItemsPerS = itemsPerS;
    this.#failedMs = Math.max(this.#failedMs, fromMs);
    this.#failedRounds = FAILED_ROUNDS;
    this.#farFromMs = isFar && this.#intervalMs >= INTERVAL_MS_MAX ? fromMs : undefined;
    return pressure;
  }

  /** A queue outlasts the pace that made it, so who came to the longest interval went too far: half a step goes back. */
  #giveBack(fromMs: number): PaceChange | undefined {
    if (this.#rounds < GONE_ROUNDS) return undefined;
    this.#farFromMs = undefined;
    this.#rounds = 0;
    this.#move(Math.sqrt(fromMs * this.#intervalMs));
    return 'pressure-gone';
  }

  #goOnProbing(probe: Probe, finalMs: number | undefined): PaceChange | undefined {
    const turned = probe.turn(finalMs);
    if (turned === undefined) return undefined;
    if (turned === 'undone') return this.#undo(probe);
    this.#move(turned === 'back' ? probe.fromMs : probe.toMs);
    if (turned === 'back') return 'probe-checked';
    this.#probe = undefined;
    this.#rounds = 0;
    return 'probe-kept';
  }

  #undo({ fromMs, isShorter, isThere }: Probe): PaceChange {
    this.#probe = undefined;
    this.#rounds = 0;
    this.#pressedRounds = 0;
    this.#isShorterNext = !isShorter;
    this.#beSlower();
    if (isThere) this.#move(fromMs);
    return 'probe-undone';
  }

  #move(intervalMs: number): void {
    this.#intervalMs = intervalMs;
    this.#wait = new WaitAt();
  }

  #beSlower(): void {
    this.#patience = Math.min(PATIENCE_ROUNDS_MAX, 2 * this.#patience);
  }

  /** The way is much shorter than it was: what was learned on the long one is forgotten. */
  renew(): void {
    this.#move(INTERVAL_MS_MIN);
    this.#forget();
    this.#pressedMs = INTERVAL_MS_MIN;
  }

  #forget(): void {
    this.#probe = undefined;
    this.#rounds = 0;
    this.#pressedRounds = 0;
    this.#patience = PATIENCE_ROUNDS;
    this.#isShorterNext = true;
    this.#failedMs = 0;
    this.#farFromMs = undefined;
  }
}
