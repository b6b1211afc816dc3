import { connect, createServer } from 'node:net';
import type { Genesis } from '../../../protocol/genesis.ts';
import { chainId } from '../../../protocol/genesis.ts';
import { toHex } from '../../../protocol/hex.ts';
import { createNetwork, type NetworkHandlers } from '../../network/network.ts';

/** One thing that was tried: what, and why it did not go. */
export interface Finding {
  readonly check: 'key' | 'port' | 'address';
  readonly subject: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface PreflightOptions {
  readonly genesis: Genesis;
  readonly nodeSeed: Uint8Array;
  readonly rpcPort: number;
  readonly waitMs?: number;
}

const WAIT_MS = 5_000;
const POLL_MS = 50;
const CONNECT_MS = 3_000;

/** Whether the port can be listened on, and which validators let this node in. Nothing is kept. */
export async function preflight(options: PreflightOptions): Promise<Finding[]> {
  const port = await tryPort(options.rpcPort);
  return [port, ...(await tryValidators(options))];
}

function tryPort(port: number): Promise<Finding> {
  const { promise, resolve } = Promise.withResolvers<Finding>();
  const finding = { check: 'port', subject: `127.0.0.1:${port}` } as const;
  const server = createServer();
  server.once('error', (error: NodeJS.ErrnoException) => {
    const detail = error.code === 'EADDRINUSE' ? 'in use: name another with --rpc-port' : `${error.code}`;
    resolve({ ...finding, ok: false, detail });
  });
  server.listen(port, '127.0.0.1', () => server.close(() => resolve({ ...finding, ok: true, detail: 'free' })));
  return promise;
}

async function tryValidators({ genesis, nodeSeed, waitMs = WAIT_MS }: PreflightOptions): Promise<Finding[]> {
  const { validators, params } = genesis;
  const network = createNetwork({
    chain: toHex(chainId(genesis)),
    identitySeed: nodeSeed,
    listen: [],
    peers: validators.map(({ name, peer, addrs }) => ({ name, peer, addrs, validator: true })),
    dialsAll: true,
    shards: params.shards,
    limits: { frameBytesMax: 1_024, gossipBytesMax: 1_024, syncRequestBytesMax: 1_024 },
  });
  await network.start(DEAF);
  try {
    const endsAtMs = performance.now() + waitMs;
    while (performance.now() < endsAtMs && network.peers().some(({ connected }) => !connected)) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const peers = network.peers();
    return await Promise.all(
      validators.map(async ({ name, addrs }) => {
        const peer = peers.find((one) => one.name === name);
        const subject = `${name} ${addrs[0] ?? 'without an address'}`;
        if (peer?.connected) return { check: 'address', subject, ok: true, detail: 'lets this node in' } as const;
        return { check: 'address', subject, ok: false, detail: await whyNot(addrs) } as const;
      }),
    );
  } finally {
    await network.stop();
  }
}

/** What a plain TCP connection says of an address that did not let us in. */
async function whyNot(addrs: readonly string[]): Promise<string> {
  const place = /^\/(?:ip4|ip6|dns4|dns6|dns)\/([^/]+)\/tcp\/(\d+)/.exec(addrs[0] ?? '');
  if (place === null) return 'no TCP address in the genesis';
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect({ host: place[1] ?? '', port: Number(place[2]), timeout: CONNECT_MS });
  socket.once('connect', () => resolve('answers, but does not let this key in'));
  socket.once('timeout', () => resolve('no answer: firewall, or down?'));
  socket.once('error', (error: NodeJS.ErrnoException) =>
    resolve(error.code === 'ECONNREFUSED' ? 'refuses connections: is it running?' : `unreachable (${error.code})`),
  );
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

/** Hears nothing: the connection itself is the answer. */
const DEAF: NetworkHandlers = {
  onSegment: () => 'ignore',
  onFrame: () => undefined,
  onPeer: () => undefined,
  serveSync: async function* () {},
  serveSubmit: async function* () {},
};
