import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { RPC_LIMITS } from '../rpc/limits.ts';
import { createTokenVerifier, includesScope, TokenGate, type TokenHash, type TokenVerifier } from '../rpc/tokens.ts';

const verifierOf = (hashes: readonly TokenHash[]): TokenVerifier => createTokenVerifier(() => hashes);
const sha256Hex = (token: string): string => createHash('sha256').update(token).digest('hex');

test('a token has the scope of its hash and nothing near it has one', () => {
  const verify = verifierOf([
    { sha256Hex: sha256Hex('one'), scope: 'operator' },
    { sha256Hex: sha256Hex('two'), scope: 'admin' },
  ]);
  assert.equal(verify('one'), 'operator');
  assert.equal(verify('two'), 'admin');
  for (const wrong of ['', 'on', 'onee', 'One', sha256Hex('one'), '\ud800'])
    assert.equal(verify(wrong), undefined, wrong);
});

test('hashes that are none let nobody in', () => {
  const verify = verifierOf([
    { sha256Hex: '', scope: 'admin' },
    { sha256Hex: 'zz'.repeat(32), scope: 'admin' },
    { sha256Hex: sha256Hex('one').slice(0, 62), scope: 'admin' },
  ]);
  for (const token of ['', 'one', 'zz']) assert.equal(verify(token), undefined);
});

test('one token under both scopes is the admin', () => {
  for (const scopes of [
    ['operator', 'admin'],
    ['admin', 'operator'],
  ] as const) {
    assert.equal(verifierOf(scopes.map((scope) => ({ sha256Hex: sha256Hex('x'), scope })))('x'), 'admin');
  }
});

test('admin includes operator, and nothing includes admin but itself', () => {
  assert.equal(includesScope('admin', 'operator'), true);
  assert.equal(includesScope('operator', 'operator'), true);
  assert.equal(includesScope('operator', 'admin'), false);
  assert.equal(includesScope(undefined, 'operator'), false);
});

test('wrong tokens are counted by address and forgotten after the window', () => {
  let nowMs = 0;
  const gate = new TokenGate(verifierOf([{ sha256Hex: sha256Hex('x'), scope: 'operator' }]), () => nowMs);
  for (let at = 0; at < RPC_LIMITS.guessesMax; at++)
    assert.deepEqual(gate.check(`no-${at}`, 'a'), { refused: 'wrong' });
  assert.deepEqual(gate.check('x', 'a'), { refused: 'limited' });
  const proven = gate.check('x', 'b');
  assert.equal('scope' in proven && proven.scope, 'operator');
  assert.deepEqual(gate.check('x', 'a'), proven, 'proven by now');
  nowMs += RPC_LIMITS.guessWindowMs;
  assert.deepEqual(gate.check('no', 'a'), { refused: 'wrong' });
});
