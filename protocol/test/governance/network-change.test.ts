import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CborValue } from '../../codec/cbor.ts';
import type { KeyPair } from '../../crypto/keys.ts';
import { openChange } from '../../governance/epochs.ts';
import type { OperationKind } from '../../governance/operation.ts';
import { changeNameBody, paramsProposeBody, rosterProposeBody } from '../../governance/operations/network-change.ts';
import { fromHex } from '../../hex.ts';
import { parseId } from '../../ids.ts';
import { LIMITS } from '../../limits.ts';
import type { Outcome } from '../../outcome.ts';
import { EpochWorld, genesisOf, NEWCOMER, peerOf, validator } from './epoch-world.ts';
import { ADMINS, pair, STRANGER, VALIDATORS } from './world.ts';

/** The identity and a point of order 8: keys that anybody could sign for. */
const SMALL_ORDER = ['01'.padEnd(64, '0'), '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'];
const [firstAdmin = STRANGER, secondAdmin = STRANGER] = ADMINS;
const [first = STRANGER, second = STRANGER] = VALIDATORS;

function refused(world: EpochWorld, expected: Outcome, run: () => Outcome, message?: string): void {
  const before = world.rows();
  assert.equal(run(), expected, message);
  assert.deepEqual(world.rows(), before, `${expected} changes nothing`);
}

const ADDRESS = '/ip4/127.0.0.1/tcp/4001';

/** A body as no maker of this code would write it. */
function raw(world: EpochWorld, kind: OperationKind, body: CborValue, signers: readonly KeyPair[] = ADMINS): Outcome {
  return world.apply(world.operation(kind, body, signers)).outcome;
}

test('a roster that cannot be the next one is refused, and nothing changes', () => {
  const world = new EpochWorld(genesisOf());
  const name = parseId('node1');
  const forbidden: readonly (readonly [string, Parameters<EpochWorld['rosterChange']>[0]])[] = [
    ['a key of another validator', { add: [validator('node5', first)] }],
    ['one key for two', { add: [validator('node5'), validator('node6', NEWCOMER, { peer: peerOf(41) })] }],
    ['a key rotated to that of another', { rotate: [{ name, key: second.publicKey }] }],
    ['a name twice', { add: [validator('node2')] }],
    ['a peer twice', { add: [validator('node5', NEWCOMER, { peer: peerOf(1) })] }],
    ['no peer', { add: [validator('node5', NEWCOMER, { peer: 'peer5' })] }],
    ...['127.0.0.1:4001', '/ip4', '/ip4//tcp', '/ip4/127.0.0.1/tcp/40 01', 'http://example.org/'].map(
      (address) => ['no address', { add: [validator('node5', NEWCOMER, { addrs: [ADDRESS, address] })] }] as const,
    ),
    ['three are too few', { remove: [name] }],
    ['nobody is left', { remove: [1, 2, 3, 4].map((at) => parseId(`node${at}`)) }],
    ['two at once', { add: [validator('node5'), validator('node6', pair(32), { peer: peerOf(41) })] }],
    ['one added and one rotated', { add: [validator('node5')], rotate: [{ name, key: pair(32).publicKey }] }],
    ...SMALL_ORDER.flatMap((hex) => {
      const key = fromHex(hex, 32);
      const changes = [
        { add: [{ ...validator('node5'), key }] },
        { rotate: [{ name, key }] },
        { admins: { keys: [key], threshold: 1 } },
      ];
      return changes.map((change) => ['a key of small order', change] as const);
    }),
    ['no admin', { admins: { keys: [], threshold: 1 } }],
    ['a threshold nobody reaches', { admins: { keys: [STRANGER.publicKey], threshold: 2 } }],
    ['an admin twice', { admins: { keys: [STRANGER.publicKey, STRANGER.publicKey], threshold: 1 } }],
  ];
  for (const [what, change] of forbidden) refused(world, 'forbidden', () => world.rosterChange(change), what);
  for (const change of [{ remove: [parseId('nobody')] }, { rotate: [{ name: parseId('x'), key: STRANGER.publicKey }] }])
    refused(world, 'not-eligible', () => world.rosterChange(change));
});

