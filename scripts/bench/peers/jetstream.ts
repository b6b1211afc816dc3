import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../../../testnet/network/ports.ts';
import { NatsClient } from './nats-client.ts';
import { BATCH, driveClosed, madeUpEntry, type Peer } from './rates.ts';
import { Servers } from './servers.ts';

const HOST = '127.0.0.1';
const NODES = 3;
const STREAM = 'VOTES';
/** Creating a stream is tried again until the cluster has a leader; it does not answer before. */
const CREATE_TIMEOUT_MS = 2_000;

/** Three NATS servers in a cluster and a stream of three replicas on files. */
export async function openJetStream(program: string, seed: number, closing: AsyncDisposableStack): Promise<Peer> {
  const servers = await Servers.create('jetstream', closing);
  const clients: NatsClient[] = [];
  for (const port of await startAll(servers, program)) {
    await servers.untilReady(async () => {
      const client = await NatsClient.open(HOST, port);
      clients.push(client);
      closing.defer(() => client.close());
    });
  }
  await servers.untilReady(() => createStream(clients));
  const acknowledges = 'written by 2 of 3, not synced (Debian 12 ships 2.9, which syncs every two minutes)';
  return { ...loadsOf(clients, seed), name: 'jetstream', acknowledges };
}

/** @returns the ports for clients */
async function startAll(servers: Servers, program: string): Promise<number[]> {
  const ports = await freePorts(2 * NODES);
  const routes = Array.from({ length: NODES }, (_, at) => `nats-route://${HOST}:${ports[NODES + at]}`);
  for (let at = 0; at < NODES; at++) {
    const path = join(servers.folder, `n${at}.conf`);
    const lines = [
      `server_name: n${at}`,
      `listen: "${HOST}:${ports[at]}"`,
      `jetstream { store_dir: ${JSON.stringify(join(servers.folder, `n${at}`))} }`,
      `cluster { name: peers, listen: "${HOST}:${ports[NODES + at]}", routes: ${JSON.stringify(routes)} }`,
    ];
    await writeFile(path, `${lines.join('\n')}\n`);
    servers.start(program, ['-c', path]);
  }
  return ports.slice(0, NODES);
}

async function createStream(clients: readonly NatsClient[]): Promise<void> {
  const wanted = { name: STREAM, subjects: ['votes.>'], storage: 'file', num_replicas: NODES, retention: 'limits' };
  const subject = `$JS.API.STREAM.CREATE.${STREAM}`;
  await clients[0]?.request(subject, Buffer.from(JSON.stringify(wanted)), CREATE_TIMEOUT_MS);
}

function loadsOf(clients: readonly NatsClient[], seed: number): Pick<Peer, 'single' | 'batch'> {
  let made = 0;
  const publish = async (at: number): Promise<void> => {
    made += 1;
    const client = clients[at % clients.length];
    if (client === undefined) throw new Error('no connection to NATS');
    await client.request(`votes.${made % 1_000}`, madeUpEntry(seed, made));
  };
  return {
    single: (entries, lanes) => driveClosed(entries, lanes, 1, publish),
    // It knows no batch: as many are on their way at a time as in the batches of the others.
    batch: (entries, lanes) => driveClosed(entries, lanes * BATCH, 1, publish),
  };
}
