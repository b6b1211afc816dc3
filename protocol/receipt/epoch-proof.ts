import { type Certificate, readCertificate, verifyCertificate, writeCertificate } from '../certificate.ts';
import { BLOCK_FLAGS, type HashedBlock, readBlock } from '../chain/block.ts';
import { Reader } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import type { Verify } from '../crypto/verify.ts';
import type { Epoch } from '../epoch.ts';
import { WaggleError } from '../errors.ts';
import { type Hash, hashesEqual } from '../hash.ts';
import { LIMITS } from '../limits.ts';
import { createRoster, type Roster } from '../roster.ts';

/**
 * That an epoch ended, and with which roster the next began: the block that ended it, the empty blocks above it up to the
 * one the certificate finalizes (none as a rule), and the certificate. Each is proven by the roster before, so a row of
 * them leads from genesis to any epoch, with no state and no network (protocol.md, Blocks).
 */
export interface EpochProof {
  readonly seal: HashedBlock;
  readonly tail: readonly HashedBlock[];
  readonly certificate: Certificate;
}

/** Empty blocks above an end of an epoch that a proof may have: as many as a `final` carries. */
export const TAIL_MAX = 31;

/** What a roster has to say about the end of its epoch. @returns undefined when it proves nothing */
export function nextEpochBy(
  chain: Hash,
  roster: Roster,
  { seal, tail, certificate }: EpochProof,
  verify: Verify,
): Epoch | undefined {
  const next = seal.block.reconfig?.epoch;
  if (next === undefined || next.epoch !== roster.epoch + 1 || tail.length > TAIL_MAX) return undefined;
  let last = seal;
  for (const block of [seal, ...tail]) {
    if (block.block.epoch !== roster.epoch || !hashesEqual(block.block.chain, chain)) return undefined;
    if (block === seal) continue;
    const isEmpty = block.block.flags === BLOCK_FLAGS.flush && block.block.reconfig === undefined;
    if (!isEmpty || !hashesEqual(block.block.parentHash, last.hash)) return undefined;
    last = block;
  }
  const isOfLast = certificate.blockHash !== undefined && hashesEqual(certificate.blockHash, last.hash);
  if (certificate.kind !== 'finalize' || !isOfLast) return undefined;
  return verifyCertificate(chain, roster, certificate, verify) ? next : undefined;
}

/**
 * Follow proofs from a roster on, each by the one before.
 * @returns the last epoch they lead to, with its roster; undefined without a proof
 * @throws WaggleError WAGGLE_EPOCH_PROOF {epoch}: the one that ends this epoch proves nothing
 */
export function followEpochs(
  chain: Hash,
  from: Roster,
  proofs: readonly EpochProof[],
  verify: Verify,
): { readonly epoch: Epoch; readonly roster: Roster } | undefined {
  let at: { readonly epoch: Epoch; readonly roster: Roster } | undefined;
  for (const proof of proofs) {
    const before: Roster = at?.roster ?? from;
    const epoch = nextEpochBy(chain, before, proof, verify);
    if (epoch === undefined) throw new WaggleError('WAGGLE_EPOCH_PROOF', { epoch: before.epoch });
    at = { epoch, roster: createRoster(chain, epoch.epoch, epoch.validators) };
  }
  return at;
}

export function encodeEpochProof({ seal, tail, certificate }: EpochProof): Uint8Array {
  const writer = new Writer(1_024 + seal.bytes.length).bytes32(seal.bytes).u8(tail.length);
  for (const block of tail) writer.bytes32(block.bytes);
  return writeCertificate(writer, certificate).finish();
}

/** @throws WaggleError WAGGLE_EPOCH_PROOF, WAGGLE_BLOCK_*, WAGGLE_CODEC_* and those of the certificate */
export function decodeEpochProof(bytes: Uint8Array): EpochProof {
  const reader = new Reader(bytes);
  const seal = readBlock(reader.bytes32(LIMITS.blockBytesMax));
  const count = reader.u8();
  if (count > TAIL_MAX) throw new WaggleError('WAGGLE_EPOCH_PROOF', { tail: count });
  const tail = Array.from({ length: count }, () => readBlock(reader.bytes32(LIMITS.blockBytesMax)));
  const certificate = readCertificate(reader);
  reader.end();
  return { seal, tail, certificate };
}