test('a body that leaves something out, or says more than is known, is malformed', () => {
  const world = new EpochWorld(genesisOf());
  const { key: _, ...keyless } = validator('node5');
  const rosters: readonly CborValue[] = [
    { epoch: 0 },
    { epoch: 0, add: [] },
    { add: [{ ...validator('node5') }] },
    { epoch: 0, add: [{ ...keyless }] },
    { epoch: 0, add: [{ ...validator('node5'), weight: 2 }] },
    { epoch: 0, add: [{ ...validator('node5') }], validators: [] },
    { epoch: 0, add: [{ ...validator('node5'), key: new Uint8Array(31) }] },
    { epoch: 0, add: [{ ...validator('node5'), addrs: ['x'.repeat(LIMITS.addressCharsMax + 1)] }] },
    { epoch: 0, remove: ['node1', 'node1'] },
    { epoch: 0, remove: ['node1'], rotate: [{ name: 'node1', key: NEWCOMER.publicKey }] },
    { epoch: 0, admins: { keys: [STRANGER.publicKey], threshold: 0 } },
  ];
  for (const body of rosters) refused(world, 'malformed', () => raw(world, 'roster.propose', body));
  const params: readonly CborValue[] = [
    { epoch: 0 },
    { epoch: 0, shards: 0 },
    { epoch: 0, shards: LIMITS.shardsMax + 1 },
    { epoch: 0, viewTimerMs: 9 },
    { epoch: 0, shards: 8, colour: 'red' },
    { epoch: 0, slots: new Uint8Array(LIMITS.slots - 1) },
  ];
  for (const body of params) refused(world, 'malformed', () => raw(world, 'params.propose', body));
  for (const kind of ['roster.ready', 'change.withdraw'] as const) {
    for (const body of [{ epoch: 0 }, { epoch: 0, change: new Uint8Array(31) }] as const)
      refused(world, 'malformed', () => raw(world, kind, body));
  }
  const named = changeNameBody({ epoch: 0, change: world.state.chain });
  const counted = () => world.apply(world.operation('roster.ready', named, [NEWCOMER], { seq: 1 })).outcome;
  refused(world, 'malformed', counted, 'a ready that would use up a seq');
});

test('unusable slots and a lowered version are refused', () => {
  const world = new EpochWorld({ ...genesisOf(), params: { ...genesisOf().params, version: 3 } });
  const dealt = (shards: number) => Uint8Array.from({ length: LIMITS.slots }, (_, slot) => 1 + (slot % shards));
  refused(world, 'forbidden', () => world.paramsChange({ slots: dealt(4).map((shard) => shard - 1) }), 'shard 0');
  refused(world, 'forbidden', () => world.paramsChange({ slots: dealt(5) }), 'a shard there is not');
  refused(world, 'forbidden', () => world.paramsChange({ slots: dealt(3) }), 'a shard without slots');
  refused(world, 'forbidden', () => world.paramsChange({ shards: 2, slots: dealt(4) }));
  refused(world, 'forbidden', () => world.paramsChange({ version: 2 }));
  assert.equal(world.paramsChange({ version: 3, slots: dealt(4).reverse() }), 'applied');
  assert.equal(world.change().next.params.shards, 4);
});

test('below the threshold, or by others, nothing is proposed', () => {
  const world = new EpochWorld(genesisOf());
  const add = { add: [validator('node5')] };
  for (const signers of [[firstAdmin], [first, second], [firstAdmin, STRANGER]]) {
    refused(world, 'forbidden', () => world.rosterChange(add, signers));
    refused(world, 'forbidden', () => world.paramsChange({ shards: 8 }, signers));
  }
  const twisted = world.operation('roster.propose', rosterProposeBody({ epoch: 0, ...add }), ADMINS);
  const [one, ...others] = twisted.signatures;
  assert.ok(one);
  const spoilt = [{ ...one, signature: one.signature.map((byte) => byte ^ 1) }, ...others];
  refused(world, 'bad-signature', () => world.apply({ ...twisted, signatures: spoilt }).outcome);
  assert.equal(world.rosterChange(add, [STRANGER, firstAdmin, secondAdmin]), 'applied', 'whoever carries it');
});

