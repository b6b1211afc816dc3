import { listenForSignals } from '../../../testnet/network/ending.ts';
import { type OpenTestnet, openTestnet } from '../../../testnet/network/open.ts';

/**
 * Run `work` on a fresh network of Workload W: four validators as processes, four shards, ended and removed afterwards,
 * also by Ctrl-C. `nodeOptions` is NODE_OPTIONS of the validators.
 */
export async function withNetwork(work: (testnet: OpenTestnet) => Promise<void>, nodeOptions?: string): Promise<void> {
  const ending = listenForSignals();
  const progress = (line: string): void => console.error(line);
  const before = process.env.NODE_OPTIONS;
  // Daemons take the environment of who starts them; this process has read its own already.
  if (nodeOptions !== undefined) process.env.NODE_OPTIONS = `${before ?? ''} ${nodeOptions}`.trim();
  try {
    const testnet = await openTestnet({ nodes: 4, shards: 4, ephemeral: true, detach: false }, progress, ending);
    try {
      await ending.race(work(testnet));
    } finally {
      await testnet.close();
    }
  } finally {
    if (before === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = before;
    ending.stop();
  }
}
