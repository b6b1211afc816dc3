import { performance } from 'node:perf_hooks';
import { threadCpuUsage } from 'node:process';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { startRpc } from '../rpc/server.ts';
import { createTokenVerifier } from '../rpc/tokens.ts';
import { ADMIN, sessionParams, TOKENS } from '../test/harness/rpc-client.ts';
import { type Done, type Work, work } from './rpc-submit/client.ts';
import { PromptNodeApi } from './rpc-submit/prompt-api.ts';

/*
 * What a ballot costs at the door alone: CPU of the server's thread and of the clients' thread, over HTTP and WebSocket,
 * in batches of 100 and one by one, and how long a request takes; then how long single calls take beside full batches.
 * `node node/bench/rpc-submit.bench.ts [--ballots N] [--only NAME]`
 */
const VOTERS = 400;
const BESIDE = 'single-beside-batches';
const WORKS = [
  { name: 'http-batch', way: 'http', size: 100, lanes: 4 },
  { name: 'ws-batch', way: 'ws', size: 100, lanes: 4 },
  { name: 'http-single', way: 'http', size: 1, lanes: 16 },
  { name: 'ws-single', way: 'ws', size: 1, lanes: 16 },
] as const;

async function serve(): Promise<void> {
  const { values } = parseArgs({
    options: { ballots: { type: 'string', default: '40000' }, only: { type: 'string' } },
  });
  const api = new PromptNodeApi();
  const open = { host: '127.0.0.1', port: 0, hosts: [], origins: [], nowMs: () => api.nowMs };
  const rates = { anonymous: { perS: 1e9, burst: 1e9 }, authenticated: { perS: 1e9, burst: 1e9 } };
  const server = await startRpc(api, { ...open, rates, tokens: createTokenVerifier(() => TOKENS) });
  const voters = Array.from({ length: VOTERS }, (_, at) => `voter-${at}`);
  await call(server.url, 'model_register', {
    models: voters.map((id) => ({ id, operator: 'node1', auth: 'operator' })),
  });
  const changed = { proposals: [{ id: 'p1', title: 'One' }], electorate: voters.map((voter) => ({ voter })) };
  await call(server.url, 'session_open', sessionParams(changed));
  const [client, other] = [new Clients(), new Clients()];
  const base = { url: server.url, token: ADMIN, voters };
  for (const { name, ...shape } of WORKS.filter((one) => values.only === undefined || values.only === one.name)) {
    const requests = Math.ceil(Number(values.ballots) / (shape.size === 1 ? 4 : shape.size));
    await client.run({ ...base, ...shape, requests: Math.ceil(requests / 4) });
    await measure(name, requests * shape.size, () => client.run({ ...base, ...shape, requests }));
  }
  if (values.only === undefined || values.only === BESIDE) {
    // Its own voters: a voter's ballots wait for each other.
    const beside = {
      ...base,
      voters: voters.slice(VOTERS / 2),
      way: 'ws',
      size: 1,
      lanes: 1,
      requests: 1_000,
    } as const;
    const full = { ...base, voters: voters.slice(0, VOTERS / 2), way: 'http', size: 100, lanes: 2 } as const;
    await other.run({ ...full, requests: 20 });
    const batches = other.run({ ...full, requests: Math.ceil(Number(values.ballots) / full.size) });
    const { latenciesMs } = await client.run(beside);
    console.log(`rpc-submit/${BESIDE} calls=${beside.requests} ${percentiles(latenciesMs)}`);
    await batches;
  }
  await Promise.all([client.end(), other.end()]);
  await server.close();
}

/** A thread of clients. */
class Clients {
  readonly #worker = new Worker(new URL(import.meta.url));

  run(given: Work): Promise<Done> {
    return new Promise((resolve, reject) => {
      this.#worker.once('message', resolve).once('error', reject);
      this.#worker.postMessage(given);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

async function measure(name: string, ballots: number, run: () => Promise<Done>): Promise<void> {
  const before = { own: threadCpuUsage(), all: process.cpuUsage(), ms: performance.now() };
  const { cpuUs, latenciesMs } = await run();
  const ms = performance.now() - before.ms;
  const own = threadCpuUsage(before.own);
  const all = process.cpuUsage(before.all);
  const serverUs = own.user + own.system;
  const each = (us: number): string => (us / ballots).toFixed(1);
  console.log(
    `rpc-submit/${name} ballots=${ballots} serverUs=${each(serverUs)} clientUs=${each(cpuUs)} ` +
      `otherUs=${each(all.user + all.system - serverUs - cpuUs)} perS=${Math.round((ballots * 1_000) / ms)} ` +
      percentiles(latenciesMs),
  );
}

/** Of a sorted list. */
function percentiles(latenciesMs: readonly number[]): string {
  const at = (share: number): string => (latenciesMs[Math.floor(latenciesMs.length * share)] ?? 0).toFixed(2);
  return `p50Ms=${at(0.5)} p99Ms=${at(0.99)}`;
}

async function call(url: string, method: string, params: object): Promise<void> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${ADMIN}` };
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const answer = (await response.json()) as { readonly error?: object };
  if (answer.error !== undefined) throw new Error(JSON.stringify(answer.error));
}

if (isMainThread) await serve();
else parentPort?.on('message', (given: Work) => void work(given).then((done) => parentPort?.postMessage(done)));
