import { createHash } from 'node:crypto';

/** SHA-256 over the concatenation of the parts, without copying them together. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  const digest = hash.digest();
  return new Uint8Array(digest.buffer, digest.byteOffset, 32);
}
