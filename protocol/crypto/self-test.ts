import { WaggleError } from '../errors.ts';
import { fromHex, toHex } from '../hex.ts';
import { type SignatureCase, SPECCHECK_CASES } from './speccheck-cases.ts';
import { type Verify, verify as verifyStrictly } from './verify.ts';

/** RFC 8032 7.1, TEST 2 and TEST 3: what every engine accepts. */
const GOOD = {
  publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
  message: '72',
  signature:
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
    '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
};
const OTHER = {
  publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
  message: 'af82',
  signature:
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac' +
    '18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
};

const R = GOOD.signature.slice(0, 64);
const S = GOOD.signature.slice(64);
const ZERO = '00'.repeat(32);
const IDENTITY = `01${'00'.repeat(31)}`;
/** The same point with its sign bit set, and spelled as p + 1. */
const IDENTITY_SIGNED = `01${'00'.repeat(30)}80`;
const IDENTITY_LONG = `ee${'ff'.repeat(30)}7f`;
/** The base point: with S = 1 it is R of a signature by the identity key, for every message. */
const BASE = `58${'66'.repeat(31)}`;
const ONE = IDENTITY;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** S + times·L, which many an engine takes for S. Little-endian, 32 bytes. */
function addOrder(scalar: string, times: bigint): string {
  const value = BigInt(`0x${toHex(fromHex(scalar).toReversed())}`) + times * ORDER;
  return toHex(fromHex(value.toString(16).padStart(64, '0')).toReversed());
}

function flip(hex: string, at: number): string {
  const bytes = fromHex(hex);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return toHex(bytes);
}

/** A refusal: the good signature with something changed. */
function refused(name: string, changed: Partial<typeof GOOD>): SignatureCase {
  return { name, ...GOOD, ...changed, valid: false };
}

/** What rule `waggle-sig-1` takes and refuses, case by case; engines in use differ on most of them. */
export const SIGNATURE_CASES: readonly SignatureCase[] = [
  ...SPECCHECK_CASES,
  { name: 'good', ...GOOD, valid: true },
  { name: 'another good', ...OTHER, valid: true },
  refused('wrong message', { message: '73' }),
  refused('empty message', { message: '' }),
  refused('wrong key', { publicKey: OTHER.publicKey }),
  refused('changed R', { signature: flip(GOOD.signature, 0) }),
  refused('changed S', { signature: flip(GOOD.signature, 32) }),
  refused('no signature', { signature: '' }),
  refused('63 bytes of signature', { signature: GOOD.signature.slice(0, 126) }),
  refused('65 bytes of signature', { signature: `${GOOD.signature}00` }),
  refused('128 bytes of signature', { signature: GOOD.signature.repeat(2) }),
  refused('no key', { publicKey: '' }),
  refused('31 bytes of key', { publicKey: GOOD.publicKey.slice(0, 62) }),
  refused('33 bytes of key', { publicKey: `${GOOD.publicKey}00` }),
  refused('S + L', { signature: R + addOrder(S, 1n) }),
  refused('S + 8 L', { signature: R + addOrder(S, 8n) }),
  refused('zero signature', { signature: ZERO + ZERO }),
  refused('identity key, zero S', { publicKey: IDENTITY, signature: IDENTITY + ZERO }),
  refused('identity key, S of one', { publicKey: IDENTITY, signature: BASE + ONE }),
  refused('identity key with its sign bit', { publicKey: IDENTITY_SIGNED, signature: BASE + ONE }),
  refused('identity key spelled p + 1', { publicKey: IDENTITY_LONG, signature: BASE + ONE }),
  refused('zero key', { publicKey: ZERO, signature: ZERO + ZERO }),
  refused('zero key, S of one', { publicKey: ZERO, signature: BASE + ONE }),
  refused('no point', { publicKey: `02${'00'.repeat(31)}` }),
];

/**
 * Run at node start: an engine that answers one case otherwise would sooner or later fork this node from the others.
 * @throws WaggleError WAGGLE_CRYPTO_ENGINE {case}
 */
export function selfTestSignatures(verify: Verify = verifyStrictly): void {
  for (const { name, publicKey, message, signature, valid } of SIGNATURE_CASES) {
    if (verify(fromHex(publicKey), fromHex(message), fromHex(signature)) !== valid) {
      throw new WaggleError('WAGGLE_CRYPTO_ENGINE', { case: name });
    }
  }
}
