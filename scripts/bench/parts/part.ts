import process from 'node:process';
import { median } from '../report/median.ts';

/** One kind of work, measured alone. */
export interface Part {
  /** `area/op`. */
  readonly name: string;
  /** Operations of one run. */
  readonly count: number;
  /** What a run needs and does not measure, such as a fresh session to vote in. */
  prepare?(): void | Promise<void>;
  /** @returns CPU-microseconds, where the process's own books would count somebody else's work as well */
  run(): void | Promise<void> | Promise<number>;
}

export interface PartCost {
  readonly name: string;
  /** Median over the rounds, of one operation. */
  readonly cpuUs: number;
}

/** Runs before the first that counts: until code is compiled it costs several times as much. */
const WARM_UPS = 4;

/** Rounds in which every part runs once, so that a busy minute of the machine falls on all of them alike. */
export async function measureParts(parts: readonly Part[], rounds: number): Promise<PartCost[]> {
  const costs = new Map(parts.map(({ name }) => [name, [] as number[]]));
  for (const part of parts) for (let run = 0; run < WARM_UPS; run++) await costOf(part);
  for (let round = 0; round < rounds; round++) {
    for (const part of parts) costs.get(part.name)?.push(await costOf(part));
  }
  return [...costs].map(([name, list]) => ({ name, cpuUs: median(list) }));
}

async function costOf(part: Part): Promise<number> {
  await part.prepare?.();
  const [cpu, startedMs] = [process.cpuUsage(), performance.now()];
  const running = part.run();
  const used = (): number => sum(process.cpuUsage(cpu));
  // What never leaves this thread takes no more than the time it took: LevelDB may still be busy with what the part before gave
  // it. The thread's own clock moves in ticks on some kernels, and says nothing of a few milliseconds.
  if (!(running instanceof Promise)) return Math.min(used(), (performance.now() - startedMs) * 1_000) / part.count;
  const own = await running;
  return (own ?? used()) / part.count;
}

function sum({ user, system }: NodeJS.CpuUsage): number {
  return user + system;
}
