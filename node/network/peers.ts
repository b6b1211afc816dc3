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
  /** Frames can be sent. */
  readonly connected: boolean;
  /** Frames sent since the start, in bytes. */
  readonly sentBytes: number;
  readonly latencyMs?: number;
  /** The last failure, as a short code. */
  readonly lastError?: string;
}

/** Who may connect beside the validators. It has no address: it dials, and is not dialled. */
export interface ObserverDescription {
  readonly name: string;
  /** Peer id text; ed25519. */
  readonly peer: string;
}

/** What is known of one peer. */
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
      connected: this.link?.isReady === true,
      sentBytes: this.link?.sentBytes ?? 0,
      ...this.facts,
    };
  }
}

/** The roster without this node, and the observers let in, by name and by peer id. */
export class Peers {
  readonly validators: readonly PeerEntry[];
  readonly #createLink: (entry: PeerEntry) => FrameLink;
  readonly #byName = new Map<string, PeerEntry>();
  readonly #byId = new Map<string, PeerEntry>();

  /** @throws WaggleError WAGGLE_NETWORK_PEER_ID */
  constructor(descriptions: readonly PeerDescription[], self: string, createLink: (entry: PeerEntry) => FrameLink) {
    this.#createLink = createLink;
    const entries = descriptions.map((description) => new PeerEntry(description)).filter(({ peer }) => peer !== self);
    for (const entry of entries) this.#add(entry);
    this.validators = entries.filter(({ validator }) => validator);
  }

  get all(): readonly PeerEntry[] {
    return [...this.#byId.values()];
  }

  get observers(): readonly PeerEntry[] {
    return this.all.filter(({ validator }) => !validator);
  }

  /**
   * Let in exactly these beside the validators. What names no peer, or one that is known by another name, is left out.
   * @returns those that have to go
   */
  setObservers(observers: readonly ObserverDescription[]): PeerEntry[] {
    const wanted = new Map(observers.map(({ name, peer }) => [peer, name]));
    const gone = this.observers.filter(({ peer, name }) => wanted.get(peer) !== name);
    for (const { peer, name } of gone) {
      this.#byId.delete(peer);
      this.#byName.delete(name);
    }
    for (const { name, peer } of observers) {
      if (this.#byId.has(peer) || this.#byName.has(name) || !isPeerId(peer)) continue;
      this.#add(new PeerEntry({ name, peer, addrs: [], validator: false }));
    }
    return gone;
  }

  #add(entry: PeerEntry): void {
    entry.link = this.#createLink(entry);
    this.#byName.set(entry.name, entry);
    this.#byId.set(entry.peer, entry);
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

/** The ledger holds peer ids as texts that only look like one. */
function isPeerId(text: string): boolean {
  try {
    return parsePeerId(text).toString() === text;
  } catch {
    return false;
  }
}
