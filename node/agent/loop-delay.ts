import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { LoopDelay } from './machine-probe.ts';

/** A native timer of this period looks at the loop, and costs nothing while it is stopped. */
const RESOLUTION_MS = 10;
const NANOS_PER_MS = 1_000_000;

export function createLoopDelay(): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  return {
    start() {
      histogram.enable();
      histogram.reset();
    },
    stop: () => void histogram.disable(),
    takeMsP99() {
      // It measures from tick to tick, so the period is in every one of its values.
      const isEmpty = histogram.count === 0;
      const delayMs = isEmpty ? 0 : histogram.percentile(99) / NANOS_PER_MS - RESOLUTION_MS;
      histogram.reset();
      return Math.max(0, delayMs);
    },
  };
}
