import type { Connection } from '@libp2p/interface';
import { dialAddresses, withPeer } from './addresses.ts';
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
  name: string;
  readonly peer: string;
  addrs: readonly string[];
  validator: boolean;
  /** Where it is dialled, each with the `/p2p/<peer>` tail. */
  dialled: readonly string[];
  /** Of its addresses in the roster, those that are none. */
  unusable: number;
  readonly connections = new Set<Connection>();
  link: FrameLink | undefined;
  facts: { latencyMs?: number; lastError?: string } = {};

  constructor({ name, peer, addrs, validator }: PeerDescription) {
    const { usable, unusable } = dialAddresses(peer, addrs);
    this.name = name;
    this.peer = peer;
    this.addrs = addrs;
    this.validator = validator;
    this.dialled = usable;
    this.unusable = unusable;
  }

  /** Another epoch says something else of it. It is the same peer: its connections and its link stay. */
  describe({ name, addrs, validator }: PeerDescription): void {
    const { usable, unusable } = dialAddresses(this.peer, addrs);
    this.name = name;
    this.addrs = addrs;
    this.validator = validator;
    this.dialled = usable;
    this.unusable = unusable;
  }

  /** Whether the roster has this address of it. */
  lists(address: string): boolean {
    const known = withPeer(address, this.peer);
    return known !== undefined && this.dialled.includes(known);
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
  #validators: readonly PeerEntry[] = [];
  /** What the newest roster says of peers and their places that is of no use. */
  unusable = { peers: 0, addresses: 0 };
  readonly #self: string;
  readonly #createLink: (entry: PeerEntry) => FrameLink;
  readonly #byName = new Map<string, PeerEntry>();
  readonly #byId = new Map<string, PeerEntry>();

  /** @throws WaggleError WAGGLE_NETWORK_PEER_ID: at the start a roster is a file somebody can mend */
  constructor(descriptions: readonly PeerDescription[], self: string, createLink: (entry: PeerEntry) => FrameLink) {
    this.#createLink = createLink;
    this.#self = self;
    for (const { peer } of descriptions) parsePeerId(peer);
    this.setRoster(descriptions, true);
    for (const one of this.#usable(descriptions.filter(({ validator }) => !validator)))
      if (!this.#byId.has(one.peer)) this.#add(new PeerEntry(one));
  }

  get validators(): readonly PeerEntry[] {
    return this.#validators;
  }

  /**
   * The validators from now on. A peer is who it was whatever it is called and wherever it is: its connections and its link
   * stay. Who has no seat any more stays as an observer until `setObservers` says who those are, but not under a name that
   * is a validator's now: frames are judged by the name. Where no observers are let in (`keepsOthers` false) it goes. What
   * names no peer is left out: the ledger holds texts that only look like one, and no other validator must suffer for it.
   * @returns those that have to go
   */
  setRoster(descriptions: readonly PeerDescription[], keepsOthers: boolean): PeerEntry[] {
    const wanted = this.#usable(descriptions.filter(({ validator }) => validator));
    const ids = new Set(wanted.map(({ peer }) => peer));
    const names = new Set(wanted.map(({ name }) => name));
    const others = this.all.filter(({ peer }) => !ids.has(peer));
    const gone = others.filter(({ name }) => !keepsOthers || names.has(name));
    for (const entry of gone) this.#remove(entry);
    for (const entry of others) entry.validator = false;
    this.#validators = wanted.map((description) => {
      const known = this.#byId.get(description.peer);
      known?.describe(description);
      return known ?? this.#add(new PeerEntry(description));
    });
    const seats = descriptions.filter(({ validator, peer }) => validator && peer !== this.#self);
    const addresses = this.#validators.reduce((sum, { unusable }) => sum + unusable, 0);
    this.unusable = { peers: seats.length - wanted.length, addresses };
    // Two may have changed their names with each other.
    this.#byName.clear();
    for (const entry of this.#byId.values()) this.#byName.set(entry.name, entry);
    return gone;
  }

  /** Without this node, each peer once, by the text of its id that the library uses. */
  #usable(descriptions: readonly PeerDescription[]): PeerDescription[] {
    const found = new Map<string, PeerDescription>();
    for (const description of descriptions) {
      const peer = peerText(description.peer);
      if (peer !== undefined && peer !== this.#self && !found.has(peer)) found.set(peer, { ...description, peer });
    }
    return [...found.values()];
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
    for (const entry of gone) this.#remove(entry);
    for (const { name, peer } of observers) {
      if (peer === this.#self || this.#byId.has(peer) || this.#byName.has(name) || peerText(peer) !== peer) continue;
      this.#add(new PeerEntry({ name, peer, addrs: [], validator: false }));
    }
    return gone;
  }

  #add(entry: PeerEntry): PeerEntry {
    entry.link = this.#createLink(entry);
    this.#byName.set(entry.name, entry);
    this.#byId.set(entry.peer, entry);
    return entry;
  }

  #remove({ name, peer }: PeerEntry): void {
    this.#byId.delete(peer);
    this.#byName.delete(name);
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

/** As the library writes a peer id; undefined for what is none. */
function peerText(text: string): string | undefined {
  try {
    return parsePeerId(text).toString();
  } catch {
    return undefined;
  }
}
