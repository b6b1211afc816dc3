import type { LinkSample, MachineSample, Sample, ShardSample } from '../../../consensus/batching/types.ts';
import type { Sealed } from './chains.ts';
import type { Validator } from './validator.ts';
import type { World } from './world.ts';

export const WINDOW_MS = 100;

/** What the sampler of a node would have seen: windows of its own authoring and of its processor. */
export class Sampler {
  readonly #node: Validator;
  readonly #shards: number;
  #delivered: { readonly sealed: Sealed; readonly finalMs: number; readonly executedMs: number }[] = [];

  readonly #world: World;
  readonly #nodes: readonly Validator[];

  constructor(world: World, nodes: readonly Validator[], node: Validator) {
    this.#world = world;
    this.#nodes = nodes;
    this.#node = node;
    this.#shards = world.profile.shards;
  }

  executed(sealed: Sealed, finalMs: number, executedMs: number): void {
    this.#delivered.push({ sealed, finalMs, executedMs });
  }

  /** The window that ends now; undefined while nothing was done and nothing waits. */
  take(atMs: number): Sample | undefined {
    const rows = Array.from({ length: this.#shards }, (_, index) => this.#row(index + 1));
    this.#delivered = [];
    this.#node.author.sealedSince.length = 0;
    const machine = this.#machine();
    const isIdle = rows.every((row) => row.deliveredItems + row.inFlightSegments + row.waitingItems === 0);
    return isIdle ? undefined : { atMs, windowMs: WINDOW_MS, shards: rows, machine };
  }

  #machine(): MachineSample {
    const { busyMs, waitMsP99 } = this.#node.processor.takeUsage();
    const cpuShare = busyMs / WINDOW_MS;
    return { loopDelayMsP99: waitMsP99, cpuShare, syncMs: undefined, residentBytes: 0, links: this.#links() };
  }

  /** Round trips as a ping would see them: both ways, and the turn at the peer. */
  #links(): LinkSample[] {
    const self = this.#node.seat;
    return this.#nodes.flatMap(({ seat, processor }) => {
      if (seat === self) return [];
      const wayMs = this.#world.delayMs(self, seat) + this.#world.delayMs(seat, self);
      return [{ peer: String(seat), bytesPerS: 0, roundTripMs: wayMs + processor.backlogMs }];
    });
  }

  #row(shard: number): ShardSample {
    const { author } = this.#node;
    const delivered = this.#delivered.filter(({ sealed }) => sealed.shard === shard);
    const sealed = author.sealedSince.filter((one) => one.shard === shard);
    const items = delivered.reduce((sum, one) => sum + one.sealed.submittedMs.length, 0);
    const inFlightSegments = author.inFlight(shard);
    return {
      shard,
      deliveredItems: items,
      deliveredBytes: delivered.reduce((sum, one) => sum + one.sealed.bytes, 0),
      sealedSegments: sealed.length,
      sealedItems: sealed.reduce((sum, one) => sum + one.submittedMs.length, 0),
      inFlightSegments,
      inFlightItems: author.inFlightItems(shard),
      waitingItems: author.waitingItems(shard),
      finalMs: this.#finalMs(delivered),
      parts: partsOf(delivered),
    };
  }

  #finalMs(delivered: readonly { readonly sealed: Sealed; readonly executedMs: number }[]): ShardSample['finalMs'] {
    const took = delivered.flatMap(({ sealed, executedMs }) => sealed.submittedMs.map((atMs) => executedMs - atMs));
    took.sort((a, b) => a - b);
    const at = (part: number): number => took[Math.floor(part * (took.length - 1))] ?? 0;
    return took.length === 0 ? undefined : { min: at(0), p50: at(0.5), p99: at(0.99) };
  }
}

function partsOf(
  delivered: readonly { readonly sealed: Sealed; readonly finalMs: number; readonly executedMs: number }[],
): ShardSample['parts'] {
  if (delivered.length === 0) return undefined;
  const mean = (part: (one: (typeof delivered)[number]) => number): number => {
    return delivered.reduce((sum, one) => sum + part(one), 0) / delivered.length;
  };
  return {
    sealMs: mean(({ sealed }) => sealed.sealedMs - (sealed.submittedMs[0] ?? sealed.sealedMs)),
    orderMs: mean(({ sealed, finalMs }) => finalMs - sealed.sealedMs),
    executeMs: mean(({ finalMs, executedMs }) => executedMs - finalMs),
  };
}
