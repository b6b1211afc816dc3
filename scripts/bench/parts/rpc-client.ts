import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { WebSocket } from 'ws';
import type { RpcWork } from './rpc-parts.ts';

/* The other thread of rpc-parts.ts: sends what it is told, one request after the other, and says when all are answered. */

const { port } = workerData as { readonly port: number };
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/ws`);

function bodyOf(batch: number): string {
  const calls = Array.from({ length: batch }, (_, id) => ({ jsonrpc: '2.0', id, method: 'node_status', params: {} }));
  return JSON.stringify(batch === 1 ? calls[0] : calls);
}

function post(body: string): Promise<void> {
  const headers = { 'content-type': 'application/json', 'content-length': String(body.length) };
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      answer.on('end', resolve);
    });
    call.on('error', reject);
    call.end(body);
  });
}

async function ask(body: string): Promise<void> {
  socket.send(body);
  await once(socket, 'message');
}

await once(socket, 'open');
parentPort?.on('message', async ({ over, batch, requests }: RpcWork) => {
  const body = bodyOf(batch);
  for (let at = 0; at < requests; at++) await (over === 'http' ? post(body) : ask(body));
  parentPort?.postMessage('done');
});
parentPort?.postMessage('ready');
