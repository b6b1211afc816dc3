import type { Stage } from '../scenarios/scenario.ts';
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

/**
 * Wait until a node has executed what the others had when this was asked. Ready it need not be: one that lost its vote
 * chains votes on blocks and takes no ballots.
 * @returns milliseconds; infinite when it did not come within `timeoutMs`, or `signal` came first
 */
export async function untilAtHeight(
  members: readonly Member[],
  name: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<number> {
  const startedMs = performance.now();
  const heightOf = async (isWanted: (name: string) => boolean): Promise<number> => {
    const status = [...(await statusOf(members))].filter(([member]) => isWanted(member.name));
    return Math.max(-1, ...status.map(([, { height }]) => height));
  };
  const tip = await heightOf((one) => one !== name);
  while (performance.now() - startedMs < timeoutMs && !signal.aborted) {
    if ((await heightOf((one) => one === name)) >= tip) return performance.now() - startedMs;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return Number.POSITIVE_INFINITY;
}

/** Wait until all of them answer that they are in the epoch. @returns whether they came there in time */
export async function untilEpoch(
  stage: Pick<Stage, 'rest'>,
  members: readonly Member[],
  epoch: number,
  timeoutMs: number,
): Promise<boolean> {
  const deadlineMs = performance.now() + timeoutMs;
  while (performance.now() < deadlineMs) {
    const status = [...(await statusOf(members)).values()];
    if (status.length === members.length && status.every((one) => one.epoch === epoch)) return true;
    await stage.rest(POLL_MS);
  }
  return false;
}
