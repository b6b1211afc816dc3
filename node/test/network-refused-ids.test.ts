import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GossipSubComponents } from '@chainsafe/libp2p-gossipsub';
import { Counters } from '../network/counters.ts';
import { Gossip } from '../network/gossip/gossip.ts';

/** What the library remembers of what it saw. */
interface Seen {
  readonly seenCache: { readonly size: number; put(id: string): unknown };
}

const SILENT = Object.assign(() => undefined, { error: () => undefined, trace: () => undefined, enabled: false });
const IDS_MAX = 65_536;

test('refused segments are remembered up to a bound, accepted ones beyond it', () => {
  const counters = new Counters();
  const gossip = new Gossip({ chain8: 'c0ffee00', shards: 1, gossipBytesMax: 1_024, peersMax: 4 }, counters);
  // Made and not started: nothing else of a node is asked for.
  const components = { logger: { forComponent: () => SILENT } } as unknown as GossipSubComponents;
  const { seenCache } = gossip.service()(components) as unknown as Seen;
  const settle = (byte: number, verdict: 'accept' | 'ignore') => {
    gossip.settle('p1', { shard: 1, bytes: Uint8Array.of(byte), verdict });
    return seenCache.size;
  };
  assert.equal(settle(1, 'ignore'), 1);
  for (let id = 1; id < IDS_MAX - 1; id += 1) seenCache.put(String(id));
  assert.equal(settle(2, 'ignore'), IDS_MAX);
  assert.equal(settle(3, 'ignore'), IDS_MAX);
  assert.equal(settle(4, 'accept'), IDS_MAX + 1);
  assert.equal(counters.get('gossip.kept'), 1);
});
