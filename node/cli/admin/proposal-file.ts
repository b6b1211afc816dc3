import { readFile, rename, writeFile } from 'node:fs/promises';
import { verify } from '../../../protocol/crypto/verify.ts';
import { codeOf, WaggleError } from '../../../protocol/errors.ts';
import {
  decodeSignedOperation,
  encodeSignedOperation,
  type SignedOperation,
  signOperation,
} from '../../../protocol/governance/operation.ts';
import { fromHex, toHex } from '../../../protocol/hex.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import { wordsOf } from './change-words.ts';

const FORMAT = 'waggle-proposal/1';
const FILE_BYTES_MAX = 4 * LIMITS.operationBytesMax;

/** A change of the network on its way from one admin to the next. */
export interface ProposalFile {
  readonly format: typeof FORMAT;
  readonly network: string;
  readonly chain: string;
  /** What it does, in words, for who opens the file. No command reads them: the operation alone counts. */
  readonly summary: readonly string[];
  /** The signed operation in hex. */
  readonly operation: string;
}

export interface Proposal {
  readonly file: ProposalFile;
  readonly signed: SignedOperation;
}

export interface Signer {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

export function proposalOf(network: string, signed: SignedOperation): Proposal {
  const summary = wordsOf(signed);
  const chain = toHex(signed.operation.chain);
  return { file: { format: FORMAT, network, summary, chain, operation: toHex(encodeSignedOperation(signed)) }, signed };
}

/**
 * Read what somebody sent. Every signature in it is checked: one false one spoils the operation on the ledger.
 * @throws WaggleError WAGGLE_CLI_INPUT {path, reason, next}
 */
export async function readProposal(path: string): Promise<Proposal> {
  const next = 'ask who sent it for the file that waggle admin propose wrote';
  const fault = (reason: string): WaggleError => new WaggleError('WAGGLE_CLI_INPUT', { path, reason, next });
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw fault(`cannot be read (${error.code})`);
  });
  if (text.length > FILE_BYTES_MAX) throw fault('is too large for a proposal');
  let file: ProposalFile;
  try {
    file = JSON.parse(text) as ProposalFile;
  } catch {
    throw fault('is not JSON');
  }
  if (file?.format !== FORMAT || !/^(?:[0-9a-f]{2})+$/.test(String(file.operation))) throw fault('is no proposal');
  let signed: SignedOperation;
  try {
    signed = decodeSignedOperation(fromHex(file.operation, file.operation.length / 2));
  } catch (error) {
    throw fault(`holds no signed operation (${codeOf(error) ?? 'unknown'})`);
  }
  const isWhole = signed.signatures.every(({ key, signature }) => verify(key, signed.id, signature));
  if (!isWhole) throw fault('holds a signature that does not verify');
  if (toHex(signed.operation.chain) !== file.chain) throw fault('names another network than its operation');
  // Its words are made anew: they might say anything.
  return proposalOf(String(file.network), signed);
}

/** Whole or not at all. */
export async function writeProposal(path: string, { file }: Proposal, isNew: boolean): Promise<void> {
  const text = `${JSON.stringify(file, undefined, 2)}\n`;
  if (isNew) {
    await writeFile(path, text, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
      const reason = error.code === 'EEXIST' ? 'is there already' : `cannot be written (${error.code})`;
      throw new WaggleError('WAGGLE_CLI_INPUT', { path, reason, next: 'another name with --out' });
    });
    return;
  }
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

/** The same operation with one signature more; signed twice by one key is signed once. */
export function withSignature({ file, signed }: Proposal, signer: Signer): Proposal {
  const mine = signOperation(signed.operation, [signer]).signatures;
  const others = signed.signatures.filter(({ key }) => toHex(key) !== toHex(signer.publicKey));
  const signatures = [...others, ...mine].sort((a, b) => Buffer.compare(a.key, b.key));
  return proposalOf(file.network, { ...signed, signatures });
}
