import { type Member, statusOf } from '../voting/members.ts';

const POLL_MS = 50;

/**
 * Wait until a node is ready and has what the others had executed at the look before: under load the tip runs on.
 * @returns milliseconds; infinite when it did not come within `timeoutMs`, or `signal` came first
 */
export async function untilAtTip(
  members: readonly Member[],
  name: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<number> {
  const startedMs = performance.now();
  let tip = Number.POSITIVE_INFINITY;
  while (performance.now() - startedMs < timeoutMs && !signal.aborted) {
    const status = [...(await statusOf(members))].map(([{ name: of }, one]) => ({ of, ...one }));
    const own = status.find(({ of }) => of === name);
    if (own?.ready === true && own.height >= tip) return performance.now() - startedMs;
    const others = status.filter(({ of }) => of !== name).map(({ height }) => height);
    if (others.length > 0) tip = Math.max(...others);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return Number.POSITIVE_INFINITY;
}
