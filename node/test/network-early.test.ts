import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GossipSubComponents, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub';
import { LIMITS } from '../../protocol/limits.ts';
import { Counters } from '../network/counters.ts';
import { Gossip, shardTopic, type Verdict } from '../network/gossip/gossip.ts';

/* What comes from who is in the next epoch already: of use in a moment, and advertised again until then. */

/** What of the library's router is looked at. */
interface Router {
  readonly seenCache: { readonly size: number };
  readonly topicValidators: ReadonlyMap<string, (from: unknown, message: object) => TopicValidatorResult>;
  readonly allowedTopics: ReadonlySet<string>;
  readonly opts: object;
  addEventListener: unknown;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  reportMessageValidationResult(id: string): void;
  validateReceivedMessage(from: { toString(): string }, message: object): Promise<{ code: string; msgIdStr?: string }>;
}

const SILENT = Object.assign(() => undefined, { error: () => undefined, trace: () => undefined, enabled: false });
const CHAIN8 = 'c0ffee00';

class Bench {
  readonly counters = new Counters();
  readonly gossip = new Gossip({ chain8: CHAIN8, shards: 2, gossipBytesMax: 1_024, peersMax: 4 }, this.counters);
  readonly topics = new Set<string>();
  readonly router: Router;
  hear: (event: { detail: object }) => void = () => undefined;
  verdict: Verdict = 'accept';

  constructor() {
    // Made and not started: nothing else of a node is asked for.
    const components = { logger: { forComponent: () => SILENT } } as unknown as GossipSubComponents;
    this.router = this.gossip.service()(components) as unknown as Router;
    this.router.subscribe = (topic) => void this.topics.add(topic);
    this.router.unsubscribe = (topic) => void this.topics.delete(topic);
    this.router.reportMessageValidationResult = () => undefined;
    this.router.addEventListener = (_: string, hear: (event: { detail: object }) => void) => {
      this.hear = hear;
    };
    this.gossip.subscribe(() => this.verdict);
  }

  /** A message on its way in: what the library makes of it, and what it remembers in the end. */
  async receive(shard: number, byte: number): Promise<{ code: string; seen: number }> {
    const message = { topic: shardTopic(CHAIN8, shard), data: Uint8Array.of(byte) };
    const { code, ...rest } = await this.router.validateReceivedMessage({ toString: () => 'p1' }, message);
    const { messageId } = rest as { messageId?: { msgIdStr: string } };
    if (code === 'valid') {
      this.hear({ detail: { propagationSource: 'p1', msgId: messageId?.msgIdStr, msg: message } });
      for (let left = 10; left > 0; left--) await Promise.resolve();
    }
    return { code, seen: this.router.seenCache.size };
  }
}

test('topics are those of the shards there are, and any that an epoch may have is allowed from the start', () => {
  const { gossip, topics, router } = new Bench();
  assert.equal(router.allowedTopics.size, LIMITS.shardsMax + 1);
  assert.equal(topics.size, 3);
  gossip.setShards(LIMITS.shardsMax);
  assert.equal(topics.size, LIMITS.shardsMax + 1);
  assert.equal(router.topicValidators.size, 0);
  gossip.setShards(1);
  assert.deepEqual([...topics], [shardTopic(CHAIN8, 0), shardTopic(CHAIN8, 1)]);
  gossip.stop();
  gossip.setShards(4);
  assert.equal(topics.size, 2, 'a network that stops joins nothing');
});

test('a message of a shard that is not yet there is dropped and forgotten, and taken once it is', async () => {
  const bench = new Bench();
  assert.equal((await bench.receive(3, 1)).seen, 0);
  assert.equal((await bench.receive(3, 1)).seen, 0);
  assert.equal(bench.counters.get('gossip.early'), 2);
  bench.gossip.setShards(3);
  assert.deepEqual(await bench.receive(3, 1), { code: 'valid', seen: 1 });
  assert.equal(bench.counters.get('gossip.accepted'), 1);
});

test('a segment of a later epoch is forgotten whichever way it came, and costs its sender nothing', async () => {
  const bench = new Bench();
  bench.verdict = 'early';
  for (let count = 0; count < 64; count += 1) assert.equal((await bench.receive(1, 7)).seen, 0);
  bench.gossip.settle('p1', { shard: 1, bytes: Uint8Array.of(7), verdict: 'early' });
  assert.equal(bench.router.seenCache.size, 0);
  assert.equal(bench.gossip.isMuted('p1'), false);
  bench.verdict = 'accept';
  assert.deepEqual(await bench.receive(1, 7), { code: 'valid', seen: 1 });
});
