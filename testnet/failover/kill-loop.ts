import { killNode, type Progress, startNode, untilAnswers } from '../network/control.ts';
import type { OpenTestnet } from '../network/open.ts';
import { requireTestnet } from '../network/state.ts';

const READY_MS = 60_000;
const STEP_MS = 20;

export interface KillOptions {
  /** Between two kills, if the node before is back by then. */
  readonly everyMs: number;
  readonly downMs: number;
  /** Resolves when votes have just been sent, so that each kill falls among them. */
  readonly amongVotes: () => Promise<void>;
}

export interface KillLoop {
  readonly kills: () => number;
  /** Whether a node is away, or back and not ready yet. */
  readonly isOneDown: () => boolean;
  /** No more kills; resolves when every node is back. */
  stop(): Promise<void>;
}

/** SIGKILL one node after the other, each started again after a while; never two at a time. */
export function startKilling({ directory, file }: OpenTestnet, options: KillOptions, progress: Progress): KillLoop {
  const names = file.nodes.map(({ name }) => name);
  let kills = 0;
  let isStopped = false;
  let isOneDown = false;
  const rest = async (ms: number): Promise<void> => {
    const endMs = performance.now() + ms;
    while (performance.now() < endMs && !isStopped) await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  };
  const run = async (): Promise<void> => {
    await rest(options.everyMs / 2);
    while (!isStopped) {
      const startedMs = performance.now();
      const name = names[kills % names.length] ?? '';
      await options.amongVotes();
      if (isStopped) return;
      isOneDown = true;
      await killNode(directory, name);
      kills += 1;
      progress(`${name} is killed`);
      await rest(options.downMs);
      await startNode(directory, name, true);
      await untilReady(directory, name);
      isOneDown = false;
      progress(`${name} is back and ready after ${Math.round(performance.now() - startedMs)} ms`);
      await rest(options.everyMs - (performance.now() - startedMs));
    }
  };
  const running = run();
  running.catch(() => undefined);
  return {
    kills: () => kills,
    isOneDown: () => isOneDown,
    async stop() {
      isStopped = true;
      await running;
    },
  };
}

async function untilReady(directory: string, name: string): Promise<void> {
  const node = (await requireTestnet(directory)).nodes.find((one) => one.name === name);
  if (node !== undefined) await untilAnswers(node, READY_MS, ({ ready }) => ready);
}
