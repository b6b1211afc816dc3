import type {
  BatchTargets,
  Decision,
  Estimates,
  MachineSample,
  Sample,
  ShardSample,
} from '../../consensus/batching/types.ts';
import type { Delivery } from '../../consensus/types.ts';
import { Decisions } from './decisions.ts';
import { type Finding, findingsOf } from './findings.ts';
import { Health } from './health.ts';
import type { Sampler } from './sampler.ts';
import type { ShardAdvice } from './shard-advice.ts';

/** What decides, and is the batch policy itself: a decision is in force as soon as it is made. */
export interface BatchController {
  observe(sample: Sample): readonly Decision[];
  estimates(shard: number): Estimates;
}

export interface AgentClock {
  /** Unix milliseconds, for people alone. */
  wallMs(): number;
  /** Call again and again. Returns how to end it. */
  every(periodMs: number, run: () => void): () => void;
}

export interface AgentOptions {
  /** Undefined: batches are fixed, and what is sampled is only shown. */
  readonly controller: BatchController | undefined;
  readonly targets: (shard: number) => BatchTargets;
  readonly sampler: Sampler;
  /** Validators that must answer before a block is final, this one among them. */
  readonly quorum: number;
  readonly clock: AgentClock;
  /** Whether other shards would be better; what it finds comes last. */
  readonly advice: Pick<ShardAdvice, 'observe' | 'finding'>;
}

/** A window while there is work. */
const WINDOW_MS = 100;

/** The last sample of a shard in which something was delivered. */
export interface ShardFacts {
  readonly sample: ShardSample;
  readonly windowMs: number;
}

/**
 * The metrics agent of one node: samples while own items are under way, lets the controller decide between two steps of
 * the replica, and keeps what was decided and why. An idle node has no timer of it.
 */
export class MetricsAgent {
  readonly decisions: Decisions;
  readonly #options: AgentOptions;
  readonly #health = new Health();
  readonly #delivered = new Map<number, ShardFacts>();
  #last: { readonly sample: Sample; readonly timeMs: number } | undefined;
  #windows = 0;
  #refused = 0;
  #isStopped = false;
  #endTimer: (() => void) | undefined;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.decisions = new Decisions(String(Math.floor(options.clock.wallMs())));
  }

  get isAdaptive(): boolean {
    return this.#options.controller !== undefined;
  }

  /** Work is under way and is sampled. */
  get isSampling(): boolean {
    return this.#endTimer !== undefined;
  }

  /** Samples taken since the start. */
  get windows(): number {
    return this.#windows;
  }

  /** The latest sample, and when it was taken. */
  get last(): { readonly sample: Sample; readonly timeMs: number } | undefined {
    return this.#last;
  }

  get machine(): MachineSample | undefined {
    return this.#last?.sample.machine;
  }

  delivered(shard: number): ShardFacts | undefined {
    return this.#delivered.get(shard);
  }

  targets(shard: number): BatchTargets {
    return this.#options.targets(shard);
  }

  estimates(shard: number): Estimates | undefined {
    return this.#options.controller?.estimates(shard);
  }

  /** What holds votes up, the worst first, over the last seconds of work. */
  findings(): Finding[] {
    const { facts } = this.#health;
    const found = facts === undefined ? [] : findingsOf(facts, this.#options.quorum);
    const advice = this.#options.advice.finding();
    return advice === undefined ? found : [...found, advice];
  }

  /** An item was handed to the replica. */
  submitted(shard: number): void {
    this.#begin();
    this.#options.sampler.submitted(shard);
  }

  take(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      if (delivery.kind === 'busy') this.#refused += 1;
      if (this.#options.sampler.take(delivery)) this.#begin();
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#rest();
  }

  #begin(): void {
    if (this.#endTimer !== undefined || this.#isStopped) return;
    this.#options.sampler.start();
    this.#endTimer = this.#options.clock.every(WINDOW_MS, () => this.#look());
  }

  #rest(): void {
    if (this.#endTimer === undefined) return;
    this.#endTimer();
    this.#endTimer = undefined;
    this.#options.sampler.stop();
  }

  #look(): void {
    const sample = this.#options.sampler.takeWindow();
    if (sample === undefined) {
      this.#rest();
      return;
    }
    const timeMs = this.#options.clock.wallMs();
    this.#windows += 1;
    this.#last = { sample, timeMs };
    this.#health.observe(sample, this.#refused);
    this.#options.advice.observe(sample);
    this.#refused = 0;
    for (const shard of sample.shards) {
      if (shard.finalMs !== undefined) this.#delivered.set(shard.shard, { sample: shard, windowMs: sample.windowMs });
    }
    this.decisions.record(this.#options.controller?.observe(sample) ?? [], timeMs);
  }
}
