import { readFile } from 'node:fs/promises';
import { verify } from '../../protocol/crypto/verify.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { chainId, type Genesis, genesisRoster } from '../../protocol/genesis.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import { fromHex } from '../../protocol/hex.ts';
import { type Checkpoint, verifyCheckpoint } from '../../protocol/receipt/checkpoint.ts';
import { faultBound } from '../../protocol/roster.ts';

const FILE_BYTES_MAX = 256 * 1024;

/**
 * The checkpoint of a file made by `waggle chain checkpoint HEIGHT -o json`: of this network, and signed by f + 1 of its
 * validators, so that a file of another network or a damaged one is not taken for a reason to distrust everybody.
 * @throws WaggleError WAGGLE_TRUST_FILE {path, reason}
 */
export async function readTrusted(path: string, genesis: Genesis): Promise<Checkpoint> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw fault(path, `cannot be read (${error.code})`);
  });
  if (text.length > FILE_BYTES_MAX) throw fault(path, 'too large for a checkpoint');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw fault(path, 'not JSON');
  }
  return parseTrusted(value, genesis, path);
}

export function parseTrusted(value: unknown, genesis: Genesis, path: string): Checkpoint {
  const fields = new Map(Object.entries(value !== null && typeof value === 'object' ? value : {}));
  const bytes = (name: string): Uint8Array => hex(fields.get(name), 32) ?? refuse(path, `no ${name}`);
  const whole = (name: string): number => count(fields.get(name)) ?? refuse(path, `no ${name}`);
  const timeMs = Date.parse(String(fields.get('time')));
  if (!Number.isSafeInteger(timeMs) || timeMs < 0) throw fault(path, 'no time');
  const checkpoint: Checkpoint = {
    chain: bytes('chain'),
    epoch: whole('epoch'),
    height: whole('height'),
    blockHash: bytes('blockHash'),
    timeMs,
    history: bytes('history'),
    root: bytes('root'),
  };
  if (!hashesEqual(checkpoint.chain, chainId(genesis))) throw fault(path, 'of another network');
  const roster = genesisRoster(genesis);
  const listed: unknown = fields.get('signatures');
  const signers = new Set<number>();
  for (const one of Array.isArray(listed) ? listed.slice(0, roster.validators.length) : []) {
    const parts = new Map<string, unknown>(Object.entries(one !== null && typeof one === 'object' ? one : {}));
    const [signer, signature] = [count(parts.get('signer')), hex(parts.get('signature'), 64)];
    if (signer === undefined || signature === undefined) continue;
    if (verifyCheckpoint(roster, { checkpoint, signer, signature }, verify)) signers.add(signer);
  }
  if (signers.size <= faultBound(roster.validators.length)) {
    throw fault(path, `${signers.size} signatures of validators hold, not enough to prove it`);
  }
  return checkpoint;
}

function hex(value: unknown, bytes: number): Uint8Array | undefined {
  const isHex = typeof value === 'string' && value.length === 2 * bytes && /^[0-9a-f]*$/.test(value);
  return isHex ? fromHex(value, bytes) : undefined;
}

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function refuse(path: string, reason: string): never {
  throw fault(path, reason);
}

function fault(path: string, reason: string): WaggleError {
  return new WaggleError('WAGGLE_TRUST_FILE', { path, reason });
}