test('a proposal is for one epoch, applied once, and alone', () => {
  const world = new EpochWorld(genesisOf());
  refused(world, 'conflict', () => world.rosterChange({ epoch: 1, add: [validator('node5')] }));
  refused(world, 'conflict', () => world.paramsChange({ epoch: 1, shards: 8 }));
  const signed = world.operation('roster.propose', rosterProposeBody({ epoch: 0, add: [validator('node5')] }), ADMINS);
  assert.deepEqual(world.block(signed), ['applied']);
  refused(world, 'stale', () => world.apply(signed).outcome);
  refused(world, 'conflict', () => world.rosterChange({ remove: [parseId('node1')] }));
  refused(world, 'conflict', () => world.paramsChange({ shards: 8 }));
  assert.equal(world.ready(NEWCOMER), 'applied');
  refused(world, 'conflict', () => world.paramsChange({ shards: 8 }), 'beside an approved one too');
  world.seal();
  refused(world, 'stale', () => world.apply(signed).outcome);
  const late = world.operation('params.propose', paramsProposeBody({ epoch: 0, shards: 8 }), ADMINS);
  refused(world, 'conflict', () => world.apply(late).outcome, 'the epoch it was made for has ended');
  assert.equal(world.paramsChange({ shards: 8 }), 'applied');
});

test('who is new says so itself, once, and for the change that is open', () => {
  const world = new EpochWorld(genesisOf(7));
  const named = { epoch: 0, operation: world.state.chain };
  refused(world, 'not-eligible', () => world.ready(NEWCOMER, named), 'nothing is proposed');
  const other = pair(32);
  const add = [validator('node8'), validator('node9', other, { peer: peerOf(41) })];
  assert.equal(world.rosterChange({ add }), 'applied');
  const change = world.change();
  assert.equal(change.approvedHeight, undefined);
  refused(world, 'forbidden', () => world.ready(STRANGER));
  refused(world, 'forbidden', () => world.ready(first), 'who was there before need not');
  refused(world, 'not-eligible', () => world.ready(NEWCOMER, named), 'another change');
  refused(world, 'not-eligible', () => world.ready(NEWCOMER, { ...change, epoch: 1 }), 'another epoch');
  assert.equal(world.ready(NEWCOMER), 'applied');
  refused(world, 'forbidden', () => world.ready(NEWCOMER), 'twice');
  assert.equal(world.change().approvedHeight, undefined, 'one of two is there');
  world.height += 1;
  assert.equal(world.ready(other), 'applied');
  assert.equal(world.change().approvedHeight, world.height);
  refused(world, 'forbidden', () => world.ready(other), 'nobody is waited for');
});

test('a change is withdrawn by the admins while it waits, and never once a block may carry it', () => {
  const world = new EpochWorld(genesisOf());
  const add = { add: [validator('node5')] };
  refused(world, 'not-eligible', () => world.withdraw(ADMINS, world.state.chain));
  assert.equal(world.rosterChange(add), 'applied');
  const { operation } = world.change();
  refused(world, 'not-eligible', () => world.withdraw(ADMINS, world.state.chain));
  refused(world, 'forbidden', () => world.withdraw([firstAdmin]));
  refused(world, 'forbidden', () => world.withdraw([NEWCOMER, first]));
  assert.equal(world.withdraw(), 'applied');
  assert.equal(openChange(world.state), undefined);
  refused(world, 'not-eligible', () => world.withdraw(ADMINS, operation), 'twice');
  refused(world, 'not-eligible', () => world.ready(NEWCOMER, { epoch: 0, operation }));
  assert.equal(world.rosterChange(add), 'applied', 'the same may be proposed again');
  assert.equal(world.ready(NEWCOMER), 'applied');
  refused(world, 'conflict', () => world.withdraw());
  assert.equal(world.paramsChange({ shards: 8 }), 'conflict');
  world.seal();
  refused(world, 'not-eligible', () => world.withdraw(ADMINS, world.change(0).operation));
});
