import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenTestnet } from '../../../testnet/network/open.ts';

/** Bytes of a validator's journal and ledger, mean of the nodes. The reserve file is neither. */
export interface DiskSizes {
  readonly journal: number;
  readonly ledger: number;
}

/** Bytes of all files in a folder that are there when it is looked at. */
async function bytesIn(directory: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(directory)) {
    const facts = await stat(join(directory, name)).catch(() => undefined);
    if (facts?.isFile()) bytes += facts.size;
  }
  return bytes;
}

export async function diskSizes(testnet: OpenTestnet): Promise<DiskSizes> {
  const all = await Promise.all(
    testnet.file.nodes.map(async ({ home }) => ({
      journal: await bytesIn(join(home, 'journal')),
      ledger: await bytesIn(join(home, 'ledger', 'db')),
    })),
  );
  const mean = (pick: (one: DiskSizes) => number): number => all.reduce((sum, one) => sum + pick(one), 0) / all.length;
  return { journal: mean(({ journal }) => journal), ledger: mean(({ ledger }) => ledger) };
}
