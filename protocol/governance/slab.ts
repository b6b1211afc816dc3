/**
 * Bytes of what is kept for good, side by side in slabs: memory of its own costs each small piece two hundred bytes more,
 * and an allocation outside of the heap. A slab stays until nothing of it is kept any more, so it is small: what one piece
 * can hold in memory beyond itself is one slab.
 */
const SLAB_BYTES = 4_096;
/** What is longer stands alone. */
const SHARED_BYTES_MAX = 1_024;
let slab = new Uint8Array(0);
let used = 0;

/** A copy of the bytes: a view would keep what they are part of, its whole segment, in memory. */
export function keepBytes(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (length > SHARED_BYTES_MAX) return new Uint8Array(bytes);
  if (used + length > slab.length) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  const from = used;
  used += length;
  slab.set(bytes, from);
  return slab.subarray(from, used);
}
