import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ZERO_HASH } from '../../protocol/hash.ts';
import { parseId } from '../../protocol/ids.ts';
import { createRoster } from '../../protocol/roster.ts';
import { checkDialNames, rosterPeers } from '../driver/engine-options.ts';
import { peerIdOf } from '../network/identity.ts';

const PEERS = [peerIdOf(new Uint8Array(32).fill(1)), `12D3KooW${'z'.repeat(44)}`];
const VALIDATORS = PEERS.map((peer, at) => {
  return { name: parseId(`v${at}`), key: new Uint8Array(32).fill(at), peer, addrs: ['/ip4/127.0.0.1/tcp/1'] };
});
const dialed = new Map([['v0', '/ip4/10.0.0.1/tcp/2']]);

test('what only looks like a peer is left out of a later roster, and is for the network to refuse in genesis', () => {
  const peersIn = (epoch: number) => rosterPeers({ dial: dialed })(createRoster(ZERO_HASH, epoch, VALIDATORS));
  assert.deepEqual(
    peersIn(0).map(({ name }) => name),
    ['v0', 'v1'],
  );
  assert.deepEqual(peersIn(1), [{ name: 'v0', peer: PEERS[0], addrs: ['/ip4/10.0.0.1/tcp/2'], validator: true }]);
});

test('an address may be given for a validator of genesis or of now, and a misspelt name is told', () => {
  const [first, second] = VALIDATORS;
  assert.ok(first && second);
  const places = (...names: string[]) => ({
    identity: { roster: createRoster(ZERO_HASH, 0, [first]) },
    dial: new Map(names.map((name) => [name, '/ip4/10.0.0.1/tcp/2'])),
  });
  const now = createRoster(ZERO_HASH, 3, [second]);
  assert.doesNotThrow(() => checkDialNames(places('v0', 'v1'), now));
  assert.throws(() => checkDialNames(places('v0', 'v2'), now), { code: 'WAGGLE_CONFIG_VALUE' });
});
