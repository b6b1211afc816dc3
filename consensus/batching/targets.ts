import { LIMITS } from '../../protocol/limits.ts';
import { INTERVAL_MS_MAX, INTERVAL_MS_MIN } from './pace.ts';
import { FIXED_BATCHES } from './pool.ts';
import type { BatchTargets, Estimates } from './types.ts';

/** Everything the controller may ever ask for. The pool and the window of the chains bound it once more. */
export const TARGET_BOUNDS = {
  itemsTarget: [512, LIMITS.segmentItemsMax],
  bytesTarget: [16 * 1024, 256 * 1024],
  lingerMs: [INTERVAL_MS_MIN, INTERVAL_MS_MAX],
  inFlightSegmentsMax: [2, LIMITS.chainWindowSegments],
} as const satisfies Record<keyof BatchTargets, readonly [low: number, high: number]>;

/** What a node without samples does. */
export const DEFAULT_TARGETS: BatchTargets = {
  itemsTarget: FIXED_BATCHES.itemsTarget(1),
  bytesTarget: FIXED_BATCHES.bytesTarget(1),
  lingerMs: FIXED_BATCHES.lingerMs(1),
  inFlightSegmentsMax: FIXED_BATCHES.inFlightSegmentsMax(1),
};

/** Half of the window is what an author may have in flight (C-04): more would say nothing. */
const IN_FLIGHT_SEGMENTS_MAX = LIMITS.chainWindowSegments / 2;
/** A seal interval of this part of R is not felt in finality. */
export const FINALS_PER_INTERVAL = 16;
/** Twice what an interval brings: the batch is sealed by age while the rate is the one that was estimated. */
const HEADROOM = 2;
/** Changes below these ratios are noise. */
const LINGER_RATIO = 1.15;
const SIZE_RATIO = 1.6;

export interface Operating {
  readonly estimates: Estimates;
  /** Items per second to size batches for. */
  readonly itemsPerS: number;
  /** F, the interval that the machine and its peers can bear. */
  readonly paceMs: number;
  /** What takes so long to become final may be in flight at once. */
  readonly inFlightMs: number;
}

/** I = clamp(max(F, R/16)): how long an open batch waits. */
export function sealIntervalMs(paceMs: number, finalMsMin: number): number {
  return clamp(Math.max(paceMs, finalMsMin / FINALS_PER_INTERVAL), ...TARGET_BOUNDS.lingerMs);
}

/** R + max(T, 2R/3): a segment that just missed a block waits for the next, which comes T or two one-way delays later. */
export function longestFinalMs(finalMsMin: number, blockIntervalMs: number): number {
  return finalMsMin + Math.max(blockIntervalMs, (2 * finalMsMin) / 3);
}

/** The operating point from the model: the equations of docs/agent.md. `current` is kept where the wish is near it. */
export function targetsFor(operating: Operating, current: BatchTargets): BatchTargets {
  const { estimates, itemsPerS, paceMs, inFlightMs } = operating;
  const { finalMsMin, itemBytes } = estimates;
  const intervalMs = sealIntervalMs(paceMs, finalMsMin);
  const intervalItems = (itemsPerS * intervalMs) / 1_000;
  const bytes = (HEADROOM * itemsPerS * itemBytes * Math.max(intervalMs, finalMsMin / 4)) / 1_000;
  const segments = Math.ceil(inFlightMs / intervalMs) + 1;
  const wish: BatchTargets = {
    itemsTarget: Math.round(clamp(HEADROOM * intervalItems, ...TARGET_BOUNDS.itemsTarget)),
    bytesTarget: Math.round(clamp(bytes, ...TARGET_BOUNDS.bytesTarget)),
    lingerMs: Math.round(intervalMs),
    inFlightSegmentsMax: clamp(segments, TARGET_BOUNDS.inFlightSegmentsMax[0], IN_FLIGHT_SEGMENTS_MAX),
  };
  return settle(wish, current);
}

function settle(wish: BatchTargets, current: BatchTargets): BatchTargets {
  const isNear =
    within(wish.lingerMs, current.lingerMs, LINGER_RATIO) &&
    within(wish.itemsTarget, current.itemsTarget, SIZE_RATIO) &&
    within(wish.bytesTarget, current.bytesTarget, SIZE_RATIO) &&
    within(wish.inFlightSegmentsMax, current.inFlightSegmentsMax, SIZE_RATIO);
  return isNear ? current : wish;
}

function within(a: number, b: number, ratio: number): boolean {
  return a < b * ratio && b < a * ratio;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
