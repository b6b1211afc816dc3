import { INTERVAL_MS_MAX } from './pace.ts';
import { type Round, ShardModel } from './shard-model.ts';
import { DEFAULT_TARGETS, longestFinalMs, targetsFor } from './targets.ts';
import type { BatchTargets, Decision, Estimates, Phase, ShardSample } from './types.ts';

/** Startup ends after so many rounds that brought no quarter more. */
const FLAT_ROUNDS = 2;
const GROWTH = 1.25;
const QUEUE_ROUNDS = 2;
/** Times the longest finality without a queue. */
const STANDS = 1.3;
const CLEAR = 1.1;
const FAR = 2.5;
/** What moves less from round to round than this is no queue that comes or goes. */
const LEVEL = 1.2;
const LEVEL_ROUNDS = 3;
/** A pipe that is slow with almost nothing of ours in it, for so long, is a longer one. */
const DRAIN_ROUNDS = 4;
const LONGER = 2;
const FINALS_PER_PACE = 12;
const PACED = 0.7;
/** Twice the longest finality in flight leaves as much again to find more rate. */
const GAIN = 2;
/** A way that becomes longer by so much is not felt before it is seen. */
const OPEN_MS = 400;
/** Work and no delivery for so long: the model knows nothing of what goes on. */
const SILENCE_MS = 3_000;

export type Queue = 'stands' | 'clear' | 'unknown';

/** One shard's way through the phases. Its targets change in `retarget` alone. */
export class ShardControl {
  readonly #shard: number;
  readonly #blockIntervalMs: number;
  #model = new ShardModel();
  #phase: Exclude<Phase, 'probe'> = 'startup';
  #targets = DEFAULT_TARGETS;
  #queue: Queue = 'unknown';
  #bestPerS = 0;
  #recentPerS = 0;
  #roundsInPhase = 0;
  #standingRounds = 0;
  #silentMs = 0;
  #finalMs: number | undefined;
  #pipeMs = 0;
  #fastest: number[] = [];
  #paceMs = 0;
  /** What the last decision said. */
  #told: { readonly phase: Phase; readonly targets: BatchTargets } = { phase: 'startup', targets: DEFAULT_TARGETS };

  constructor(shard: number, blockIntervalMs: number) {
    this.#shard = shard;
    this.#blockIntervalMs = blockIntervalMs;
  }

  get phase(): Phase {
    return this.#phase;
  }

  get targets(): BatchTargets {
    return this.#targets;
  }

  get queue(): Queue {
    return this.#queue;
  }

  /** Of the last round, for the pace. */
  get finalMs(): number | undefined {
    return this.#finalMs;
  }

  /** The queue is as long as the way. */
  get isFar(): boolean {
    const longestMs = longestFinalMs(this.#model.finalMsMin, this.#blockIntervalMs);
    return this.#queue === 'stands' && this.#pipeMs > FAR * longestMs;
  }

  /** While the fastest are slow, too, the way may be longer: up to this a longer interval is not felt on it either. */
  get paceMsMax(): number {
    return this.#queue === 'stands' && this.#isLonger ? this.#pipeMs / FINALS_PER_PACE : Number.POSITIVE_INFINITY;
  }

  /** A queue is drained by half of what it has become; what may be a longer way is left open. */
  get #drainMs(): number {
    return this.#isLonger ? Number.POSITIVE_INFINITY : this.#pipeMs / 2;
  }

  get #isLonger(): boolean {
    return Math.min(...this.#fastest) > LONGER * this.#model.finalMsMin + this.#blockIntervalMs;
  }

  get estimates(): Estimates {
    return this.#model.estimates;
  }

  /** @returns why the phase changed, when it did */
  observe(atMs: number, windowMs: number, row: ShardSample): string | undefined {
    const before = this.#phase;
    if (row.deliveredItems > 0) this.#silentMs = 0;
    else if (row.inFlightItems + row.waitingItems > 0) this.#silentMs += windowMs;
    if (this.#silentMs > SILENCE_MS && before !== 'fallback') {
      this.reset('fallback');
      return 'nothing-delivered';
    }
    if (before === 'fallback') {
      if (row.deliveredItems === 0) return undefined;
      this.reset('startup');
      return 'samples-again';
    }
    const round = this.#model.observe(atMs, windowMs, row);
    return round === undefined ? undefined : this.#turn(atMs, round);
  }

