const FIRST_MS = 25;
const MAX_MS = 2_000;

/**
 * How long to wait before the next try, the first being 1: doubling, half of it by chance, so that those whom one failure
 * hit together do not come back together.
 */
export function backoffMs(attempt: number, random: number): number {
  const full = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 16));
  return full * (0.5 + random / 2);
}
