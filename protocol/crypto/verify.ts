import sodium from 'sodium-native';

/** Shape of the one signature check, so that pure code can be handed it (or a stand-in, in the simulator). */
export type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/**
 * Rule `waggle-sig-1`: 64-byte signature, 32-byte key, S < L, canonical A and R of which neither is of small order,
 * cofactorless equation. libsodium's check is this rule once the lengths are right; it alone would accept trailing
 * bytes (reliability.md 4). `selfTestSignatures` proves the engine at start.
 */
export const verify: Verify = (publicKey, message, signature) => {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  return sodium.crypto_sign_verify_detached(asBuffer(signature), asBuffer(message), asBuffer(publicKey));
};

/** The engine asks for Buffers; this is a view, not a copy. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
