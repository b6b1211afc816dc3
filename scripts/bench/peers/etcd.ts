import { type ClientHttp2Session, connect } from 'node:http2';
import { join } from 'node:path';
import { freePorts } from '../../../testnet/network/ports.ts';
import { encodePut, encodeTxn, grpcFrame, type KeyValue, PUT_PATH, TXN_PATH } from './etcd-wire.ts';
import { BATCH, driveClosed, madeUpEntry, type Peer } from './rates.ts';
import { Servers } from './servers.ts';

const HOST = '127.0.0.1';
const CALL_TIMEOUT_MS = 20_000;

/** A cluster of etcd on loopback, every write synced by a majority before it is answered (its default). */
export async function openEtcd(
  program: string,
  nodes: number,
  seed: number,
  closing: AsyncDisposableStack,
): Promise<Peer> {
  const servers = await Servers.create('etcd', closing);
  const sessions: ClientHttp2Session[] = [];
  for (const url of await startAll(servers, program, nodes)) {
    await servers.untilReady(() => isHealthy(url));
    const session = connect(url).on('error', () => undefined);
    sessions.push(session);
    closing.defer(() => session.destroy());
  }
  const acknowledges = `synced by ${majority(nodes)} of ${nodes}`;
  return { ...loadsOf(sessions, seed), name: `etcd-${nodes}`, acknowledges };
}

function majority(nodes: number): number {
  return Math.floor(nodes / 2) + 1;
}

/** @returns the addresses for clients */
async function startAll(servers: Servers, program: string, nodes: number): Promise<string[]> {
  const ports = await freePorts(2 * nodes);
  const places = Array.from({ length: nodes }, (_, at) => ({
    name: `e${at}`,
    client: `http://${HOST}:${ports[2 * at]}`,
    peer: `http://${HOST}:${ports[2 * at + 1]}`,
  }));
  const cluster = places.map(({ name, peer }) => `${name}=${peer}`).join(',');
  for (const { name, client, peer } of places) {
    const own = ['--name', name, '--data-dir', join(servers.folder, name)];
    const clients = ['--listen-client-urls', client, '--advertise-client-urls', client];
    const peers = ['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', cluster];
    servers.start(program, [...own, ...clients, ...peers, '--logger', 'zap', '--log-level', 'error']);
  }
  return places.map(({ client }) => client);
}

async function isHealthy(url: string): Promise<void> {
  const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(1_000) });
  const { health } = (await answer.json()) as { health: string };
  if (health !== 'true') throw new Error(`${url} is not healthy`);
}

function loadsOf(sessions: readonly ClientHttp2Session[], seed: number): Pick<Peer, 'single' | 'batch'> {
  let made = 0;
  const next = (): KeyValue => {
    made += 1;
    return { key: `votes/${made}`, value: madeUpEntry(seed, made) };
  };
  const sessionFor = (at: number): ClientHttp2Session => {
    const session = sessions[at % sessions.length];
    if (session === undefined) throw new Error('no session with etcd');
    return session;
  };
  return {
    single: (entries, lanes) =>
      driveClosed(entries, lanes, 1, (at) => call(sessionFor(at), PUT_PATH, encodePut(next()))),
    batch: (entries, lanes) =>
      driveClosed(Math.ceil(entries / BATCH), lanes, BATCH, (at) =>
        call(sessionFor(at), TXN_PATH, encodeTxn(Array.from({ length: BATCH }, next))),
      ),
  };
}

/** One unary call. @throws Error with the status of gRPC when it is not 0 */
function call(session: ClientHttp2Session, path: string, message: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let status: string | undefined;
    const read = (headers: object): void => {
      const { 'grpc-status': found } = headers as { readonly 'grpc-status'?: string };
      status = found ?? status;
    };
    stream.setTimeout(CALL_TIMEOUT_MS, () => stream.destroy(new Error('etcd does not answer')));
    stream.on('response', read).on('trailers', read).on('error', reject).resume();
    stream.on('close', () =>
      status === '0' ? resolve() : reject(new Error(`etcd answered with gRPC status ${status}`)),
    );
    stream.end(grpcFrame(message));
  });
}
