import { yamux } from '@chainsafe/libp2p-yamux';
import { bootstrap } from '@libp2p/bootstrap';
import { identify } from '@libp2p/identify';
import type { ConnectionGater, PrivateKey } from '@libp2p/interface';
import { ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { createLibp2p } from 'libp2p';
import type { Gossip } from './gossip/gossip.ts';
import { leanNoise } from './noise/encrypter.ts';

/** More than the protocols of one peer need (gossip, frames, sync, identify, ping), far fewer than the library's 1,000. */
const INBOUND_STREAMS_MAX = 32;
const WINDOW_BYTES_MAX = 1024 * 1024;
const READ_BUFFER_BYTES_MAX = 2 * WINDOW_BYTES_MAX;
/** Sockets that may stand in the handshake at once, and how long each may. */
const PENDING_MAX = 64;
const HANDSHAKE_MS = 10_000;

export interface HostOptions {
  readonly privateKey: PrivateKey;
  readonly listen: readonly string[];
  readonly gater: ConnectionGater;
  /** Roster addresses with their `/p2p/<peer>` tail. */
  readonly addresses: readonly string[];
  readonly peersMax: number;
  readonly gossip: Gossip;
  /** When addresses not yet connected are tried whatever the dialer does. */
  readonly bootstrapAfterMs: number;
}

export type Host = Awaited<ReturnType<typeof createHost>>;

/** A libp2p node, not started: TCP, Noise, Yamux, identify, ping, gossipsub; no DHT, relay or NAT service. */
export function createHost(options: HostOptions) {
  return createLibp2p({
    start: false,
    privateKey: options.privateKey,
    nodeInfo: { name: 'waggle', version: '1', userAgent: 'waggle/1' },
    addresses: { listen: [...options.listen] },
    transports: [tcp({ maxConnections: 8 * options.peersMax + 2 * PENDING_MAX })],
    connectionEncrypters: [leanNoise()],
    streamMuxers: [
      yamux({
        maxInboundStreams: INBOUND_STREAMS_MAX,
        maxOutboundStreams: 2 * INBOUND_STREAMS_MAX,
        streamOptions: { maxStreamWindowSize: WINDOW_BYTES_MAX, maxReadBufferLength: READ_BUFFER_BYTES_MAX },
      }),
    ],
    connectionGater: options.gater,
    connectionManager: {
      maxConnections: 4 * options.peersMax + 8,
      maxIncomingPendingConnections: PENDING_MAX,
      // The library's 5 a second and address throttles a test network behind one address.
      inboundConnectionThreshold: 10 * options.peersMax + 40,
      inboundUpgradeTimeout: HANDSHAKE_MS,
      dialTimeout: HANDSHAKE_MS,
      // The dialer alone reconnects.
      reconnectRetries: 0,
    },
    // Liveness is watched by latency.ts, on the same pings that measure it.
    connectionMonitor: { enabled: false },
    peerDiscovery:
      options.addresses.length === 0
        ? []
        : [bootstrap({ list: [...options.addresses], timeout: options.bootstrapAfterMs })],
    services: {
      identify: identify(),
      ping: ping({ maxInboundStreams: 4, maxOutboundStreams: 4 }),
      gossip: options.gossip.service(),
    },
  });
}
