import { once } from 'node:events';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { type RpcServer, startRpc } from '../../../node/rpc/server.ts';
import { createTokenVerifier } from '../../../node/rpc/tokens.ts';
import { FakeNodeApi } from '../../../node/test/harness/fake-node-api.ts';
import type { Part } from './part.ts';

/** What the other thread is to send. */
export interface RpcWork {
  readonly over: 'http' | 'socket';
  /** Calls a request. */
  readonly batch: number;
  readonly requests: number;
}

export interface RpcBench {
  readonly parts: readonly Part[];
  close(): Promise<void>;
}

/**
 * The door alone, over a stand-in for the node: a call that waits for nothing. The client is another thread, and only the
 * time of this one counts.
 */
export async function openRpcBench(): Promise<RpcBench> {
  const server: RpcServer = await startRpc(new FakeNodeApi(), {
    host: '127.0.0.1',
    port: 0,
    tokens: createTokenVerifier(() => []),
    hosts: [],
    origins: [],
  });
  const client = new Worker(new URL('./rpc-client.ts', import.meta.url), { workerData: { port: server.port } });
  await once(client, 'message');
  const part = (name: string, work: RpcWork): Part => ({
    name,
    count: work.batch * work.requests,
    run: async () => {
      const before = process.threadCpuUsage();
      client.postMessage(work);
      await once(client, 'message');
      const { user, system } = process.threadCpuUsage(before);
      return user + system;
    },
  });
  return {
    parts: [
      part('rpc/http-call', { over: 'http', batch: 1, requests: 300 }),
      part('rpc/http-entry-of-100', { over: 'http', batch: 100, requests: 10 }),
      part('rpc/socket-call', { over: 'socket', batch: 1, requests: 300 }),
      part('rpc/socket-entry-of-100', { over: 'socket', batch: 100, requests: 10 }),
    ],
    close: async () => {
      await client.terminate();
      await server.close();
    },
  };
}
