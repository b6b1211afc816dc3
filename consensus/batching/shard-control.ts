import { type Round, ShardModel } from './shard-model.ts';
import { DEFAULT_TARGETS, targetsFor } from './targets.ts';
import type { BatchTargets, Decision, Estimates, Phase, ShardSample } from './types.ts';

/** Startup ends after so many rounds that brought no quarter more. */
const FLAT_ROUNDS = 3;
const GROWTH = 1.25;
const QUEUE_ROUNDS = 2;
/** A pipe that is slow with almost nothing of ours in it, for so long, is a longer one. */
const DRAIN_ROUNDS = 4;
const GAIN = 2;
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
  #told: Phase = 'startup';

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

  #turn(atMs: number, round: Round): string | undefined {
    this.#recentPerS = round.itemsPerS;
    this.#queue = this.#judge(round.pipeMs);
    if (round.pipeMs === undefined) return undefined;
    this.#standingRounds = this.#queue === 'stands' ? this.#standingRounds + 1 : 0;
    this.#roundsInPhase += 1;
    if (this.#phase === 'startup') return this.#startUp(round);
    if (this.#phase === 'drain') return this.#drain(atMs, round.pipeMs);
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

  #drain(atMs: number, pipeMs: number): string | undefined {
    if (this.#queue === 'clear') return this.#enter('steady', 'queue-gone');
    if (this.#roundsInPhase < DRAIN_ROUNDS) return undefined;
    this.#model.moveFloor(atMs, pipeMs);
    return this.#enter('steady', 'floor-moved');
  }

  #enter(phase: 'drain' | 'steady', reason: string): string {
    this.#phase = phase;
    this.#roundsInPhase = 0;
    this.#standingRounds = 0;
    return reason;
  }

  /** Blocks come at intervals, so sealed → executed differs by one of them without any queue. */
  #judge(pipeMs: number | undefined): Queue {
    const floorMs = this.#model.finalMsMin;
    if (pipeMs === undefined || floorMs === 0) return 'unknown';
    if (pipeMs > 1.5 * floorMs + 2 * this.#blockIntervalMs) return 'stands';
    return pipeMs < 1.25 * floorMs + 1.5 * this.#blockIntervalMs ? 'clear' : this.#queue;
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
  }

  /** Sets the targets that follow from the model. @returns the decision, when anything changed */
  retarget(atMs: number, paceMs: number, isProbing: boolean, reason: string): Decision | undefined {
    const isDefault = this.#phase === 'startup' || this.#phase === 'fallback';
    const { estimates } = this;
    const isDraining = this.#phase === 'drain';
    const operating = {
      estimates,
      itemsPerS: isDraining ? this.#recentPerS : estimates.deliveryPerS,
      paceMs,
      blockIntervalMs: this.#blockIntervalMs,
      gain: isDraining ? GAIN / 2 ** (1 + this.#roundsInPhase) : GAIN,
    };
    const targets = isDefault ? DEFAULT_TARGETS : targetsFor(operating, this.#targets);
    const phase = this.#phase === 'steady' && isProbing ? 'probe' : this.#phase;
    if (targets === this.#targets && phase === this.#told) return undefined;
    this.#targets = targets;
    this.#told = phase;
    return { atMs, shard: this.#shard, phase, reason, estimates, targets };
  }
}
