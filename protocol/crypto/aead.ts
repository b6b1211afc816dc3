import sodium from 'sodium-native';

/** ChaCha20-Poly1305 of RFC 8439: what it seals is this much longer. */
const TAG_BYTES = 16;

/** `attached` is not sealed, but proven with what is. A nonce is used once with a key. */
export function seal(text: Uint8Array, nonce: Uint8Array, attached: Uint8Array, key: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(text.byteLength + TAG_BYTES);
  sodium.crypto_aead_chacha20poly1305_ietf_encrypt(sealed, text, attached, null, nonce, key);
  return sealed;
}

/**
 * The text of what was sealed, in `text` when that is given: it may lie on the first bytes of `sealed`.
 * @throws Error when any byte is not as it was sealed
 */
export function unseal(
  sealed: Uint8Array,
  nonce: Uint8Array,
  attached: Uint8Array,
  key: Uint8Array,
  text: Uint8Array = new Uint8Array(Math.max(0, sealed.byteLength - TAG_BYTES)),
): Uint8Array {
  // It throws by itself; what it answers is judged too, since all that is received rests on it.
  const bytes = sodium.crypto_aead_chacha20poly1305_ietf_decrypt(text, null, sealed, attached, nonce, key);
  if (bytes !== text.byteLength) throw new Error('the seal is broken');
  return text;
}
