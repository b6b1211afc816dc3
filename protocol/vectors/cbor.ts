import { type CborValue, decodeCanonical, encodeCanonical } from '../codec/cbor.ts';
import { codeOf } from '../errors.ts';
import { fromHex } from '../hex.ts';
import { show } from './fixtures/show.ts';

const VALUES: readonly CborValue[] = [
  null,
  false,
  true,
  0,
  23,
  24,
  255,
  256,
  65_536,
  4_294_967_296,
  Number.MAX_SAFE_INTEGER,
  -1,
  -25,
  Number.MIN_SAFE_INTEGER,
  '',
  'a',
  'Überprüfung',
  new Uint8Array(0),
  Uint8Array.of(1, 2, 3),
  [],
  [1, [2, 'three']],
  {},
  { b: 1, a: 2, aa: 3 },
  { list: [null, true], map: { x: 'y' } },
];

/** Bytes that are no canonical value, with the reason beside them. */
const REFUSED: readonly (readonly [reason: string, hex: string])[] = [
  ['nothing', ''],
  ['trailing byte', '0000'],
  ['integer not minimal', '1817'],
  ['length not minimal', '580101'],
  ['beyond safe integers', '1b0020000000000000'],
  ['beyond safe integers, negative', '3b001fffffffffffff'],
  ['float', 'fb3ff0000000000000'],
  ['half float', 'f93c00'],
  ['undefined', 'f7'],
  ['tag', 'c100'],
  ['indefinite length', '9fff'],
  ['keys not sorted', 'a2616201616102'],
  ['longer key first', 'a262616101616202'],
  ['key twice', 'a2616101616102'],
  ['key no text', 'a10101'],
  ['text not UTF-8', '61ff'],
  ['text not NFC', '6365cc81'],
  ['text with a bidi override', '63e280ae'],
  ['text with a control', '6107'],
  ['short', '6261'],
  ['more items than bytes', '9a00ffffff'],
  ['too deep', '8181818181'],
];

export function vectors(): unknown {
  const limits = { bytesMax: 1024, depthMax: 3, itemsMax: 100 };
  return show({
    accepted: VALUES.map((value) => ({ value, bytes: encodeCanonical(value) })),
    refused: REFUSED.map(([reason, bytes]) => ({ reason, bytes, code: refusal(fromHex(bytes), limits) })),
  });
}

function refusal(bytes: Uint8Array, limits: { bytesMax: number; depthMax: number; itemsMax: number }): string {
  try {
    decodeCanonical(bytes, limits);
    return 'accepted';
  } catch (error) {
    return codeOf(error) ?? 'other';
  }
}
