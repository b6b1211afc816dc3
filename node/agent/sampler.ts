import type { Sample, ShardSample } from '../../consensus/batching/types.ts';
import type { Delivery } from '../../consensus/types.ts';
import type { MachineProbe } from './machine-probe.ts';
import { type Pending, ShardTrack } from './shard-track.ts';

export interface SamplerOptions {
  /** Ballot shards; the control shard 0 is beside them. */
  readonly shards: number;
  /** Own ValidatorIndex. */
  readonly self: number;
  /** Monotonic. */
  readonly nowMs: () => number;
  readonly pending: (shard: number) => Pending;
  readonly probe: MachineProbe;
}

/** Heights whose finalization is remembered until they are executed. */
const FINALIZED_MAX = 256;

/** Gathers what this node's own segments and its machine did, and gives it out as one sample a window. */
export class Sampler {
  readonly #options: SamplerOptions;
  readonly #tracks: readonly ShardTrack[];
  #finalized: { readonly height: number; readonly atMs: number }[] = [];
  #sinceMs = 0;
  #wasIdle = true;

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#tracks = Array.from({ length: options.shards + 1 }, (_, shard) => new ShardTrack(shard));
  }

  /** The first window begins. */
  start(): void {
    this.#sinceMs = this.#options.nowMs();
    this.#options.probe.start();
  }

  stop(): void {
    this.#options.probe.stop();
    for (const track of this.#tracks) track.forget();
    this.#finalized = [];
  }

  submitted(shard: number): void {
    this.#wasIdle = false;
    this.#tracks[shard]?.submitted(this.#options.nowMs());
  }

  /** @returns whether it is about an own segment or item */
  take(delivery: Delivery): boolean {
    switch (delivery.kind) {
      case 'sealed':
        return this.#sealed(delivery);
      case 'busy':
        this.#tracks[delivery.shard]?.refused();
        return true;
      case 'finalized':
        this.#finalized.push({ height: delivery.height, atMs: this.#options.nowMs() });
        if (this.#finalized.length > FINALIZED_MAX) this.#finalized.shift();
        return false;
      case 'executed':
        return this.#executed(delivery);
      case 'standing':
        if (delivery.standing.author === this.#options.self) for (const track of this.#tracks) track.forget();
        return false;
      default:
        return false;
    }
  }

  /** What happened since the last window, or undefined when that was nothing and nothing is under way. */
  takeWindow(): Sample | undefined {
    const { nowMs, pending, probe } = this.#options;
    const atMs = nowMs();
    const windowMs = atMs - this.#sinceMs;
    // Two looks at one time are one window.
    if (windowMs <= 0) return undefined;
    const shards = this.#tracks.map((track, shard) => track.takeWindow(pending(shard))).filter(isBusy);
    const isIdle = this.#wasIdle && shards.length === 0;
    this.#wasIdle = true;
    this.#sinceMs = atMs;
    return isIdle ? undefined : { atMs, windowMs, shards, machine: probe.take(windowMs) };
  }

  #sealed({ segment, ids }: Extract<Delivery, { kind: 'sealed' }>): boolean {
    const { shard, height } = segment.header;
    this.#wasIdle = false;
    this.#tracks[shard]?.sealed(height, ids.length, this.#options.nowMs());
    return true;
  }

  #executed({ executed: { block, segments } }: Extract<Delivery, { kind: 'executed' }>): boolean {
    const atMs = this.#options.nowMs();
    const finalizedAtMs = this.#finalizedAtMs(block.block.height) ?? atMs;
    let hasOwn = false;
    for (const { segment, items } of segments) {
      const { shard, author, height } = segment.header;
      if (author !== this.#options.self) continue;
      hasOwn = true;
      const bytes = segment.body.length;
      this.#tracks[shard]?.executed({ height, items: items.length, bytes, finalizedAtMs, atMs });
    }
    if (hasOwn) this.#wasIdle = false;
    return hasOwn;
  }

  /** A finalization is of its block and of all below it that had none. */
  #finalizedAtMs(height: number): number | undefined {
    const first = this.#finalized.findIndex((one) => one.height >= height);
    if (first > 0) this.#finalized.splice(0, first);
    return first === -1 ? undefined : this.#finalized[0]?.atMs;
  }
}

function isBusy(sample: ShardSample): boolean {
  const { deliveredItems, sealedSegments, inFlightSegments, waitingItems } = sample;
  return deliveredItems > 0 || sealedSegments > 0 || inFlightSegments > 0 || waitingItems > 0;
}
