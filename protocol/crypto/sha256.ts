import { createHash, hash } from 'node:crypto';

/** Nearly all that is hashed is shorter: an item, a leaf, two siblings. */
const GATHERED_BYTES_MAX = 1_024;
const GATHERED = new Uint8Array(GATHERED_BYTES_MAX);
/** Views of the first n bytes, made once each: a view costs more than gathering the bytes. */
const VIEWS: (Uint8Array | undefined)[] = [];

/**
 * SHA-256 over the concatenation of the parts. What is short is gathered and hashed in one native call, and the digest
 * comes back as a string: a Buffer would cost more than the hash, in memory outside of the heap that has to be collected.
 * What is long is hashed where it lies.
 */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  return fromLatin1(length <= GATHERED_BYTES_MAX ? hashGathered(parts, length) : hashInPlace(parts));
}

function hashGathered(parts: readonly Uint8Array[], length: number): string {
  let at = 0;
  for (const part of parts) {
    GATHERED.set(part, at);
    at += part.length;
  }
  let view = VIEWS[length];
  if (view === undefined) {
    view = GATHERED.subarray(0, length);
    VIEWS[length] = view;
  }
  return hash('sha256', view, 'binary');
}

function hashInPlace(parts: readonly Uint8Array[]): string {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return hash('sha256', only, 'binary');
  const hasher = createHash('sha256');
  for (const part of parts) hasher.update(part);
  return hasher.digest('binary');
}

function fromLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(32);
  for (let at = 0; at < 32; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
