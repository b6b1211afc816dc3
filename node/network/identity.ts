import { createPrivateKey, createPublicKey } from 'node:crypto';
import { privateKeyFromRaw } from '@libp2p/crypto/keys';
import type { PeerId, PrivateKey } from '@libp2p/interface';
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id';
import { concat } from 'uint8arrays/concat';
import { fromString } from 'uint8arrays/from-string';
import { WaggleError } from '../../protocol/errors.ts';

const SEED_BYTES = 32;
/** DER head of an ed25519 private key (RFC 8410); the 32-byte seed follows. */
const PKCS8_HEAD = fromString('302e020100300506032b657004220420', 'hex');

/**
 * The libp2p key of a node: ed25519, made from the 32-byte seed of node.key.
 * @throws WaggleError WAGGLE_NETWORK_SEED_LENGTH
 */
export function nodeKeyOf(seed: Uint8Array): PrivateKey {
  if (seed.byteLength !== SEED_BYTES) throw new WaggleError('WAGGLE_NETWORK_SEED_LENGTH', { bytes: seed.byteLength });
  const key = createPrivateKey({ key: Buffer.from(concat([PKCS8_HEAD, seed])), format: 'der', type: 'pkcs8' });
  const publicKey = fromString(createPublicKey(key).export({ format: 'jwk' }).x ?? '', 'base64url');
  return privateKeyFromRaw(concat([seed, publicKey]));
}

/**
 * The peer id (base58 text, the public key inlined) that genesis lists for a node.
 * @throws WaggleError WAGGLE_NETWORK_SEED_LENGTH
 */
export function peerIdOf(seed: Uint8Array): string {
  return peerIdFromPrivateKey(nodeKeyOf(seed)).toString();
}

/**
 * Parse a roster's peer id. Ed25519 only, so that proving an identity never costs a large RSA key (reliability.md 3).
 * @throws WaggleError WAGGLE_NETWORK_PEER_ID
 */
export function parsePeerId(text: string): PeerId {
  const peer = tryParse(text);
  if (peer?.type !== 'Ed25519') throw new WaggleError('WAGGLE_NETWORK_PEER_ID', { peer: text });
  return peer;
}

/** The ledger holds peer ids as texts that only look like one. */
export function isPeerId(text: string): boolean {
  return tryParse(text)?.type === 'Ed25519';
}

function tryParse(text: string): PeerId | undefined {
  try {
    return peerIdFromString(text);
  } catch {
    return undefined;
  }
}