  /** Nothing of the shard was under way in a window: no queue stands, and nobody waits. */
  rest(): void {
    this.#finalMs = undefined;
    if (this.#queue !== 'stands') return;
    this.#queue = 'clear';
    this.#standingRounds = 0;
  }

  #turn(atMs: number, round: Round): string | undefined {
    this.#recentPerS = round.itemsPerS;
    this.#queue = this.#judge(round.pipeMs);
    this.#finalMs = round.finalMs;
    if (round.pipeMs === undefined) return undefined;
    this.#pipeMs = round.pipeMs;
    this.#fastest = [...this.#fastest.slice(1 - LEVEL_ROUNDS), round.fastestMs ?? round.pipeMs];
    this.#standingRounds = this.#queue === 'stands' ? this.#standingRounds + 1 : 0;
    this.#roundsInPhase += 1;
    if (this.#phase === 'startup') return this.#startUp(round);
    if (this.#phase === 'drain') return this.#drain(atMs);
    return this.#standingRounds >= QUEUE_ROUNDS ? this.#enter('drain', 'queue-stands') : undefined;
  }

  #startUp({ itemsPerS }: Round): string | undefined {
    if (itemsPerS > GROWTH * this.#bestPerS) {
      this.#bestPerS = itemsPerS;
      this.#roundsInPhase = 0;
    }
    if (this.#standingRounds >= QUEUE_ROUNDS) return this.#enter('drain', 'queue-stands');
    return this.#roundsInPhase >= FLAT_ROUNDS ? this.#enter('steady', 'pipe-full') : undefined;
  }

  /** A longer way shows by its fastest items: all are slow, and equally so, with almost nothing of ours in the pipe. */
  #drain(atMs: number): string | undefined {
    if (this.#queue === 'clear') return this.#enter('steady', 'queue-gone');
    if (this.#roundsInPhase < DRAIN_ROUNDS) return undefined;
    const least = Math.min(...this.#fastest);
    const isLevel = Math.max(...this.#fastest) < LEVEL * least;
    // A queue of our own making would have answered to the pace by now.
    if (!isLevel || !this.#isLonger || this.#paceMs < PACED * Math.min(INTERVAL_MS_MAX, this.paceMsMax))
      return undefined;
    this.#model.moveFloor(atMs, least);
    return this.#enter('steady', 'floor-moved');
  }

  #enter(phase: 'drain' | 'steady', reason: string): string {
    this.#phase = phase;
    this.#roundsInPhase = 0;
    this.#standingRounds = 0;
    return reason;
  }

  /** Between the marks nothing changes: what waits for the next block is no queue. */
  #judge(pipeMs: number | undefined): Queue {
    const floorMs = this.#model.finalMsMin;
    if (pipeMs === undefined || floorMs === 0) return 'unknown';
    const longestMs = longestFinalMs(floorMs, this.#blockIntervalMs);
    if (pipeMs > STANDS * longestMs + this.#blockIntervalMs) return 'stands';
    return pipeMs < CLEAR * longestMs + this.#blockIntervalMs ? 'clear' : this.#queue;
  }

  /** Forget everything: the fixed default holds until the model knows something again. */
  reset(phase: 'startup' | 'fallback'): void {
    this.#model = new ShardModel();
    this.#phase = phase;
    this.#queue = 'unknown';
    this.#bestPerS = 0;
    this.#recentPerS = 0;
    this.#roundsInPhase = 0;
    this.#standingRounds = 0;
    this.#silentMs = 0;
    this.#finalMs = undefined;
    this.#pipeMs = 0;
    this.#fastest = [];
    this.#targets = DEFAULT_TARGETS;
  }

  /** The fixed default; in startup at the interval that the machine bears, for nobody else knows that either. */
  #openTargets(paceMs: number): BatchTargets {
    if (this.#phase === 'fallback') return DEFAULT_TARGETS;
    const lingerMs = Math.round(paceMs);
    return lingerMs === this.#targets.lingerMs ? this.#targets : { ...DEFAULT_TARGETS, lingerMs };
  }

  /** Sets the targets that follow from the model. @returns the decision, when anything changed */
  retarget(atMs: number, paceMs: number, isProbing: boolean, reason: string): Decision | undefined {
    const isDefault = this.#phase === 'startup' || this.#phase === 'fallback';
    const { estimates } = this;
    const isDraining = this.#phase === 'drain';
    const longestMs = longestFinalMs(estimates.finalMsMin, this.#blockIntervalMs);
    const operating = {
      estimates,
      itemsPerS: isDraining ? this.#recentPerS : estimates.deliveryPerS,
      paceMs,
      inFlightMs: isDraining ? this.#drainMs : Math.max(OPEN_MS, GAIN * longestMs),
    };
    const targets = isDefault ? this.#openTargets(paceMs) : targetsFor(operating, this.#targets);
    const phase = this.#phase === 'steady' && isProbing ? 'probe' : this.#phase;
    this.#paceMs = paceMs;
    this.#targets = targets;
    if (targets === this.#told.targets && phase === this.#told.phase) return undefined;
    this.#told = { phase, targets };
    return { atMs, shard: this.#shard, phase, reason, estimates, targets };
  }
}
