import { randomBytes } from 'node:crypto';
import sodium from 'sodium-native';
import { WaggleError } from '../errors.ts';

/** A signing key. The secret stays in the closure; printed in any way it says "[secret]". */
export interface KeyPair {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

const SEEDS = new WeakMap<KeyPair, Uint8Array>();
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** @throws WaggleError WAGGLE_KEY_SEED unless the seed has 32 bytes */
export function keyPairFromSeed(seed: Uint8Array): KeyPair {
  if (seed.length !== 32) throw new WaggleError('WAGGLE_KEY_SEED', { bytes: seed.length });
  const publicKey = Buffer.alloc(sodium.crypto_sign_PUBLICKEYBYTES);
  const secretKey = Buffer.alloc(sodium.crypto_sign_SECRETKEYBYTES);
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, Buffer.from(seed));
  const pair: KeyPair = {
    publicKey: new Uint8Array(publicKey),
    sign(message) {
      const signature = Buffer.alloc(sodium.crypto_sign_BYTES);
      sodium.crypto_sign_detached(signature, Buffer.from(message), secretKey);
      return new Uint8Array(signature);
    },
  };
  const hide = { value: () => '[secret]', enumerable: false };
  Object.defineProperties(pair, { toJSON: hide, toString: hide, [INSPECT]: hide });
  SEEDS.set(pair, Uint8Array.from(seed));
  return pair;
}

/** A new key from the system's random source: the only randomness in this room. */
export function generateKeyPair(): KeyPair {
  return keyPairFromSeed(randomBytes(32));
}

/** The seed, for a keystore to save. Asking for it is a deliberate act. */
export function exportSeed(pair: KeyPair): Uint8Array {
  const seed = SEEDS.get(pair);
  if (seed === undefined) throw new WaggleError('WAGGLE_KEY_SEED', {});
  return Uint8Array.from(seed);
}

/**
 * Whether a public key may be registered: a canonical point of the main subgroup, so neither of small order nor with
 * torsion. A mixed-order key could make a signature that its owner repudiates later (reliability.md 4). Natively this
 * costs a twentieth of noble's time (`npm run bench -- key-check`), which every validator spends on every key of a
 * registration; noble answers the same in the tests.
 */
export function isRegistrableKey(publicKey: Uint8Array): boolean {
  return publicKey.length === 32 && sodium.crypto_core_ed25519_is_valid_point(Buffer.from(publicKey));
}
