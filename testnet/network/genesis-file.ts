import { readFile } from 'node:fs/promises';
import { type Genesis, parseGenesis } from '../../protocol/genesis.ts';
import { toHex } from '../../protocol/hex.ts';

/** The genesis of a network and the keys of its validators, who open sessions in spaces made here. */
export async function readGenesisFile(
  path: string,
): Promise<{ readonly genesis: Genesis; readonly openers: string[] }> {
  const genesis = parseGenesis(JSON.parse(await readFile(path, 'utf8')));
  return { genesis, openers: genesis.validators.map(({ key }) => toHex(key)) };
}
