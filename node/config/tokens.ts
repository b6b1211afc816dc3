import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WaggleError } from '../../protocol/errors.ts';

export const TOKEN_SCOPES = ['operator', 'admin'] as const;
export type TokenScope = (typeof TOKEN_SCOPES)[number];

/** A token as the node knows it. */
export interface StoredTokenHash {
  readonly scope: TokenScope;
  readonly sha256Hex: string;
}

export function tokenPath(directory: string, scope: TokenScope): string {
  return join(directory, `${scope}.token`);
}

export function tokenHashesPath(directory: string): string {
  return join(directory, 'hashes.json');
}

/**
 * tokens/hashes.json: `[{scope, sha256}]`. Without the file nobody may write through RPC.
 * @throws WaggleError WAGGLE_CONFIG_TOKENS {path, reason}
 */
export async function loadTokenHashes(directory: string): Promise<StoredTokenHash[]> {
  const path = tokenHashesPath(directory);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new WaggleError('WAGGLE_CONFIG_TOKENS', { path, reason: code });
  }
  const hashes = parseTokenHashes(text);
  if (hashes === undefined) throw new WaggleError('WAGGLE_CONFIG_TOKENS', { path, reason: 'form' });
  return hashes;
}

/** Undefined for a text of another form. */
export function parseTokenHashes(text: string): StoredTokenHash[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const hashes: StoredTokenHash[] = [];
  for (const item of value as unknown[]) {
    const { scope, sha256 } = (item ?? {}) as Record<string, unknown>;
    const known = TOKEN_SCOPES.find((one) => one === scope);
    if (known === undefined || typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) return undefined;
    hashes.push({ scope: known, sha256Hex: sha256 });
  }
  return hashes;
}
