import { sha256 as noble } from '@noble/hashes/sha2.js';

/** As `sha256.ts`, where there is no `node:crypto`: the default of `#sha256` in package.json, for browsers. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = noble.create();
  for (const part of parts) hash.update(part);
  return hash.digest();
}
