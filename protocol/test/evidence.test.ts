import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { verify } from '../crypto/verify.ts';
import { WaggleError } from '../errors.ts';
import { decodeEvidence, verifyEvidence } from '../evidence.ts';
import { fromHex, toHex } from '../hex.ts';
import { CHAIN, filled, ROSTER } from '../vectors/fixtures/people.ts';

const VECTORS = JSON.parse(readFileSync(new URL('../vectors/evidence.json', import.meta.url), 'utf8')) as {
  kind: string;
  bytes: string;
}[];
const ENCODED = VECTORS.map(({ bytes }) => fromHex(bytes));

test('evidence decodes to what was encoded, and proves it under this network and epoch alone', () => {
  for (const [at, bytes] of ENCODED.entries()) {
    const evidence = decodeEvidence(bytes);
    assert.equal(evidence.kind, VECTORS[at]?.kind);
    assert.equal(toHex(evidence.bytes), toHex(bytes));
    assert.equal(verifyEvidence(CHAIN, ROSTER, evidence, verify), true);
    assert.equal(verifyEvidence(filled(9), ROSTER, evidence, verify), false);
    assert.equal(verifyEvidence(CHAIN, { ...ROSTER, epoch: 1 }, evidence, verify), false);
  }
});

test('no changed byte, cut or appended one is taken for proof', () => {
  const mutant = fc.record({
    at: fc.nat(ENCODED.length - 1),
    where: fc.double({ min: 0, max: 0.999, noNaN: true }),
    flip: fc.integer({ min: 1, max: 255 }),
    how: fc.constantFrom('flip', 'cut', 'append'),
  });
  fc.assert(
    fc.property(mutant, ({ at, where, flip, how }) => {
      const bytes = ENCODED[at] ?? filled(0);
      const index = Math.floor(where * bytes.length);
      const changed =
        how === 'cut' ? bytes.slice(0, index) : how === 'append' ? Uint8Array.of(...bytes, flip) : bytes.slice();
      if (how === 'flip') changed[index] = (changed[index] ?? 0) ^ flip;
      try {
        assert.equal(verifyEvidence(CHAIN, ROSTER, decodeEvidence(changed), verify), false);
      } catch (error) {
        if (!(error instanceof WaggleError)) throw error;
      }
    }),
    { numRuns: 400 },
  );
});

test('a pair in the other order is another encoding of the same fault, and refused', () => {
  const [votes] = ENCODED;
  assert.ok(votes !== undefined);
  const half = (votes.length - 1) / 2;
  const swapped = Uint8Array.of(votes[0] ?? 0, ...votes.subarray(1 + half), ...votes.subarray(1, 1 + half));
  assert.throws(() => decodeEvidence(swapped), { code: 'WAGGLE_EVIDENCE_ORDER' });
});
