import type { GossipsubOpts } from '@chainsafe/libp2p-gossipsub';
import type { Counters } from '../counters.ts';

type LibraryCache = NonNullable<GossipsubOpts['messageCache']>;
type RpcMessage = Parameters<LibraryCache['put']>[1];
type MessageId = Parameters<LibraryCache['put']>[0];

interface CachedMessage {
  readonly message: RpcMessage;
  readonly sources: Set<string>;
  readonly askedBy: Map<string, number>;
  validated: boolean;
}

export interface MessageCacheLimits {
  /** Heartbeats a message is kept, and heartbeats its id is advertised. */
  readonly windows: number;
  readonly windowsAdvertised: number;
  /** Ids of one topic in one advertisement. */
  readonly idsMax: number;
  /** What one peer is given on request (IWANT) in one heartbeat. */
  readonly askedBytesMax: number;
  readonly askedCountMax: number;
}

/**
 * The messages of the last heartbeats, kept for repair. In place of the library's cache for one reason: that one answers any
 * IWANT in full, so a peer back from a pause is sent one RPC larger than its own decoder takes, and its gossip ends for good.
 * Here a peer's requests have a budget per heartbeat; what is over is left to sync.
 */
export class MessageCache {
  readonly msgs = new Map<string, CachedMessage>();
  notValidatedCount = 0;
  readonly #limits: MessageCacheLimits;
  readonly #counters: Counters;
  readonly #given = new Map<string, { bytes: number; count: number }>();
  #windows: { id: MessageId; topic: string }[][] = [[]];

  constructor(limits: MessageCacheLimits, counters: Counters) {
    this.#limits = limits;
    this.#counters = counters;
  }

  /** The shape gossipsub asks for; its type cannot be implemented since its class has private fields. */
  asLibraryCache(): LibraryCache {
    return this as unknown as LibraryCache;
  }

  get size(): number {
    return this.msgs.size;
  }

  put(id: MessageId, message: RpcMessage, validated = false): boolean {
    if (this.msgs.has(id.msgIdStr)) return false;
    this.msgs.set(id.msgIdStr, { message, validated, sources: new Set(), askedBy: new Map() });
    this.#windows[0]?.push({ id, topic: message.topic });
    if (!validated) this.notValidatedCount += 1;
    return true;
  }

  observeDuplicate(id: string, from: string): void {
    this.#counters.bump('gossip.duplicate');
    const entry = this.msgs.get(id);
    if (entry !== undefined && !entry.validated) entry.sources.add(from);
  }

  getWithIWantCount(id: string, peer: string): { msg: RpcMessage; count: number } | null {
    const entry = this.msgs.get(id);
    // Before its verdict a message is nobody's to have.
    if (entry === undefined || !entry.validated) return null;
    const given = this.#given.get(peer) ?? { bytes: 0, count: 0 };
    const sizeBytes = entry.message.data?.byteLength ?? 0;
    if (given.count >= this.#limits.askedCountMax || given.bytes + sizeBytes > this.#limits.askedBytesMax) {
      this.#counters.bump('gossip.repair_over_budget');
      return null;
    }
    this.#given.set(peer, { bytes: given.bytes + sizeBytes, count: given.count + 1 });
    this.#counters.bump('gossip.repaired');
    const count = (entry.askedBy.get(peer) ?? 0) + 1;
    entry.askedBy.set(peer, count);
    return { msg: entry.message, count };
  }

  getGossipIDs(topics: Set<string>): Map<string, Uint8Array[]> {
    const idsByTopic = new Map<string, Uint8Array[]>();
    for (const window of this.#windows.slice(0, this.#limits.windowsAdvertised)) {
      for (const { id, topic } of window) {
        if (!topics.has(topic) || this.msgs.get(id.msgIdStr)?.validated !== true) continue;
        const ids = idsByTopic.get(topic) ?? [];
        if (ids.length < this.#limits.idsMax) ids.push(id.msgId);
        idsByTopic.set(topic, ids);
      }
    }
    return idsByTopic;
  }

  validate(id: string): { message: RpcMessage; originatingPeers: Set<string> } | null {
    const entry = this.msgs.get(id);
    if (entry === undefined) return null;
    if (!entry.validated) this.notValidatedCount -= 1;
    entry.validated = true;
    const originatingPeers = new Set(entry.sources);
    entry.sources.clear();
    return { message: entry.message, originatingPeers };
  }

  remove(id: string): { message: RpcMessage; originatingPeers: Set<string> } | null {
    const entry = this.msgs.get(id);
    if (entry === undefined) return null;
    this.#drop(id, entry);
    return { message: entry.message, originatingPeers: entry.sources };
  }

  /** A heartbeat passed: forget the oldest window and renew the budgets. */
  shift(): void {
    this.#given.clear();
    this.#windows.unshift([]);
    for (const { id } of this.#windows.splice(this.#limits.windows).flat()) {
      const entry = this.msgs.get(id.msgIdStr);
      if (entry !== undefined) this.#drop(id.msgIdStr, entry);
    }
  }

  #drop(id: string, entry: CachedMessage): void {
    this.msgs.delete(id);
    if (!entry.validated) this.notValidatedCount -= 1;
  }
}
