/** Waits between attempts: double from the first to the longest, each shortened at random by up to half so that peers fall out of step. */
export interface BackoffLimits {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** The wait before attempt number `attempt` (0 = first retry), in ms. */
export function backoffMs(attempt: number, limits: BackoffLimits): number {
  const fullMs = Math.min(limits.longestMs, limits.firstMs * 2 ** Math.min(attempt, 16));
  return fullMs * (0.5 + Math.random() / 2);
}
