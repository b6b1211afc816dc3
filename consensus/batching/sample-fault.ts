import type { MachineSample, Sample, ShardSample } from './types.ts';

const WINDOW_MS_MAX = 10_000;
/** What takes longer than any timer of consensus waits was measured wrongly. */
const DURATION_MS_MAX = 3_600_000;
const CPU_SHARE_MAX = 1_024;
const LINKS_MAX = 1_024;

/** Why a sample cannot be true, as a few words, or undefined when it may be. `afterMs` is the end of the one before. */
export function sampleFault(sample: Sample, afterMs: number | undefined, shards: number): string | undefined {
  const { atMs, windowMs } = sample;
  if (!Number.isFinite(atMs)) return 'time is no number';
  if (afterMs !== undefined && atMs <= afterMs) return 'time goes back';
  if (!(windowMs > 0 && windowMs <= WINDOW_MS_MAX)) return 'window is no span';
  if (sample.shards.length > shards + 1) return 'more rows than shards';
  const seen = new Set<number>();
  for (const row of sample.shards) {
    if (!Number.isInteger(row.shard) || row.shard < 0 || row.shard > shards) return 'no such shard';
    if (seen.has(row.shard)) return 'a shard twice';
    seen.add(row.shard);
    const fault = rowFault(row);
    if (fault !== undefined) return fault;
  }
  return sample.machine === undefined ? undefined : machineFault(sample.machine);
}

function rowFault(row: ShardSample): string | undefined {
  const { deliveredItems, deliveredBytes, sealedSegments, sealedItems, inFlightSegments, inFlightItems } = row;
  const counts = [deliveredItems, deliveredBytes, sealedSegments, sealedItems, inFlightSegments, inFlightItems];
  if (![...counts, row.waitingItems].every((count) => Number.isSafeInteger(count) && count >= 0)) return 'no count';
  if (deliveredItems > deliveredBytes) return 'items without bytes';
  if (sealedSegments > sealedItems || inFlightSegments > inFlightItems) return 'segments without items';
  if (row.finalMs !== undefined) {
    const { min, p50, p99 } = row.finalMs;
    if (![min, p50, p99].every(isDuration) || min > p50 || p50 > p99) return 'no quantiles';
  }
  if (row.parts === undefined) return undefined;
  const { sealMs, orderMs, executeMs } = row.parts;
  return [sealMs, orderMs, executeMs].every(isDuration) ? undefined : 'no durations';
}

function machineFault({ loopDelayMsP99, cpuShare, syncMs, residentBytes, links }: MachineSample): string | undefined {
  if (!isDuration(loopDelayMsP99) || (syncMs !== undefined && !isDuration(syncMs))) return 'no duration of the machine';
  if (!(cpuShare >= 0 && cpuShare <= CPU_SHARE_MAX)) return 'no share of the CPU';
  if (!(residentBytes >= 0 && Number.isFinite(residentBytes))) return 'no memory';
  if (links.length > LINKS_MAX) return 'too many links';
  const isLinkRight = links.every(({ bytesPerS, roundTripMs }) => {
    const isRate = bytesPerS >= 0 && Number.isFinite(bytesPerS);
    return isRate && (roundTripMs === undefined || isDuration(roundTripMs));
  });
  return isLinkRight ? undefined : 'no link';
}

function isDuration(value: number): boolean {
  return value >= 0 && value <= DURATION_MS_MAX;
}
