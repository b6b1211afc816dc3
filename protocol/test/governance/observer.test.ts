import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyPair } from '../../crypto/keys.ts';
import { admittedObservers } from '../../governance/lookups.ts';
import { observerAdmitBody, observerRemoveBody } from '../../governance/operations/observer.ts';
import { modelRegisterBody, modelUpdateBody } from '../../governance/operations/registry.ts';
import { parseId } from '../../ids.ts';
import { LIMITS } from '../../limits.ts';
import type { Outcome } from '../../outcome.ts';
import { ADMINS, openWorld, STRANGER, VALIDATORS, voterKey, type World } from './world.ts';

const [first = STRANGER, second = STRANGER] = VALIDATORS;
const acme = parseId('acme');

/** 52 characters that look like an ed25519 peer id; the ledger does not ask for more. */
const peerOf = (at: number): string => `12D3KooW${at.toString(2).padStart(44, '0').replaceAll('0', 'z')}`;

function admit(world: World, name: string, peer: string, by: readonly KeyPair[] = [first]): Outcome {
  return world.apply(world.operation('observer.admit', observerAdmitBody({ name: parseId(name), peer }), by)).outcome;
}

function remove(world: World, name: string, by: readonly KeyPair[]): Outcome {
  return world.apply(world.operation('observer.remove', observerRemoveBody({ name: parseId(name) }), by)).outcome;
}

test('a validator admits, its own key or the admins remove, and the name can be admitted again', () => {
  const world = openWorld();
  const outcomes = [
    admit(world, 'acme', peerOf(1), [STRANGER]),
    admit(world, 'acme', 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG'),
    admit(world, 'node1', peerOf(1)),
    admit(world, 'acme', peerOf(1)),
    admit(world, 'acme', peerOf(2)),
    admit(world, 'other', peerOf(1), [second]),
    remove(world, 'nobody', [first]),
    remove(world, 'acme', [second]),
    remove(world, 'acme', [first]),
    remove(world, 'acme', [first]),
    admit(world, 'acme', peerOf(2), [second]),
    remove(world, 'acme', ADMINS),
  ];
  assert.deepEqual(outcomes, [
    'forbidden',
    'malformed',
    'conflict',
    'applied',
    'conflict',
    'conflict',
    'not-eligible',
    'forbidden',
    'applied',
    'not-eligible',
    'applied',
    'applied',
  ]);
  assert.deepEqual(admittedObservers(world.state), []);
});

test('one validator fills its own places only', () => {
  const world = openWorld();
  for (let at = 0; at < LIMITS.observersPerSponsorMax; at++) {
    assert.equal(admit(world, `acme-${at}`, peerOf(at)), 'applied');
  }
  assert.equal(admit(world, 'one-more', peerOf(90)), 'forbidden');
  assert.equal(admit(world, 'one-more', peerOf(90), [second]), 'applied');
});

test('a model of an observer votes by its own key only', () => {
  const world = openWorld();
  const key = voterKey(30).publicKey;
  const register = (auth: 'voter' | 'operator', operator = acme): Outcome => {
    const models = [{ id: parseId('m'), key, operator, auth }];
    return world.apply(world.operation('model.register', modelRegisterBody({ models }), ADMINS)).outcome;
  };
  const update = (change: object): Outcome =>
    world.apply(world.operation('model.update', modelUpdateBody({ id: parseId('m'), ...change }), ADMINS)).outcome;
  assert.equal(register('voter'), 'not-eligible');
  assert.equal(admit(world, 'acme', peerOf(1)), 'applied');
  assert.equal(register('operator'), 'not-eligible');
  assert.equal(register('voter'), 'applied');
  assert.equal(update({ auth: 'operator' }), 'not-eligible');
  assert.equal(update({ operator: parseId('node2'), auth: 'operator' }), 'applied');
  assert.equal(update({ operator: acme }), 'not-eligible');
  assert.equal(update({ operator: acme, auth: 'voter' }), 'applied');
});
