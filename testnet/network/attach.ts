import { resolve } from 'node:path';
import { defaultTestnetDirectory, readTestnetFile } from '../../node/cli/testnet-file.ts';
import type { Progress } from './control.ts';
import type { Ending } from './ending.ts';
import { type OpenTestnet, openTestnet } from './open.ts';
import { processState } from './processes.ts';

/** The network that runs in a folder as it is, else an ephemeral one that ends with the command. */
export async function attachTestnet(dir: string | undefined, progress: Progress, ending: Ending): Promise<OpenTestnet> {
  const directory = resolve(dir ?? defaultTestnetDirectory());
  const file = await readTestnetFile(directory);
  const runs = file?.nodes.some(({ pid, home }) => processState(pid, home) !== 'down') ?? false;
  if (file !== undefined && runs) return { directory, file, status: [], started: [], close: async () => undefined };
  progress(`no testnet runs in ${directory}: an ephemeral one is started for this`);
  return await openTestnet({ ephemeral: true, detach: false }, progress, ending);
}
