/** Why a pace is too fast; undefined: it is not. */
export type Pressure = 'cpu-busy' | 'loop-late' | 'queue-stands';
export type PaceChange = Pressure | 'probe' | 'probe-kept' | 'probe-undone';

export const INTERVAL_MS_MIN = 1;
export const INTERVAL_MS_MAX = 60;
/** The interval of the fixed default, where every run begins. */
const INTERVAL_MS = 5;
const STEP = 1.5;
/** Rounds a pressure must last before the pace gives way, and rounds a probe must go well. */
const PRESSED_ROUNDS = 2;
const PROBE_ROUNDS = 2;
/** Calm rounds before a probe: doubled with each that failed, so a steady state has ever fewer. */
const PATIENCE_ROUNDS = 2;
const PATIENCE_ROUNDS_MAX = 128;

/**
 * How often this node seals at most, in all shards alike: what a segment costs is paid by the whole machine and by all
 * its peers, whatever is in it. Under pressure the interval F grows by half; when all is calm a shorter one is tried,
 * and taken back when pressure returns.
 */
export class Pace {
  #intervalMs = INTERVAL_MS;
  #probedFromMs: number | undefined;
  #rounds = 0;
  #pressedRounds = 0;
  #patience = PATIENCE_ROUNDS;
  /** Before queues began to press: taken up again when the queue turns out to be a longer way. */
  #unpressedMs = INTERVAL_MS;

  get intervalMs(): number {
    return this.#intervalMs;
  }

  get isProbing(): boolean {
    return this.#probedFromMs !== undefined;
  }

  /** One round. `usefulMs`: below this, a shorter interval would gain nothing. */
  turn(pressure: Pressure | undefined, isCalm: boolean, usefulMs: number): PaceChange | undefined {
    if (pressure !== undefined) return this.#press(pressure);
    this.#pressedRounds = 0;
    this.#unpressedMs = this.#intervalMs;
    if (this.#probedFromMs !== undefined) return this.#goOnProbing();
    if (!isCalm || this.#intervalMs <= Math.max(INTERVAL_MS_MIN, usefulMs)) return undefined;
    this.#rounds += 1;
    if (this.#rounds < this.#patience) return undefined;
    this.#rounds = 0;
    this.#probedFromMs = this.#intervalMs;
    this.#intervalMs = Math.max(INTERVAL_MS_MIN, this.#intervalMs / STEP);
    return 'probe';
  }

  #press(pressure: Pressure): PaceChange | undefined {
    this.#rounds = 0;
    this.#pressedRounds += 1;
    if (this.#probedFromMs !== undefined) {
      this.#intervalMs = this.#probedFromMs;
      this.#probedFromMs = undefined;
      this.#patience = Math.min(PATIENCE_ROUNDS_MAX, 2 * this.#patience);
      return 'probe-undone';
    }
    if (this.#pressedRounds < PRESSED_ROUNDS || this.#intervalMs >= INTERVAL_MS_MAX) return undefined;
    this.#intervalMs = Math.min(INTERVAL_MS_MAX, this.#intervalMs * STEP);
    return pressure;
  }

  #goOnProbing(): PaceChange | undefined {
    this.#rounds += 1;
    if (this.#rounds < PROBE_ROUNDS) return undefined;
    this.#rounds = 0;
    this.#probedFromMs = undefined;
    this.#patience = PATIENCE_ROUNDS;
    return 'probe-kept';
  }

  /** The queue that pressed was none: the way is longer than it was. */
  forgiveQueue(): void {
    this.#intervalMs = this.#unpressedMs;
    this.renew();
  }

  /** The network is another: what probes failed at is forgotten. */
  renew(): void {
    this.#pressedRounds = 0;
    this.#patience = PATIENCE_ROUNDS;
  }
}
