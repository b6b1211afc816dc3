import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as ed25519 from '@noble/ed25519';
import sodium from 'sodium-native';
import { SIGNATURE_CASES, selfTestSignatures } from '../../crypto/self-test.ts';
import { SPECCHECK_CASES } from '../../crypto/speccheck-cases.ts';
import { type Verify, verify } from '../../crypto/verify.ts';
import { WaggleError } from '../../errors.ts';

ed25519.hashes.sha512 = (message) => new Uint8Array(createHash('sha512').update(message).digest());

/** The case at which the self-test stops, or undefined. */
function stopsAt(engine: Verify): string | undefined {
  try {
    selfTestSignatures(engine);
  } catch (error) {
    assert.ok(error instanceof WaggleError);
    assert.equal(error.code, 'WAGGLE_CRYPTO_ENGINE');
    return String(error.facts.case);
  }
  return undefined;
}

test('the engine in use is the rule', () => {
  assert.equal(stopsAt(verify), undefined);
  assert.ok(SIGNATURE_CASES.length >= 30);
  assert.equal(new Set(SIGNATURE_CASES.map(({ name }) => name)).size, SIGNATURE_CASES.length);
});

test('an engine that differs in any one case is refused at that case', () => {
  for (const [index, { name }] of SIGNATURE_CASES.entries()) {
    let asked = 0;
    const differing: Verify = (...input) => (asked++ === index) !== verify(...input);
    assert.equal(stopsAt(differing), name);
  }
});

test('engines known to be laxer are refused', () => {
  const zip215: Verify = (publicKey, message, signature) => {
    try {
      return ed25519.verify(signature, message, publicKey);
    } catch {
      return false;
    }
  };
  assert.equal(stopsAt(zip215), SPECCHECK_CASES[0]?.name);
  const lengthsUnchecked: Verify = (publicKey, message, signature) => {
    if (publicKey.length !== 32 || signature.length < 64) return false;
    return sodium.crypto_sign_verify_detached(Buffer.from(signature), Buffer.from(message), Buffer.from(publicKey));
  };
  assert.equal(stopsAt(lengthsUnchecked), '65 bytes of signature');
  assert.equal(
    stopsAt(() => true),
    SPECCHECK_CASES[0]?.name,
  );
  assert.equal(
    stopsAt(() => false),
    SPECCHECK_CASES[3]?.name,
  );
});

test('cases that hold by the bare equation are among them, so that the strict checks are what refuses them', () => {
  const accepted = SIGNATURE_CASES.filter(({ publicKey, message, signature, valid }) => {
    if (valid || publicKey.length !== 64 || signature.length !== 128) return false;
    const bytes = [signature, message, publicKey].map((hex) => Uint8Array.from(Buffer.from(hex, 'hex')));
    return ed25519.verify(...(bytes as [Uint8Array, Uint8Array, Uint8Array]));
  });
  const names = accepted.map(({ name }) => name);
  for (const wanted of ['identity key, zero S', 'identity key, S of one', 'identity key spelled p + 1']) {
    assert.ok(names.includes(wanted), `${wanted}: ${names.join('; ')}`);
  }
});

test('the table is the published one', () => {
  const path = new URL('../../vectors/external-speccheck.json', import.meta.url);
  const { cases } = JSON.parse(readFileSync(path, 'utf8')) as { cases: object[] };
  assert.deepEqual(
    SPECCHECK_CASES.map(({ name: _, ...rest }) => rest),
    cases,
  );
  assert.equal(SPECCHECK_CASES.map(({ valid }) => (valid ? 'V' : 'X')).join(''), 'XXXVXXXXXXXX');
});
