import type { Random } from '../../consensus/sim/random.ts';

/** Numbers at which readers break: nothing, one, signs, and the edges of 8, 16, 32, 53 and 64 bits; big-endian. */
const EDGES: readonly (readonly number[])[] = [
  [0],
  [1],
  [0x7f],
  [0x80],
  [0xff],
  [0x7f, 0xff],
  [0xff, 0xff],
  [0x00, 0x10, 0x00, 0x01],
  [0x7f, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0xff],
  [0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x00, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
  [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  // A varint that never ends, and CBOR heads of strings, lists and maps of 2^31 - 1 and 2^64 - 1.
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
  [0x5a, 0x7f, 0xff, 0xff, 0xff],
  [0x9a, 0x7f, 0xff, 0xff, 0xff],
  [0x9a, 0x00, 0x20, 0x00, 0x01],
  [0xba, 0x7f, 0xff, 0xff, 0xff],
  [0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xbb, 0x00, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00],
];
const STEPS_MAX = 4;
/** Longer than any cap on what a stranger may send would be slow to make and is refused by its length alone. */
const GROWN_BYTES_MAX = 256 * 1024;

type Mutation = (random: Random, bytes: Uint8Array, other: Uint8Array) => Uint8Array;

const MUTATIONS: readonly Mutation[] = [flip, flip, overwrite, overwrite, cut, splice, repeat, remove, insert, sweep];

/** Bytes near `bytes`: a few changes, one on top of the other; `other` is another recorded message to splice with. */
export function mutate(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  let mutated = bytes;
  for (let left = random.between(1, STEPS_MAX); left > 0; left--) {
    mutated = random.pick(MUTATIONS)(random, mutated, other);
  }
  return mutated.length > GROWN_BYTES_MAX && bytes.length <= GROWN_BYTES_MAX
    ? mutated.slice(0, GROWN_BYTES_MAX)
    : mutated;
}

/** Bytes without any origin. */
export function noise(random: Random, lengthMax: number): Uint8Array {
  return Uint8Array.from({ length: random.below(lengthMax + 1) }, () => random.below(256));
}

/** Places near the front hold kinds, lengths and counts: they are hit as often as all the rest. */
function placeIn(random: Random, bytes: Uint8Array): number {
  return random.below(Math.max(1, random.chance(0.5) ? Math.min(bytes.length, 48) : bytes.length));
}

function flip(random: Random, bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  for (let left = random.pick([1, 1, 1, 3, 16]); left > 0 && out.length > 0; left--) {
    const at = placeIn(random, out);
    out[at] = (out[at] ?? 0) ^ (1 << random.below(8));
  }
  return out;
}

function overwrite(random: Random, bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  const edge = random.pick(EDGES);
  const at = placeIn(random, out);
  for (const [offset, byte] of edge.entries()) if (at + offset < out.length) out[at + offset] = byte;
  return out;
}

function cut(random: Random, bytes: Uint8Array): Uint8Array {
  return bytes.slice(0, placeIn(random, bytes));
}

function splice(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  return join(bytes.subarray(0, placeIn(random, bytes)), other.subarray(placeIn(random, other)));
}

function repeat(random: Random, bytes: Uint8Array): Uint8Array {
  const at = placeIn(random, bytes);
  const part = bytes.subarray(at, at + random.pick([1, 2, 8, 32, 64, 100]));
  const times = Array.from({ length: random.pick([1, 1, 2, 16, 300]) }, () => part);
  return join(bytes.subarray(0, at), ...times, bytes.subarray(at));
}

function remove(random: Random, bytes: Uint8Array): Uint8Array {
  const at = placeIn(random, bytes);
  return join(bytes.subarray(0, at), bytes.subarray(at + random.pick([1, 2, 4, 8, 32, 64])));
}

function insert(random: Random, bytes: Uint8Array): Uint8Array {
  const at = placeIn(random, bytes);
  const part = random.chance(0.5) ? Uint8Array.from(random.pick(EDGES)) : noise(random, 40);
  return join(bytes.subarray(0, at), part, bytes.subarray(at));
}

/** A whole range of one value. */
function sweep(random: Random, bytes: Uint8Array): Uint8Array {
  const at = placeIn(random, bytes);
  const out = bytes.slice();
  return out.fill(random.pick([0, 0xff, 0x80, random.below(256)]), at, at + random.pick([2, 4, 8, 32, 64]));
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
