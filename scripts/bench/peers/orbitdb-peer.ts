import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';

/*
 * One peer of OrbitDB, in a process of its own. The file is copied into the folder where npm put OrbitDB, which is none of
 * our dependencies, and started there: `node orbitdb-peer.ts AT`. Lines of JSON come in and go out.
 */

/** What it is told. */
export type Order =
  | { readonly open: string | undefined; readonly dial: readonly string[] }
  /** Add entries, each after the one before, and answer when `total` more have come from all peers together. */
  | { readonly add: readonly string[]; readonly total: number };

/** What it answers: when open, or how long entries of others took to come, in milliseconds. */
export interface Answer {
  readonly address?: string;
  readonly multiaddrs?: readonly string[];
  readonly cameMs?: readonly number[];
}

interface Entry {
  readonly payload: { readonly value: string };
}

interface Database {
  readonly address: { toString(): string };
  add(value: string): Promise<string>;
  readonly events: { on(name: 'update', listener: (entry: Entry) => void): void };
}

interface OrbitDb {
  open(name: string, options: object): Promise<Database>;
}

const DATABASE = 'votes';
const POLL_MS = 20;

/** These packages are not ours: neither their names nor their types may be needed to check this file. */
// biome-ignore lint/suspicious/noExplicitAny: whatever the package exports
function packageOf(name: string): Promise<any> {
  return import(name);
}

async function createNode(folder: string) {
  const [{ createLibp2p }, { tcp }, { noise }, { yamux }, { identify }, { gossipsub }] = await Promise.all(
    ['libp2p', '@libp2p/tcp', '@chainsafe/libp2p-noise', '@chainsafe/libp2p-yamux', '@libp2p/identify']
      .concat('@libp2p/gossipsub')
      .map(packageOf),
  );
  const [{ createHelia }, { LevelBlockstore }, orbitdb] = await Promise.all(
    ['helia', 'blockstore-level', '@orbitdb/core'].map(packageOf),
  );
  const libp2p = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) },
  });
  const blockstore = new LevelBlockstore(join(folder, 'blocks'));
  await blockstore.open();
  const ipfs = await createHelia({ libp2p, blockstore, blockBrokers: [await bitswap()] });
  const created: OrbitDb = await orbitdb.createOrbitDB({ ipfs, directory: join(folder, 'orbitdb') });
  const access = orbitdb.IPFSAccessController({ write: ['*'] });
  return { libp2p, orbitdb: created, access };
}

/** Blocks come from the other peers alone, not from gateways on the internet. */
async function bitswap(): Promise<unknown> {
  const brokers = await packageOf('@helia/block-brokers');
  return brokers.bitswap();
}

async function main(at: number): Promise<void> {
  const { libp2p, orbitdb, access } = await createNode(join(process.cwd(), `peer-${at}`));
  const answer = (what: Answer): void => console.log(JSON.stringify(what));
  let database: Database | undefined;
  const came: number[] = [];
  let seen = 0;
  let wanted = 0;
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  };
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line) as Order;
    if ('dial' in order) {
      const { multiaddr } = await packageOf('@multiformats/multiaddr');
      for (const address of order.dial) await libp2p.dial(multiaddr(address));
      const opened = await orbitdb.open(order.open ?? DATABASE, { type: 'events', AccessController: access });
      opened.events.on('update', ({ payload }) => {
        seen += 1;
        const [author, sentAtMs] = payload.value.split(' ');
        if (Number(author) !== at) came.push(Date.now() - Number(sentAtMs));
      });
      database = opened;
      answer({ address: opened.address.toString(), multiaddrs: libp2p.getMultiaddrs().map(String) });
      continue;
    }
    // From the beginning on: others may have added before this order came.
    wanted += order.total;
    for (const entry of order.add) {
      const head = `${at} ${Date.now()} `;
      await database?.add(head + entry.slice(head.length));
    }
    await until(() => seen >= wanted);
    answer({ cameMs: came.splice(0) });
  }
  process.exit(0);
}

if (import.meta.main) await main(Number(process.argv[2]));
