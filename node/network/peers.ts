import type { Connection } from '@libp2p/interface';
import { parsePeerId } from './identity.ts';
import type { FrameLink } from './streams/frame-link.ts';

/** A peer as the roster lists it. */
export interface PeerDescription {
  readonly name: string;
  /** Peer id text; ed25519. */
  readonly peer: string;
  /** Multiaddrs; none = it is never dialled, but may dial us. */
  readonly addrs: readonly string[];
  readonly validator: boolean;
}

export interface PeerStatus {
  readonly name: string;
  readonly peer: string;
  readonly validator: boolean;
  readonly address: string;
  readonly direction: 'inbound' | 'outbound';
  /** A validator: frames can be sent. Another peer: a connection is open. */
  readonly connected: boolean;
  readonly latencyMs?: number;
  /** The last failure, as a short code. */
  readonly lastError?: string;
}

/** What is known of one roster peer. */
export class PeerEntry implements PeerDescription {
  readonly name: string;
  readonly peer: string;
  readonly addrs: readonly string[];
  readonly validator: boolean;
  readonly connections = new Set<Connection>();
  link: FrameLink | undefined;
  facts: { latencyMs?: number; lastError?: string } = {};

  constructor(description: PeerDescription) {
    this.name = description.name;
    this.peer = parsePeerId(description.peer).toString();
    this.addrs = description.addrs;
    this.validator = description.validator;
  }

  /** The newest open connection. */
  connection(): Connection | undefined {
    return [...this.connections].reverse().find(({ status }) => status === 'open');
  }

  status(): PeerStatus {
    const connection = this.connection();
    return {
      name: this.name,
      peer: this.peer,
      validator: this.validator,
      address: connection?.remoteAddr.toString() ?? this.addrs[0] ?? '',
      direction: connection?.direction ?? 'outbound',
      connected: this.link === undefined ? connection !== undefined : this.link.isReady,
      ...this.facts,
    };
  }
}

/** The roster without this node, by name and by peer id. */
export class Peers {
  readonly all: readonly PeerEntry[];
  readonly #byName = new Map<string, PeerEntry>();
  readonly #byId = new Map<string, PeerEntry>();

  /** @throws WaggleError WAGGLE_NETWORK_PEER_ID */
  constructor(descriptions: readonly PeerDescription[], self: string, createLink: (entry: PeerEntry) => FrameLink) {
    this.all = descriptions.map((description) => new PeerEntry(description)).filter(({ peer }) => peer !== self);
    for (const entry of this.all) {
      if (entry.validator) entry.link = createLink(entry);
      this.#byName.set(entry.name, entry);
      this.#byId.set(entry.peer, entry);
    }
  }

  named(name: string): PeerEntry | undefined {
    return this.#byName.get(name);
  }

  byId(peer: string): PeerEntry | undefined {
    return this.#byId.get(peer);
  }

  /** The roster name; the peer id itself for somebody no longer in it. */
  nameOf(peer: string): string {
    return this.#byId.get(peer)?.name ?? peer;
  }

  update(peer: string, facts: { latencyMs?: number; lastError?: string }): void {
    const entry = this.#byId.get(peer);
    if (entry !== undefined) entry.facts = { ...entry.facts, ...facts };
  }
}
