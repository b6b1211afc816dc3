import { createHash } from 'node:crypto';
import {
  type GossipSub,
  type GossipSubComponents,
  type GossipsubMessage,
  type GossipsubOpts,
  gossipsub,
  StrictNoSign,
  TopicValidatorResult,
} from '@chainsafe/libp2p-gossipsub';
import { LIMITS } from '../../../protocol/limits.ts';
import type { Counters } from '../counters.ts';
import { MessageCache } from './message-cache.ts';
import { MuteList } from './mute-list.ts';

/** `early`: nobody's fault and of use later, so it is not remembered as seen. */
export type Verdict = 'accept' | 'ignore' | 'reject' | 'early';

export interface GossipOptions {
  readonly chain8: string;
  readonly shards: number;
  readonly gossipBytesMax: number;
  readonly peersMax: number;
}

/** A segment that came beside gossip, and what the driver made of it. */
export interface JudgedSegment {
  /** Undefined when it does not even say. */
  readonly shard: number | undefined;
  readonly bytes: Uint8Array;
  readonly verdict: Verdict;
}

/** The driver's judgement on a segment; `from` is the peer id of who forwarded it, who need not be its author. */
export type JudgeSegment = (from: string, shard: number, bytes: Uint8Array) => Verdict | Promise<Verdict>;

/** Members of the library's class that its exported interface leaves out; asynchronous validation needs the last. */
interface Router extends GossipSub {
  readonly peers: ReadonlyMap<string, unknown>;
  readonly streamsOutbound: ReadonlyMap<string, unknown>;
  /** Asked before a message is kept, where a topic has one. */
  readonly topicValidators: Map<
    string,
    (from: unknown, message: { topic: string; data: Uint8Array }) => TopicValidatorResult
  >;
  /** Ids that are not asked for when a peer advertises them. */
  readonly seenCache: {
    readonly size: number;
    readonly entries: Map<string, unknown>;
    has(id: string): boolean;
    put(id: string): unknown;
  };
  reportMessageValidationResult(id: string, from: string, verdict: TopicValidatorResult): void;
}

/** Heartbeats only repair: what was missed is advertised and fetched at the next one. */
const HEARTBEAT_MS = 500;
const WINDOWS = 6;
const WINDOWS_ADVERTISED = 3;
const SEEN_MS = 60_000;
const IDS_MAX = 1024;
const REPAIR_MESSAGES_MAX = 128;
/** Room in an RPC for control messages beside the messages themselves. */
const RPC_SLACK_BYTES = 256 * 1024;
const OUTBOUND_BYTES_MAX = 16 * 1024 * 1024;
/** Segments of one forwarding peer that may await their verdict at once; the rest is ignored, and fetched by chain. */
const PENDING_COUNT_MAX = 1024;
const PENDING_BYTES_MAX = 32 * 1024 * 1024;
/** Ids seen at a time up to which refused segments are remembered, too; 155 bytes each. */
const REFUSED_IDS_MAX = 65_536;
/** Whoever sends at once sends to all, nobody relays, heartbeats advertise to all; see the class. */
const FLOOD_WITHOUT_MESH = {
  floodPublish: true,
  D: 0,
  Dlo: 0,
  Dhi: 0,
  Dscore: 0,
  Dout: 0,
  gossipFactor: 1,
  tagMeshPeers: false,
  // IDONTWANT goes to mesh peers only, and there are none.
  idontwantMinDataSize: Number.MAX_SAFE_INTEGER,
  heartbeatInterval: HEARTBEAT_MS,
  mcacheLength: WINDOWS,
  mcacheGossip: WINDOWS_ADVERTISED,
  seenTTL: SEEN_MS,
} as const;
const SCORE_MUTED = -100;
const SCORE_REFUSED = -50;

/** `/waggle/1/<chain8>/shard/<k>` */
export function shardTopic(chain8: string, shard: number): string {
  return `/waggle/1/${chain8}/shard/${shard}`;
}

