import type { Connection, Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { codeOf, WaggleError } from '../../protocol/errors.ts';
import { Counters } from './counters.ts';
import { Dialer, type DialTarget, SECOND_WAITS_MS } from './dialer.ts';
import { rosterGater } from './gater.ts';
import { Gossip, type JudgedSegment, type Verdict } from './gossip/gossip.ts';
import { createHost, type Host } from './host.ts';
import { nodeKeyOf, peerIdOf } from './identity.ts';
import { LatencyWatch } from './latency.ts';
import { type ObserverDescription, type PeerDescription, type PeerEntry, type PeerStatus, Peers } from './peers.ts';
import { FrameInbox } from './streams/frame-inbox.ts';
import { FrameLink } from './streams/frame-link.ts';
import { reasonOf } from './streams/streams.ts';
import { requestSync, type SyncLimits, SyncServer } from './streams/sync.ts';

export type { JudgedSegment, Verdict } from './gossip/gossip.ts';

export interface NetworkOptions {
  /** Lower-case hex of the 32-byte chain id. */
  readonly chain: string;
  /** 32-byte ed25519 seed of node.key. */
  readonly identitySeed: Uint8Array;
  /** Multiaddrs, e.g. `/ip4/127.0.0.1/tcp/0`. */
  readonly listen: readonly string[];
  /** The roster: who may connect. May include this node, which is skipped. */
  readonly peers: readonly PeerDescription[];
  /** This node is in no roster: nobody dials it, so it waits for nobody to. */
  readonly dialsAll?: boolean;
  /** Validators there may be in any epoch, for the caps on connections; default: those of `peers`. */
  readonly validatorsMax?: number;
  /** Observers there may be at a time: for the caps on connections. */
  readonly observersMax?: number;
  /** Topics 0…shards; 0 is the control shard. */
  readonly shards: number;
  readonly limits: {
    readonly frameBytesMax: number;
    readonly gossipBytesMax: number;
    readonly syncRequestBytesMax: number;
  };
  /** How often gossip is looked after; default 2 s. */
  readonly gossipCheckMs?: number;
  /** How long the side of a pair with the larger peer id waits to be dialled; default 1 s. */
  readonly secondDialMs?: number;
}

/**
 * What the driver does with bytes. `from` is always the roster name of the peer that handed them over, proven by its key.
 * An error thrown here is counted as `handler.error` and costs one message, but WAGGLE_INVARIANT is thrown on.
 */
export interface NetworkHandlers {
  /** Judge a segment; it is passed on only after 'accept'. `from` forwarded it and need not be its author. */
  onSegment(from: string, shard: number, bytes: Uint8Array): Verdict | Promise<Verdict>;
  /**
   * A frame. Those of one peer come in order, but that segments may be overtaken; between two `onPeer(name, true)` some may be
   * missing. `isMuted`: segments of this peer are not to be judged now.
   * @returns when it was a segment, what became of it: gossip repairs with it, or holds it against the peer
   */
  onFrame(from: string, bytes: Uint8Array, isMuted: boolean): JudgedSegment | undefined;
  /** `true`: frames can now be sent to it. `false`: no longer. */
  onPeer(name: string, connected: boolean): void;
  /** Answer a sync request with a sequence of frames, each at most frameBytesMax. Throwing resets the stream. */
  serveSync(from: string, request: Uint8Array): AsyncIterable<Uint8Array>;
  /** Take items an observer hands in, and answer what became of them. Throwing resets the stream. */
  serveSubmit(from: string, request: Uint8Array): AsyncIterable<Uint8Array>;
}

/** Moves bytes between peers whose identity it proves. Knows no objects: decoding and judging are the driver's. */
export interface Network {
  /** Listen and connect; does not wait for any peer. @throws when the address is taken */
  start(handlers: NetworkHandlers): Promise<void>;
  /** Close everything; no handler is called afterwards. A stopped network is not started again. */
  stop(): Promise<void>;
  /**
   * Fire and forget; failures are counted. `frame` is the same as a frame: where all validators take frames it goes out as one,
   * and gossip only repairs; without it, gossip alone carries the segment.
   */
  publishSegment(shard: number, bytes: Uint8Array, frame?: Uint8Array): void;
  /** False = not connected, or the queue is full: dropped and counted. */
  sendFrame(to: string, bytes: Uint8Array): boolean;
  /** To every connected validator. */
  broadcastFrame(bytes: Uint8Array): void;
  /** To every connected observer. */
  sendToObservers(bytes: Uint8Array): void;
  /**
   * The validators and shards of another epoch. Who stays keeps its connection; who is new is let in and dialled; who lost its
   * seat is an observer until `setObservers`, to be called next, says whether it stays. `dialsAll`: this node has no seat, and
   * keeps nobody else. What names no peer, and addresses that cannot be dialled, are left out and counted.
   */
  setRoster(peers: readonly PeerDescription[], shards: number, dialsAll: boolean): void;
  /** Let in exactly these beside the validators; connections of others end. */
  setObservers(observers: readonly ObserverDescription[]): void;
  /** Whether an observer listens. */
  hasObservers(): boolean;
  /**
   * Resolves when the answer is complete; each frame goes to `onFrame` in order.
   * @throws WaggleError WAGGLE_NETWORK_NOT_CONNECTED and those of `requestSync` in sync.ts
   */
  requestSync(
    to: string,
    request: Uint8Array,
    onFrame: (bytes: Uint8Array) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Hand items to a validator; resolves with its whole answer, one frame. @throws as `requestSync` */
  requestSubmit(to: string, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  peers(): PeerStatus[];
  /** Own multiaddrs with `/p2p/<peer>`. */
  addresses(): string[];
  /** Events by name; every refusal and drop is among them. */
  counters(): Record<string, number>;
}

const CHAIN8_CHARS = 8;
const SYNC_IDLE_MS = 10_000;
const SYNC_TOTAL_MS = 60_000;
const SYNC_INBOUND_MAX = 4;
const GOSSIP_CHECK_MS = 2_000;
/** A connection older than this when its peer dials anew is one the peer no longer knows: it restarted or lost it. */
const STALE_AFTER_MS = 3_000;
/** Gossip must have joined a connection by then, or the connection is made anew. Long, for links with seconds of delay. */
const GOSSIP_JOIN_MS = 30_000;

/**
 * A node's network, not started.
 * @throws WaggleError WAGGLE_NETWORK_SEED_LENGTH, WAGGLE_NETWORK_PEER_ID, WAGGLE_NETWORK_CHAIN
 */
export function createNetwork(options: NetworkOptions): Network {
  return new Libp2pNetwork(options);
}

class Libp2pNetwork implements Network {
  readonly #options: NetworkOptions;
  readonly #counters = new Counters();
  readonly #self: string;
  #dialsAll: boolean;
  readonly #peers: Peers;
  readonly #dialer: Dialer;
  readonly #gossip: Gossip;
  readonly #latency: LatencyWatch;
  readonly #consensusProtocol: string;
  readonly #syncProtocol: string;
  readonly #submitProtocol: string;
  readonly #syncLimits: SyncLimits;
  readonly #submitLimits: SyncLimits;
  readonly #server: SyncServer;
  readonly #submitServer: SyncServer;
  #host: Host | undefined;
  #handlers: NetworkHandlers | undefined;
  #gossipTimer: NodeJS.Timeout | undefined;
  readonly #gossipJoined = new WeakSet<Connection>();

  constructor(options: NetworkOptions) {
    if (!/^[0-9a-f]{64}$/.test(options.chain)) throw new WaggleError('WAGGLE_NETWORK_CHAIN', { chain: options.chain });
    const chain8 = options.chain.slice(0, CHAIN8_CHARS);
    const self = peerIdOf(options.identitySeed);
    this.#options = options;
    this.#self = self;
    this.#dialsAll = options.dialsAll === true;
    this.#consensusProtocol = `/waggle/1/consensus/${chain8}`;
    this.#syncProtocol = `/waggle/1/sync/${chain8}`;
    this.#submitProtocol = `/waggle/1/submit/${chain8}`;
    this.#syncLimits = {
      requestBytesMax: options.limits.syncRequestBytesMax,
      frameBytesMax: options.limits.frameBytesMax,
      idleMs: SYNC_IDLE_MS,
      totalMs: SYNC_TOTAL_MS,
      inboundMax: SYNC_INBOUND_MAX,
    };
    this.#submitLimits = { ...this.#syncLimits, requestBytesMax: options.limits.gossipBytesMax };
    this.#server = new SyncServer(
      this.#syncLimits,
      (peer, request) => this.#running().serveSync(this.#peers.nameOf(peer), request),
      this.#counters,
    );
    this.#submitServer = new SyncServer(
      this.#submitLimits,
      (peer, request) => this.#running().serveSubmit(this.#peers.nameOf(peer), request),
      this.#counters,
      'submit',
    );
    this.#peers = new Peers(options.peers, self, (entry) => this.#createLink(entry));
    this.#dialer = new Dialer(this.#targets(), (peer) => this.#dial(peer), this.#counters, {
      secondWaitsMs: options.secondDialMs ?? SECOND_WAITS_MS,
    });
    this.#gossip = new Gossip(
      {
        chain8,
        shards: options.shards,
        gossipBytesMax: options.limits.gossipBytesMax,
        peersMax: this.#peersMax(),
      },
      this.#counters,
    );
    this.#latency = new LatencyWatch(
      {
        ping: async (peer, signal) => (await this.#host?.services.ping.ping(peer, { signal })) ?? 0,
        onLatency: (peer, latencyMs) => this.#peers.update(peer.toString(), { latencyMs }),
        onDead: (peer) => this.#abort(peer.toString(), 'connection.dead'),
      },
      this.#counters,
    );
  }

  async start(handlers: NetworkHandlers): Promise<void> {
    if (this.#host !== undefined) throw new WaggleError('WAGGLE_NETWORK_STARTED');
    this.#handlers = handlers;
    const allowed = { has: (peer: string) => this.#peers.byId(peer) !== undefined };
    const isListed = (peer: string, address: string): boolean => this.#peers.byId(peer)?.lists(address) === true;
    const host = await createHost({
      privateKey: nodeKeyOf(this.#options.identitySeed),
      listen: this.#options.listen,
      gater: rosterGater(allowed, isListed, this.#counters),
      addresses: this.#peers.validators.flatMap(({ dialled }) => dialled),
      peersMax: this.#peersMax(),
      gossip: this.#gossip,
      bootstrapAfterMs: this.#options.secondDialMs ?? SECOND_WAITS_MS,
    });
    this.#host = host;
    host.addEventListener('connection:open', (event) => this.#onConnection(event.detail));
    host.addEventListener('connection:close', (event) => this.#onDisconnection(event.detail));
    await this.#handleProtocols(host);
    await host.start();
    this.#gossip.subscribe((from, shard, bytes) => this.#judge(from, shard, bytes));
    this.#dialer.start();
    this.#gossipTimer = setInterval(() => this.#checkGossip(), this.#options.gossipCheckMs ?? GOSSIP_CHECK_MS);
  }

  async stop(): Promise<void> {
    this.#handlers = undefined;
    clearInterval(this.#gossipTimer);
    this.#dialer.stop();
    this.#gossip.stop();
    this.#latency.stop();
    for (const { link } of this.#peers.all) link?.stop();
    this.#server.stop();
    this.#submitServer.stop();
    await this.#host?.stop();
  }

  publishSegment(shard: number, bytes: Uint8Array, frame?: Uint8Array): void {
    if (frame !== undefined) for (const { link } of this.#peers.all) if (link?.isReady) link.sendBulk(frame);
    if (frame !== undefined && !this.#hasGossipOnly()) this.#gossip.keep(shard, bytes);
    else this.#gossip.publish(shard, bytes);
  }

  /** Whether a validator hears this node by gossip but takes no frames. Who takes none for being slow is left to repair. */
  #hasGossipOnly(): boolean {
    return this.#peers.validators.some(({ peer, link }) => link?.isReady !== true && this.#gossip.isJoined(peer));
  }

  sendFrame(to: string, bytes: Uint8Array): boolean {
    const link = this.#peers.named(to)?.link;
    if (link !== undefined) return link.send(bytes);
    this.#counters.bump('frame.unknown_peer');
    return false;
  }

  broadcastFrame(bytes: Uint8Array): void {
    for (const { link } of this.#peers.validators) link?.send(bytes);
  }

  sendToObservers(bytes: Uint8Array): void {
    for (const { link } of this.#peers.observers) if (link?.isReady) link.send(bytes);
  }

  hasObservers(): boolean {
    return this.#peers.observers.some(({ link }) => link?.isReady);
  }

  setRoster(peers: readonly PeerDescription[], shards: number, dialsAll: boolean): void {
    // An observer lets nobody in.
    for (const entry of this.#peers.setRoster(peers, !dialsAll)) this.#part(entry);
    this.#dialsAll = dialsAll;
    this.#dialer.setTargets(this.#targets(), (peer) => this.#peers.byId(peer)?.connection() !== undefined);
    this.#gossip.setShards(shards);
    this.#counters.bump('roster.changed');
    const { unusable } = this.#peers;
    if (unusable.peers > 0) this.#counters.bump('roster.unusable_peer', unusable.peers);
    if (unusable.addresses > 0) this.#counters.bump('roster.unusable_address', unusable.addresses);
  }

  setObservers(observers: readonly ObserverDescription[]): void {
    for (const entry of this.#peers.setObservers(observers)) {
      this.#counters.bump('observer.removed');
      this.#part(entry);
    }
  }

  #part(entry: PeerEntry): void {
    entry.link?.stop();
    for (const connection of entry.connections) {
      // Its end is told of a peer that nobody knows any more.
      this.#latency.disconnected(connection.remotePeer);
      connection.abort(new WaggleError('WAGGLE_NETWORK_STRANGER'));
    }
  }

  /** Whom to keep connected, and who of a pair dials first. */
  #targets(): DialTarget[] {
    return this.#peers.validators
      .filter(({ dialled }) => dialled.length > 0)
      .map(({ peer }) => ({ peer, dialsFirst: this.#dialsAll || this.#self < peer }));
  }

  async requestSubmit(to: string, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const connection = this.#peers.named(to)?.connection();
    if (connection === undefined) throw new WaggleError('WAGGLE_NETWORK_NOT_CONNECTED', { peer: to });
    const frames: Uint8Array[] = [];
    const onFrame = (bytes: Uint8Array): void => {
      if (frames.length > 0) throw new WaggleError('WAGGLE_NETWORK_SYNC_FAILED', { reason: 'more than one answer' });
      frames.push(bytes.slice());
    };
    await requestSync(connection, this.#submitProtocol, request, onFrame, signal, this.#submitLimits);
    const [answer] = frames;
    if (answer === undefined) throw new WaggleError('WAGGLE_NETWORK_SYNC_FAILED', { reason: 'no answer' });
    return answer;
  }

  async requestSync(
    to: string,
    request: Uint8Array,
    onFrame: (bytes: Uint8Array) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const connection = this.#peers.named(to)?.connection();
    if (connection === undefined) throw new WaggleError('WAGGLE_NETWORK_NOT_CONNECTED', { peer: to });
    try {
      await requestSync(connection, this.#syncProtocol, request, onFrame, signal, this.#syncLimits);
      this.#counters.bump('sync.fetched');
    } catch (error) {
      this.#counters.bump('sync.fetch_failed');
      throw error;
    }
  }

  peers(): PeerStatus[] {
    return this.#peers.all.map((entry) => entry.status());
  }

  addresses(): string[] {
    return this.#host?.getMultiaddrs().map((address) => address.toString()) ?? [];
  }

  counters(): Record<string, number> {
    return this.#counters.snapshot();
  }

  #createLink(entry: PeerEntry): FrameLink {
    return new FrameLink(
      {
        protocol: this.#consensusProtocol,
        frameBytesMax: this.#options.limits.frameBytesMax,
        connection: () => entry.connection(),
        onReady: (isReady) => this.#handlers?.onPeer(entry.name, isReady),
        onError: (error) => this.#peers.update(entry.peer, { lastError: reasonOf(error) }),
      },
      this.#counters,
    );
  }

  async #handleProtocols(host: Host): Promise<void> {
    const inbox = new FrameInbox(
      this.#options.limits.frameBytesMax,
      (peer, bytes) => this.#guard(() => this.#onFrame(peer, bytes)),
      this.#counters,
    );
    await this.#handle(host, this.#consensusProtocol, 4, (from, stream) => inbox.accept(from, stream));
    await this.#handle(host, this.#syncProtocol, 2 * SYNC_INBOUND_MAX, (from, stream) =>
      this.#server.accept(from, stream),
    );
    await this.#handle(host, this.#submitProtocol, 2 * SYNC_INBOUND_MAX, (from, stream) =>
      this.#submitServer.accept(from, stream),
    );
  }

  /** The gater admits roster peers only; should it ever let one past, its streams still end here. */
  async #handle(
    host: Host,
    protocol: string,
    maxInboundStreams: number,
    accept: (from: string, stream: Stream) => Promise<void>,
  ): Promise<void> {
    const handler = (stream: Stream, connection: Connection): void => {
      const from = connection.remotePeer.toString();
      if (this.#peers.byId(from) === undefined) {
        this.#counters.bump('stream.refused_peer');
        stream.abort(new WaggleError('WAGGLE_NETWORK_STRANGER'));
        return;
      }
      void accept(from, stream);
    };
    await host.handle(protocol, handler, { maxInboundStreams, maxOutboundStreams: 2 * SYNC_INBOUND_MAX });
  }

  async #dial(peer: string): Promise<void> {
    const addresses = this.#peers.byId(peer)?.dialled ?? [];
    try {
      await this.#host?.dial(addresses.map((address) => multiaddr(address)));
    } catch (error) {
      this.#peers.update(peer, { lastError: reasonOf(error) });
      throw error;
    }
  }

  #onConnection(connection: Connection): void {
    const entry = this.#peers.byId(connection.remotePeer.toString());
    if (entry === undefined || this.#handlers === undefined) return;
    if (connection.direction === 'inbound') {
      for (const older of entry.connections) {
        if (Date.now() - older.timeline.open < STALE_AFTER_MS) continue;
        this.#counters.bump('connection.stale');
        older.abort(new WaggleError('WAGGLE_NETWORK_CONNECTION_STALE'));
      }
    }
    entry.connections.add(connection);
    this.#counters.bump('connection.opened');
    this.#dialer.connected(entry.peer);
    this.#latency.connected(connection.remotePeer);
    entry.link?.ensure();
  }

  #onDisconnection(connection: Connection): void {
    const entry = this.#peers.byId(connection.remotePeer.toString());
    if (entry === undefined || !entry.connections.delete(connection)) return;
    this.#counters.bump('connection.closed');
    if (entry.connections.size > 0) return;
    this.#latency.disconnected(connection.remotePeer);
    this.#dialer.disconnected(entry.peer);
    entry.link?.disconnected();
  }

  #onFrame(peer: string, bytes: Uint8Array): void {
    const judged = this.#handlers?.onFrame(this.#peers.nameOf(peer), bytes, this.#gossip.isMuted(peer));
    if (judged !== undefined) this.#gossip.settle(peer, judged);
  }

  #running(): NetworkHandlers {
    if (this.#handlers === undefined) throw new WaggleError('WAGGLE_NETWORK_STOPPED');
    return this.#handlers;
  }

  /** Peers there may be in any epoch: what caps on connections and gossip follow from, and cannot be changed later. */
  #peersMax(): number {
    const { validatorsMax = this.#peers.validators.length, observersMax = 0 } = this.#options;
    return Math.max(16, validatorsMax + observersMax);
  }

  async #judge(peer: string, shard: number, bytes: Uint8Array): Promise<Verdict> {
    try {
      return (await this.#handlers?.onSegment(this.#peers.nameOf(peer), shard, bytes)) ?? 'ignore';
    } catch (error) {
      this.#onHandlerError(error);
      return 'ignore';
    }
  }

  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#onHandlerError(error);
    }
  }

  #onHandlerError(error: unknown): void {
    this.#counters.bump('handler.error');
    if (codeOf(error) !== 'WAGGLE_INVARIANT') return;
    // Out of the way of every catch on the way up: a broken invariant stops the process.
    queueMicrotask(() => {
      throw error;
    });
  }

  /** The library never reopens a gossip stream that broke; a new connection does. */
  #checkGossip(): void {
    for (const entry of this.#peers.all) {
      const connection = entry.connection();
      if (connection === undefined) continue;
      if (this.#gossip.isJoined(entry.peer)) {
        if (!this.#gossipJoined.has(connection)) this.#counters.bump('gossip.joined');
        this.#gossipJoined.add(connection);
        continue;
      }
      const isLate = Date.now() - connection.timeline.open > GOSSIP_JOIN_MS;
      if (isLate || this.#gossipJoined.has(connection)) this.#abort(entry.peer, 'gossip.broken');
    }
  }

  #abort(peer: string, counter: string): void {
    this.#counters.bump(counter);
    for (const connection of this.#peers.byId(peer)?.connections ?? [])
      connection.abort(new WaggleError('WAGGLE_NETWORK_CONNECTION_DEAD'));
  }
}
