import { Controller } from '../../../consensus/batching/controller.ts';
import { type BatchPolicy, FIXED_BATCHES } from '../../../consensus/batching/pool.ts';
import type { Decision, Sample } from '../../../consensus/batching/types.ts';
import { Random } from '../../../consensus/sim/random.ts';
import { Chains, type Sealed } from './chains.ts';
import { Meter } from './meter.ts';
import type { Profile } from './profiles.ts';
import { Sampler, WINDOW_MS } from './sampler.ts';
import { BLOCK_INTERVAL_MS, Validator } from './validator.ts';
import { World } from './world.ts';

/** Fixed targets, or a controller that gets samples, as they are or as `spoil` makes them; undefined: it gets none. */
export type Policy =
  | { readonly kind: 'fixed'; readonly itemsTarget: number; readonly lingerMs: number }
  | { readonly kind: 'agent'; readonly spoil?: (sample: Sample, random: Random) => Sample | undefined };

/** The clients: so many items under way at each node, or so many per second at all nodes together. */
export type Load = { readonly kind: 'closed' } | { readonly kind: 'open'; readonly itemsPerS: number };

export interface Outcome {
  readonly meter: Meter;
  /** By node. */
  readonly decisions: readonly (readonly Decision[])[];
  /** Segments and items sealed by all. */
  readonly segments: number;
  readonly items: number;
  readonly refused: number;
}

const TICK_MS = 1;

/** One run in virtual time: the same arguments, the same outcome. */
export function run(profile: Profile, load: Load, policy: Policy, seed: number): Outcome {
  return new Cluster(profile, load, policy, seed).run();
}

class Cluster {
  readonly #profile: Profile;
  readonly #load: Load;
  readonly #world: World;
  readonly #random: Random;
  readonly #meter: Meter;
  readonly #nodes: Validator[] = [];
  readonly #controllers: (Controller | undefined)[] = [];
  readonly #samplers: Sampler[];
  readonly #policy: Policy;
  readonly #decisions: Decision[][] = [];
  #segments = 0;
  #items = 0;
  #submitted = 0;

  constructor(profile: Profile, load: Load, policy: Policy, seed: number) {
    this.#profile = profile;
    this.#load = load;
    this.#policy = policy;
    this.#world = new World(profile);
    this.#random = new Random(seed);
    this.#meter = new Meter(profile.durationMs);
    const { shards, cpuShares } = profile;
    const chains = new Chains(shards * cpuShares.length);
    const around = {
      nodes: this.#nodes,
      executed: (node: Validator, sealed: Sealed, finalMs: number) => this.#executed(node, sealed, finalMs),
    };
    for (const seat of cpuShares.keys()) {
      const controller =
        policy.kind === 'agent' ? new Controller({ shards, blockIntervalMs: BLOCK_INTERVAL_MS }) : undefined;
      this.#controllers.push(controller);
      this.#decisions.push([]);
      this.#nodes.push(new Validator(this.#world, seat, chains, controller ?? fixed(policy), around));
    }
    this.#samplers = this.#nodes.map((node) => new Sampler(this.#world, this.#nodes, node));
  }

  run(): Outcome {
    for (const node of this.#nodes) {
      this.#world.at(this.#profile.clientsFromMs[node.seat] ?? 0, () => this.#startClients(node));
    }
    this.#world.at(WINDOW_MS, () => this.#sample());
    this.#world.runUntil(this.#profile.durationMs);
    return {
      meter: this.#meter,
      decisions: this.#decisions,
      segments: this.#segments,
      items: this.#items,
      refused: this.#nodes.reduce((sum, { author }) => sum + author.refused, 0),
    };
  }

  #startClients(node: Validator): void {
    if (this.#load.kind === 'closed') this.#submit(node, this.#profile.outstanding);
    else this.#tick(node, (this.#load.itemsPerS * TICK_MS) / 1_000 / this.#nodes.length);
  }

  /** Open load: so many in the mean, a few more or less. */
  #tick(node: Validator, mean: number): void {
    const wish = mean * 2 * (this.#random.below(1_000) / 1_000);
    const count = Math.floor(wish) + (this.#random.below(1_000) < (wish % 1) * 1_000 ? 1 : 0);
    if (count > 0) this.#submit(node, count);
    this.#world.at(this.#world.nowMs + TICK_MS, () => this.#tick(node, mean));
  }

  #submit(node: Validator, count: number): void {
    this.#submitted += count;
    node.author.submit(count, this.#submitted);
  }

  #executed(node: Validator, sealed: Sealed, finalMs: number): void {
    const { nowMs } = this.#world;
    sealed.executedBy += 1;
    if (node.seat === sealed.author) this.#samplers[node.seat]?.executed(sealed, finalMs, nowMs);
    const isDone =
      this.#profile.doneAt === 'all' ? sealed.executedBy === this.#nodes.length : node.seat === sealed.author;
    if (!isDone) return;
    this.#segments += 1;
    this.#items += sealed.submittedMs.length;
    for (const atMs of sealed.submittedMs) this.#meter.record(nowMs, nowMs - atMs);
    const author = this.#nodes[sealed.author];
    if (this.#load.kind === 'closed' && author !== undefined) this.#submit(author, sealed.submittedMs.length);
  }

  #sample(): void {
    for (const [seat, sampler] of this.#samplers.entries()) {
      const taken = sampler.take(this.#world.nowMs);
      const controller = this.#controllers[seat];
      if (taken === undefined || controller === undefined || this.#policy.kind !== 'agent') continue;
      const { spoil } = this.#policy;
      const sample = spoil === undefined ? taken : spoil(taken, this.#random);
      if (sample === undefined) continue;
      const decisions = controller.observe(sample);
      this.#decisions[seat]?.push(...decisions);
      for (const { shard } of decisions) if (shard > 0) this.#nodes[seat]?.author.trySeal(shard);
    }
    this.#world.at(this.#world.nowMs + WINDOW_MS, () => this.#sample());
  }
}

function fixed(policy: Policy): BatchPolicy {
  if (policy.kind === 'agent') return FIXED_BATCHES;
  return { ...FIXED_BATCHES, itemsTarget: () => policy.itemsTarget, lingerMs: () => policy.lingerMs };
}
