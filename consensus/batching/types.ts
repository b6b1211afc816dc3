/**
 * What the batch controller is told and what it answers (docs/agent.md). Times are of one monotonic clock, in
 * milliseconds; rates are per second; counts are of this node's own segments alone.
 */

/** What authoring in one shard did in one window. */
export interface ShardSample {
  readonly shard: number;
  /** Own items that were executed in the window, and their bytes. */
  readonly deliveredItems: number;
  readonly deliveredBytes: number;
  /** Own segments sealed in the window, and the items in them. */
  readonly sealedSegments: number;
  readonly sealedItems: number;
  /** Sealed and not executed when the window ended. */
  readonly inFlightSegments: number;
  readonly inFlightItems: number;
  /** In the open batch when the window ended. */
  readonly waitingItems: number;
  /** Submitted → executed of what was delivered in the window; undefined when nothing was. */
  readonly finalMs: { readonly min: number; readonly p50: number; readonly p99: number } | undefined;
  /** Means over the own segments delivered in the window; undefined when none was. */
  readonly parts: { readonly sealMs: number; readonly orderMs: number; readonly executeMs: number } | undefined;
}

export interface LinkSample {
  readonly peer: string;
  readonly bytesPerS: number;
  readonly roundTripMs: number | undefined;
}

/** What the whole process spent in the window. */
export interface MachineSample {
  readonly loopDelayMsP99: number;
  /** CPU seconds per second of this process. */
  readonly cpuShare: number;
  readonly syncMs: number | undefined;
  readonly residentBytes: number;
  readonly links: readonly LinkSample[];
}

/** One window; `atMs` is its end. A shard without a row did nothing in it. */
export interface Sample {
  readonly atMs: number;
  readonly windowMs: number;
  readonly shards: readonly ShardSample[];
  readonly machine: MachineSample | undefined;
}

/** When an open batch is sealed, and how many own segments of the shard may be sealed and unfinal before one waits. */
export interface BatchTargets {
  readonly itemsTarget: number;
  readonly bytesTarget: number;
  readonly lingerMs: number;
  readonly inFlightSegmentsMax: number;
}

/** What the model of a shard keeps. Zero: nothing is known yet. */
export interface Estimates {
  /** Items per second through the bottleneck: the windowed maximum. */
  readonly deliveryPerS: number;
  /** Sealed → executed on an empty pipe: the windowed minimum. */
  readonly finalMsMin: number;
  /** Bytes of an item, as a moving mean. */
  readonly itemBytes: number;
  readonly finalMsP99: number;
  /** Items the pipe holds without a queue: deliveryPerS × finalMsMin. */
  readonly pipeItems: number;
}

export type Phase = 'startup' | 'drain' | 'steady' | 'probe' | 'fallback';

/** A change of targets, and why. `reason` is a code; the facts it rests on are in `estimates`. */
export interface Decision {
  readonly atMs: number;
  readonly shard: number;
  readonly phase: Phase;
  readonly reason: string;
  readonly estimates: Estimates;
  readonly targets: BatchTargets;
}
