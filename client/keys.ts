import * as ed25519 from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { inputError } from './errors.ts';

/** Whatever can sign for a voter: the key below, or a hardware key, or one of a wallet. */
export interface VoterKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes over the ballot's id, ed25519. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/**
 * A voter's key from its 32 secret bytes. The secret stays in the closure; printed in any way it says "[secret]".
 * @throws WaggleClientError WAGGLE_CLIENT_INPUT unless there are 32 bytes
 */
export function voterKey(seed: Uint8Array): VoterKey {
  if (seed.length !== 32) throw inputError('a key has 32 secret bytes', 'crypto.getRandomValues(new Uint8Array(32))');
  ed25519.hashes.sha512 = sha512;
  const secret = Uint8Array.from(seed);
  const key: VoterKey = {
    publicKey: ed25519.getPublicKey(secret),
    sign: (message) => ed25519.sign(message, secret),
  };
  const hide = { value: () => '[secret]', enumerable: false };
  return Object.defineProperties(key, { toJSON: hide, toString: hide, [INSPECT]: hide });
}
