import type { Finding } from '../scenarios/scenario.ts';

/**
 * A measured time with its aim beside it (reliability.md 2). Over the aim is said and is no fault, since the machine may be
 * busy with other things; what never came is one.
 */
export function timing(invariant: string, what: string, ms: number, aimMs: number): Finding {
  const aim = `aim ${aimMs / 1_000} s`;
  if (!Number.isFinite(ms)) return { invariant, holds: false, figure: `${what} never (${aim})` };
  const figure = `${what} ${(ms / 1_000).toFixed(1)} s`;
  return { invariant, holds: true, figure: ms <= aimMs ? figure : `${figure} (over: ${aim})` };
}

/** The longest stretch of [fromMs, toMs] without any of the moments. */
export function longestGapMs(momentsMs: readonly number[], fromMs: number, toMs: number): number {
  const within = momentsMs.filter((at) => at > fromMs && at < toMs).sort((a, b) => a - b);
  let longestMs = 0;
  let beforeMs = fromMs;
  for (const at of [...within, toMs]) {
    longestMs = Math.max(longestMs, at - beforeMs);
    beforeMs = at;
  }
  return longestMs;
}
