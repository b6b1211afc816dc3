import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { WaggleError } from '../../protocol/errors.ts';

/** One process of a local network, as `testnet.json` lists it (interface.md, Commands). */
export interface TestnetNode {
  readonly name: string;
  readonly home: string;
  /** URL of its JSON-RPC. */
  readonly rpc: string;
  /** Multiaddress with its peer id. */
  readonly p2p: string;
  /** URL of its Prometheus metrics. */
  readonly metrics: string;
  /** null while it is not running. */
  readonly pid: number | null;
  /** Path of the operator token's file. */
  readonly token: string;
}

export interface TestnetFile {
  /** Chain id, hex. */
  readonly chain: string;
  /** Path of the genesis file. */
  readonly genesis: string;
  readonly nodes: readonly TestnetNode[];
}

/** WAGGLE_TESTNET, else a folder of the checkout: it does not depend on where a command was typed. */
export function defaultTestnetDirectory(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (env.WAGGLE_TESTNET) return resolve(env.WAGGLE_TESTNET);
  return resolve(import.meta.dirname, '..', '..', '.waggle', 'testnet');
}

export function testnetFilePath(directory: string): string {
  return join(directory, 'testnet.json');
}

/** The network in `directory`, undefined when there is none. @throws WaggleError WAGGLE_CLI_INPUT {path, reason} */
export async function readTestnetFile(directory: string): Promise<TestnetFile | undefined> {
  const path = testnetFilePath(directory);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return parseTestnetFile(path, text);
}

export function parseTestnetFile(path: string, text: string): TestnetFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(path, 'not JSON');
  }
  const { chain, genesis, nodes } = (value ?? {}) as Partial<TestnetFile>;
  if (typeof chain !== 'string' || typeof genesis !== 'string') throw damaged(path, 'no chain or genesis');
  if (!Array.isArray(nodes) || nodes.length === 0) throw damaged(path, 'no nodes');
  for (const [at, node] of nodes.entries()) {
    const texts = [node?.name, node?.home, node?.rpc, node?.p2p, node?.metrics, node?.token];
    const pidFits = node?.pid === null || (Number.isSafeInteger(node?.pid) && Number(node?.pid) > 1);
    if (!texts.every((one) => typeof one === 'string') || !pidFits) throw damaged(path, `nodes[${at}]`);
  }
  return { chain, genesis, nodes };
}

function damaged(path: string, reason: string): WaggleError {
  const next = 'waggle testnet down, then remove the folder and start again';
  return new WaggleError('WAGGLE_CLI_INPUT', { path, reason, next });
}
