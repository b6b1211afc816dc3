import { readFile } from 'node:fs/promises';
import { verify } from '../../protocol/crypto/verify.ts';
import type { Epoch } from '../../protocol/epoch.ts';
import { codeOf, WaggleError } from '../../protocol/errors.ts';
import { chainId, type Genesis, genesisRoster } from '../../protocol/genesis.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import { fromHex } from '../../protocol/hex.ts';
import { type Checkpoint, verifyCheckpoint } from '../../protocol/receipt/checkpoint.ts';
import { decodeEpochProof, type EpochProof, followEpochs } from '../../protocol/receipt/epoch-proof.ts';
import { faultBound, type Roster } from '../../protocol/roster.ts';

/** With the proofs of every epoch before: some KiB of each, more where the roster is large. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;

/** What the operator trusts, and how genesis leads to the validators that signed it. */
export interface Trusted {
  readonly checkpoint: Checkpoint;
  readonly proofs: readonly EpochProof[];
  /** Of the checkpoint, where it is not the first. */
  readonly epoch: Epoch | undefined;
}

/**
 * The checkpoint of a file made by `waggle chain checkpoint HEIGHT -o json`: of this network, and signed by f + 1 of the
 * validators of its epoch, to whom the proofs in the file lead from genesis. So a file of another network or a damaged one is
 * not taken for a reason to distrust everybody.
 * @throws WaggleError WAGGLE_TRUST_FILE {path, reason}
 */
export async function readTrusted(path: string, genesis: Genesis): Promise<Trusted> {
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

export function parseTrusted(value: unknown, genesis: Genesis, path: string): Trusted {
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
  const { proofs, roster, epoch } = rosterOf(checkpoint, fields.get('epochs'), genesis, path);
  requireSignatures(roster, checkpoint, fields.get('signatures'), path);
  return { checkpoint, proofs, epoch };
}

/** The validators of the checkpoint's epoch, by the proofs from genesis on. */
function rosterOf({ chain, epoch }: Checkpoint, listed: unknown, genesis: Genesis, path: string) {
  const first = genesisRoster(genesis);
  const texts: readonly unknown[] = Array.isArray(listed) ? listed.slice(0, epoch) : [];
  let proofs: EpochProof[];
  let last: ReturnType<typeof followEpochs>;
  try {
    proofs = texts.map((text) => decodeEpochProof(fromHex(String(text))));
    last = followEpochs(chain, first, proofs, verify);
  } catch (error) {
    throw fault(path, `an epoch in it is not proven (${codeOf(error) ?? 'unknown'})`);
  }
  const roster = last?.roster ?? first;
  if (roster.epoch !== epoch) throw fault(path, `of epoch ${epoch}, with proofs up to epoch ${roster.epoch}`);
  return { proofs, roster, epoch: last?.epoch };
}

function requireSignatures(roster: Roster, checkpoint: Checkpoint, listed: unknown, path: string): void {
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