/**
 * Segments by gossipsub: one topic per shard, unsigned (the signature is in the segment), judged by the driver before anything
 * is passed on.
 *
 * Where frames reach all validators, gossip only keeps and advertises what they brought (`keep`); else the author floods a
 * segment to every peer it has (`publish`). Nobody relays it at once (D = 0): in a full mesh each relayed copy is
 * one more of what the receiver has. Whoever was missed learns the id at the next heartbeat and asks (IHAVE, IWANT); after that
 * there is sync. For the same reason validators are not `directPeers`: the library relays to those in any case, never advertises
 * to them, and cannot mute them. What rule 8 of reliability.md wants of direct peers holds without: only roster peers connect,
 * no score but a muting lowers their standing, and floods reach all of them.
 */
export class Gossip {
  readonly #options: GossipOptions;
  readonly #counters: Counters;
  readonly #shardOfTopic = new Map<string, number>();
  readonly #topicBytes = new Map<string, Uint8Array>();
  readonly #muted: MuteList;
  readonly #pending = new Map<string, { count: number; bytes: number }>();
  readonly #cache: MessageCache;
  #pubsub: Router | undefined;
  #shards: number;
  readonly #joined = new Set<string>();
  #isSubscribed = false;

  constructor(options: GossipOptions, counters: Counters) {
    this.#options = options;
    this.#counters = counters;
    this.#muted = new MuteList(counters);
    this.#shards = options.shards;
    // All that any epoch may have: the library asks once which topics there may be.
    for (let shard = 0; shard <= LIMITS.shardsMax; shard += 1) {
      const topic = shardTopic(options.chain8, shard);
      this.#shardOfTopic.set(topic, shard);
      this.#topicBytes.set(topic, new TextEncoder().encode(`${topic}\0`));
    }
    this.#cache = new MessageCache(
      {
        windows: WINDOWS,
        windowsAdvertised: WINDOWS_ADVERTISED,
        idsMax: IDS_MAX,
        askedBytesMax: 2 * options.gossipBytesMax,
        askedCountMax: REPAIR_MESSAGES_MAX,
      },
      counters,
    );
  }

  /** The service to register with libp2p; the last one made is the one used. */
  service(): (components: GossipSubComponents) => GossipSub {
    const make = gossipsub({
      globalSignaturePolicy: StrictNoSign,
      asyncValidation: true,
      msgIdFn: (message) => this.#messageId(message.topic, message.data),
      msgIdToStrFn: idText,
      messageCache: this.#cache.asLibraryCache(),
      fallbackToFloodsub: false,
      batchPublish: true,
      emitSelf: false,
      doPX: false,
      allowPublishToZeroTopicPeers: true,
      ignoreDuplicatePublishError: true,
      ...FLOOD_WITHOUT_MESH,
      Dlazy: this.#options.peersMax,
      ...this.#limits([...this.#shardOfTopic.keys()]),
      ...this.#scoring(),
    });
    return (components) => {
      this.#pubsub = make(components) as Router;
      return this.#pubsub;
    };
  }

  /** Join every shard's topic. Call after libp2p has started. */
  subscribe(judge: JudgeSegment): void {
    this.#pubsub?.addEventListener('gossipsub:message', (event) => void this.#onMessage(event.detail, judge));
    this.#isSubscribed = true;
    this.#follow();
  }

  /** Another epoch may have more shards, or fewer. */
  setShards(shards: number): void {
    this.#shards = shards;
    if (this.#isSubscribed) this.#follow();
  }

  /** No topic is joined or left any more. Call before libp2p stops. */
  stop(): void {
    this.#isSubscribed = false;
  }

  /**
   * Join the topics of the shards there are, and leave the others. Who comes to an epoch before this node says once which
   * topics it joined, and may send of them already: the subscription is taken, and the message forgotten as if never seen.
   */
  #follow(): void {
    const pubsub = this.#pubsub;
    if (pubsub === undefined) return;
    for (const [topic, shard] of this.#shardOfTopic) {
      const isJoined = this.#joined.has(topic);
      if (shard <= this.#shards) {
        pubsub.topicValidators.delete(topic);
        if (!isJoined) pubsub.subscribe(topic);
        this.#joined.add(topic);
      } else {
        pubsub.topicValidators.set(topic, (_, message) => this.#forget(message));
        if (isJoined) pubsub.unsubscribe(topic);
        this.#joined.delete(topic);
      }
    }
  }

  #forget({ topic, data }: { topic: string; data: Uint8Array }): TopicValidatorResult {
    this.#pubsub?.seenCache.entries.delete(idText(this.#messageId(topic, data)));
    this.#counters.bump('gossip.early');
    return TopicValidatorResult.Ignore;
  }

  #topic(shard: number): string {
    return shardTopic(this.#options.chain8, shard);
  }

  /** Fire and forget: failures are counted. A segment over the size limit is refused here, as every peer would reject it. */
  publish(shard: number, bytes: Uint8Array): void {
    const found = this.#topicFor(shard, bytes);
    if (found === undefined) return;
    const { topic, pubsub } = found;
    pubsub.publish(topic, bytes).then(
      ({ recipients }) => {
        this.#counters.bump('gossip.published');
        this.#counters.bump('gossip.sent_bytes', bytes.byteLength * recipients.length);
        if (recipients.length === 0) this.#counters.bump('gossip.no_recipient');
      },
      () => this.#counters.bump('gossip.publish_failed'),
    );
  }

  /**
   * What travels beside gossip: sent to nobody, but known from now on, advertised at heartbeats and given to who asks. Not by
   * the library's `publish`, which without mesh and flood takes whom it finds for its fanout.
   */
  keep(shard: number, bytes: Uint8Array): void {
    this.#remember(shard, bytes, true);
  }

  /** Treat what came beside gossip as if it had come by it. `from` is the peer id of who sent it. */
  settle(from: string, { shard, bytes, verdict }: JudgedSegment): void {
    // Also what was refused is not asked for when its sender advertises it; but of the next epoch it is news for a while yet.
    if (shard !== undefined && verdict !== 'early') this.#remember(shard, bytes, verdict === 'accept');
    if (verdict === 'reject') this.#muted.blame(from, performance.now());
  }

  /** It kept sending what must be rejected: nothing of it is judged for a while. */
  isMuted(peer: string): boolean {
    return this.#muted.has(peer, performance.now());
  }

  #remember(shard: number, bytes: Uint8Array, isKept: boolean): void {
    const found = this.#topicFor(shard, bytes);
    if (found === undefined) return;
    const { topic, pubsub } = found;
    const msgId = this.#messageId(topic, bytes);
    const msgIdStr = idText(msgId);
    if (pubsub.seenCache.has(msgIdStr)) return;
    // The library keeps ids for two minutes, however many: what was refused costs its sender nothing, and must not fill the memory.
    if (!isKept && pubsub.seenCache.size >= REFUSED_IDS_MAX) return;
    pubsub.seenCache.put(msgIdStr);
    if (!isKept) return;
    this.#cache.put({ msgId, msgIdStr }, { topic, data: bytes }, true);
    this.#counters.bump('gossip.kept');
  }

  #topicFor(shard: number, bytes: Uint8Array): { topic: string; pubsub: Router } | undefined {
    const topic = this.#topic(shard);
    const pubsub = this.#pubsub;
    if (pubsub === undefined || shard > this.#shards) {
      this.#counters.bump('gossip.unknown_shard');
      return undefined;
    }
    if (bytes.byteLength > this.#options.gossipBytesMax) {
      this.#counters.bump('gossip.oversize_local');
      return undefined;
    }
    return { topic, pubsub };
  }

  /** Whether gossip with a connected peer works: known to the router, and with a stream to write to. */
  isJoined(peer: string): boolean {
    const pubsub = this.#pubsub;
    return pubsub?.peers.has(peer) === true && pubsub.streamsOutbound.has(peer);
  }

  #limits(topics: readonly string[]): Partial<GossipsubOpts> {
    const { gossipBytesMax } = this.#options;
    return {
      allowedTopics: [...topics],
      maxInboundStreams: 4,
      maxOutboundStreams: 4,
      maxInboundDataLength: 2 * gossipBytesMax + RPC_SLACK_BYTES,
      maxOutboundBufferSize: Math.max(OUTBOUND_BYTES_MAX, 4 * gossipBytesMax),
      maxTopicBytesPerPeer: (topics.length + 1) * 2048,
      decodeRpcLimits: {
        maxSubscriptions: topics.length + 16,
        maxMessages: 2 * REPAIR_MESSAGES_MAX,
        maxControlMessages: topics.length + 16,
        maxIhaveMessageIDs: IDS_MAX,
        maxIwantMessageIDs: IDS_MAX * (topics.length + 1),
        maxIdontwantMessageIDs: 16,
        maxPeerInfos: 1,
      },
    };
  }

  /** No score but muting: what a peer may cost is bounded above, and honest nodes must not drift apart by statistics. */
  #scoring(): Partial<GossipsubOpts> {
    return {
      scoreParams: {
        topics: {},
        appSpecificWeight: 1,
        appSpecificScore: (peer) => (this.#muted.has(peer, performance.now()) ? SCORE_MUTED : 0),
        behaviourPenaltyWeight: 0,
        // A whole test network, or a rack of operators behind one address, is not an attack here.
        IPColocationFactorWeight: 0,
      },
      scoreThresholds: {
        gossipThreshold: SCORE_REFUSED,
        publishThreshold: SCORE_REFUSED,
        graylistThreshold: SCORE_REFUSED,
        acceptPXThreshold: Number.MAX_SAFE_INTEGER,
        opportunisticGraftThreshold: 0,
      },
    };
  }

  async #onMessage({ propagationSource, msgId, msg }: GossipsubMessage, judge: JudgeSegment): Promise<void> {
    const from = propagationSource.toString();
    this.#counters.bump('gossip.received');
    this.#counters.bump('gossip.received_bytes', msg.data.byteLength);
    const verdict = await this.#judge(from, msg.topic, msg.data, judge);
    this.#counters.bump(`gossip.${VERDICT_COUNTER[verdict]}`);
    if (verdict === 'reject') this.#muted.blame(from, performance.now());
    this.#pubsub?.reportMessageValidationResult(msgId, from, VERDICT_RESULT[verdict]);
    // Advertised once more, it is asked for again.
    if (verdict === 'early') this.#pubsub?.seenCache.entries.delete(msgId);
  }

  async #judge(from: string, topic: string, bytes: Uint8Array, judge: JudgeSegment): Promise<Verdict> {
    const shard = this.#shardOfTopic.get(topic);
    if (shard === undefined) return 'ignore';
    if (bytes.byteLength > this.#options.gossipBytesMax) {
      this.#counters.bump('gossip.oversize');
      return 'reject';
    }
    const pending = this.#pending.get(from) ?? { count: 0, bytes: 0 };
    if (pending.count >= PENDING_COUNT_MAX || pending.bytes + bytes.byteLength > PENDING_BYTES_MAX) {
      this.#counters.bump('gossip.overload');
      return 'ignore';
    }
    this.#pending.set(from, pending);
    pending.count += 1;
    pending.bytes += bytes.byteLength;
    try {
      return await judge(from, shard, bytes);
    } finally {
      pending.count -= 1;
      pending.bytes -= bytes.byteLength;
    }
  }

  /** Over the whole message: a false body under a true header must not shadow the true one (protocol.md, Gossip). */
  #messageId(topic: string, data: Uint8Array): Uint8Array {
    return createHash('sha256')
      .update(this.#topicBytes.get(topic) ?? topic)
      .update(data)
      .digest();
  }
}

function idText(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1');
}

const VERDICT_COUNTER = { accept: 'accepted', ignore: 'ignored', reject: 'rejected', early: 'early' } as const;
const VERDICT_RESULT = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
  early: TopicValidatorResult.Ignore,
} as const;
