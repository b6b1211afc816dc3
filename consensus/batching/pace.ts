/** Why a pace is too fast. */
export type Pressure = 'cpu-busy' | 'loop-late' | 'queue-stands' | 'peer-late';
export type PaceChange = Pressure | 'probe' | 'probe-kept' | 'probe-undone';

/** What a round says of the pace it was made at. */
export interface PaceRound {
  readonly pressure: Pressure | undefined;
  /** No small step will do. */
  readonly isFar: boolean;
  /** Whether the model of some shard is far enough to judge a probe. */
  readonly mayProbe: boolean;
  /** A queue presses no further than to this. */
  readonly queueMostMs: number;
  /** Below this a shorter interval would gain nothing. */
  readonly usefulMs: number;
  /** What clients wait for finality, as the mean of the p99 of windows; undefined when nothing came back. */
  readonly finalMs: number | undefined;
}

/** The interval of the fixed default, where every run begins: shorter ones cost more than they gain. */
export const INTERVAL_MS_MIN = 5;
export const INTERVAL_MS_MAX = 60;
/** Of the interval, by a probe or under pressure; and when it is far from where it should be. */
const STEP = 1.25;
const STEP_FAR = 1.6;
/** Rounds a pressure must last before the pace gives way. */
const PRESSED_ROUNDS = 2;
/** …and one for each so many milliseconds: who seals rarely gives way later, so that all authors come to be alike. */
const ROUND_PER_MS = 8;
/** Rounds of a probe; the first still brings what was sealed before it. */
const PROBE_ROUNDS = 3;
/** A shorter interval costs everybody and must gain half of what it saves; a longer one must gain this part. */
const GAIN_PART_SHORTER = 0.5;
const GAIN_LONGER = 0.97;
/** Rounds between probes: doubled with each that failed and each new pressure, so a steady state has ever fewer. */
const PATIENCE_ROUNDS = 2;
const PATIENCE_ROUNDS_MAX = 128;
const WEIGHT = 0.4;

interface Probe {
  readonly isShorter: boolean;
  readonly fromMs: number;
  readonly finalMsBefore: number | undefined;
  rounds: number;
}

/**
 * F: how often this node seals at most, in all shards alike, since what a segment costs is paid by the whole machine and
 * all its peers, whatever is in it. Under pressure F grows; without, a shorter or a longer one is tried and kept if clients
 * wait less.
 */
export class Pace {
  #intervalMs = INTERVAL_MS_MIN;
  #probe: Probe | undefined;
  #rounds = 0;
  #pressedRounds = 0;
  #isPressed = false;
  #patience = PATIENCE_ROUNDS;
  /** Which way the next probe goes. */
  #isShorterNext = true;
  /** The longest interval that pressure of our own asked for: as far as a peer may press, since it may pretend. */
  #pressedMs = INTERVAL_MS_MIN;
  #finalMs: number | undefined;

  get intervalMs(): number {
    return this.#intervalMs;
  }

  get isProbing(): boolean {
    return this.#probe !== undefined;
  }

  turn(round: PaceRound): PaceChange | undefined {
    const { pressure, usefulMs, finalMs } = round;
    if (this.#probe === undefined || this.#probe.rounds > 0) this.#finalMs = mix(this.#finalMs, finalMs);
    if (pressure !== undefined) return this.#press(pressure, round);
    this.#pressedRounds = 0;
    this.#isPressed = false;
    if (this.#probe !== undefined) return this.#goOnProbing(this.#probe);
    this.#rounds += 1;
    return !round.mayProbe || this.#rounds < this.#patience
      ? undefined
      : this.#startProbe(Math.max(INTERVAL_MS_MIN, usefulMs));
  }

  #startProbe(leastMs: number): PaceChange | undefined {
    const fromMs = this.#intervalMs;
    const isShorter = this.#isShorterNext && fromMs > leastMs;
    const toMs = isShorter
      ? Math.max(leastMs, fromMs / STEP)
      : Math.min(INTERVAL_MS_MAX, Math.max(leastMs, fromMs) * STEP);
    this.#rounds = 0;
    if (toMs === fromMs) return undefined;
    this.#probe = { isShorter, fromMs, finalMsBefore: this.#finalMs, rounds: 0 };
    this.#move(toMs);
    return 'probe';
  }

  #press(pressure: Pressure, { isFar, queueMostMs }: PaceRound): PaceChange | undefined {
    if (this.#probe?.isShorter === true) return this.#undo(this.#probe);
    this.#probe = undefined;
    this.#rounds = 0;
    this.#pressedRounds += 1;
    const most = {
      'queue-stands': queueMostMs,
      'peer-late': this.#pressedMs,
      'cpu-busy': INTERVAL_MS_MAX,
      'loop-late': INTERVAL_MS_MAX,
    };
    const mostMs = Math.min(INTERVAL_MS_MAX, most[pressure]);
    const rounds = isFar ? PRESSED_ROUNDS : Math.max(PRESSED_ROUNDS, this.#intervalMs / ROUND_PER_MS);
    if (this.#pressedRounds < rounds || this.#intervalMs >= mostMs) return undefined;
    if (!this.#isPressed) this.#wait();
    this.#isPressed = true;
    this.#pressedRounds = isFar ? PRESSED_ROUNDS - 1 : 0;
    this.#move(Math.min(mostMs, this.#intervalMs * (isFar ? STEP_FAR : STEP)));
    this.#pressedMs = Math.max(this.#pressedMs, this.#intervalMs);
    return pressure;
  }

  #goOnProbing(probe: Probe): PaceChange | undefined {
    probe.rounds += 1;
    if (probe.rounds < PROBE_ROUNDS) return undefined;
    if (!this.#isBetter(probe)) return this.#undo(probe);
    this.#probe = undefined;
    this.#rounds = 0;
    return 'probe-kept';
  }

  #isBetter({ isShorter, fromMs, finalMsBefore }: Probe): boolean {
    const finalMs = this.#finalMs;
    if (finalMsBefore === undefined || finalMs === undefined) return false;
    const savedMs = fromMs - this.#intervalMs;
    return isShorter ? finalMs < finalMsBefore - GAIN_PART_SHORTER * savedMs : finalMs < GAIN_LONGER * finalMsBefore;
  }

  #undo({ fromMs, isShorter }: Probe): PaceChange {
    this.#probe = undefined;
    this.#rounds = 0;
    this.#pressedRounds = 0;
    this.#isShorterNext = !isShorter;
    this.#wait();
    this.#move(fromMs);
    return 'probe-undone';
  }

  #move(intervalMs: number): void {
    this.#intervalMs = intervalMs;
    this.#finalMs = undefined;
  }

  #wait(): void {
    this.#patience = Math.min(PATIENCE_ROUNDS_MAX, 2 * this.#patience);
  }

  /** The way is much shorter than it was: what was learned on the long one is forgotten. */
  renew(): void {
    this.#move(INTERVAL_MS_MIN);
    this.#probe = undefined;
    this.#rounds = 0;
    this.#pressedRounds = 0;
    this.#patience = PATIENCE_ROUNDS;
    this.#isShorterNext = true;
    this.#pressedMs = INTERVAL_MS_MIN;
  }
}

function mix(mean: number | undefined, value: number | undefined): number | undefined {
  if (mean === undefined || value === undefined) return value ?? mean;
  return mean + WEIGHT * (value - mean);
}
