import { defaultCrypto } from '@chainsafe/libp2p-noise/crypto';
import { seal, unseal } from '../../../protocol/crypto/aead.ts';

/** From here on Node's own cipher is the faster one, for what it costs to begin. */
const LARGE_BYTES = 16 * 1024;

/**
 * Noise's cryptography with libsodium's cipher for messages that are not large. The library has WebAssembly for small ones and
 * Node's streams of cipher text for others: twice to five times the CPU for what consensus sends most.
 */
export const noiseCrypto: typeof defaultCrypto = {
  ...defaultCrypto,
  chaCha20Poly1305Encrypt(text, nonce, attached, key) {
    if (text.byteLength >= LARGE_BYTES) return defaultCrypto.chaCha20Poly1305Encrypt(text, nonce, attached, key);
    return seal(text.subarray(), nonce, attached, key);
  },
  chaCha20Poly1305Decrypt(sealed, nonce, attached, key, text) {
    if (sealed.byteLength >= LARGE_BYTES) {
      return defaultCrypto.chaCha20Poly1305Decrypt(sealed, nonce, attached, key, text);
    }
    return unseal(sealed.subarray(), nonce, attached, key, text);
  },
};
