import { sha256 } from '#sha256';
import type { Tag } from './tags.ts';

/** 32 bytes of SHA-256. */
export type Hash = Uint8Array;

export const ZERO_HASH: Hash = new Uint8Array(32);

const PREFIXES = new Map<Tag, Uint8Array>();

function prefixOf(tag: Tag): Uint8Array {
  let prefix = PREFIXES.get(tag);
  if (prefix === undefined) {
    prefix = new TextEncoder().encode(`${tag}\0`);
    PREFIXES.set(tag, prefix);
  }
  return prefix;
}

/** H(tag, parts) = sha256(utf8(tag) ‖ 0x00 ‖ parts…): no object's hash is ever another kind's (protocol.md). */
export function tagged(tag: Tag, ...parts: readonly Uint8Array[]): Hash {
  return sha256(prefixOf(tag), ...parts);
}

/** For public values; not constant-time. */
export function hashesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
