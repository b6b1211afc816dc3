import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Replica } from '../../consensus/replica-state.ts';
import { ZERO_HASH } from '../../protocol/hash.ts';
import { AgentRoom, createBatching } from '../driver/agent-room.ts';
import type { PeerStatus } from '../network/peers.ts';

function peer(name: string, changed: Partial<PeerStatus> = {}): PeerStatus {
  const link = { address: '', direction: 'inbound', connected: true, sentBytes: 0, latencyMs: 3 } as const;
  return { name, peer: `p-${name}`, validator: true, ...link, ...changed };
}

/** What the agent asks of a replica that has sealed nothing yet. */
const REPLICA = {
  config: { self: 0, shards: 1, roster: { validators: [0, 1, 2, 3] } },
  pool: { waiting: () => 1 },
  authors: { tip: () => ({ height: 0 }) },
  chains: { of: () => ({ executed: { height: 0 } }) },
} as unknown as Replica;

test('links are those to connected validators: an observer may be as slow as it likes', (t) => {
  let nowMs = 1_000;
  t.mock.timers.enable({ apis: ['setInterval'] });
  t.mock.method(performance, 'now', () => nowMs);
  const peers = [peer('v1'), peer('v2', { connected: false }), peer('o1', { validator: false, latencyMs: 9_000 })];
  const room = new AgentRoom({
    replica: REPLICA,
    journal: { stats: () => ({ syncs: 0, lastSyncMs: 0 }) } as never,
    batching: createBatching('fixed', { blockIntervalMs: 25 }),
    peers: () => peers,
  });
  t.after(() => room.stop());
  const item = { kind: 1, bytes: new Uint8Array(1) };
  room.watched(() => true)({ kind: 'submit', shard: 1, item, id: ZERO_HASH });
  nowMs += 100;
  t.mock.timers.tick(100);
  assert.deepEqual(room.facts().last?.sample.machine?.links, [{ peer: 'v1', bytesPerS: 0, roundTripMs: 3 }]);
});
