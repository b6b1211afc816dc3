import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { threadCpuUsage } from 'node:process';
import { WebSocket } from 'ws';
import { WaggleError } from '../../../protocol/errors.ts';
import { createRpcClient, type RpcCall } from '../../cli/rpc-client.ts';

/** What the thread of the clients does: requests of `size` ballots, `lanes` of them under way, `requests` in all. */
export interface Work {
  readonly way: 'http' | 'ws';
  readonly url: string;
  readonly token: string;
  readonly voters: readonly string[];
  readonly size: number;
  readonly lanes: number;
  readonly requests: number;
}

export interface Done {
  readonly cpuUs: number;
  /** Of each request, sorted. */
  readonly latenciesMs: readonly number[];
}

type Send = (calls: readonly RpcCall[]) => Promise<void>;
const COMMENT = 'made-up comment'.padEnd(100, '.');

/** Run the work in this thread. @throws Error when a ballot is refused */
export async function work(given: Work): Promise<Done> {
  const lanes = await Promise.all(Array.from({ length: given.lanes }, () => open(given)));
  const latenciesMs: number[] = [];
  let left = given.requests;
  const before = threadCpuUsage();
  await Promise.all(
    lanes.map(async ({ send }, lane) => {
      // Every lane has voters of its own: ballots of one voter would wait for each other.
      const own = given.voters.filter((_, at) => at % given.lanes === lane);
      for (let request = 0; left > 0; request++) {
        left -= 1;
        const calls = Array.from({ length: given.size }, (_, at) => call(own, request * given.size + at));
        const startMs = performance.now();
        await send(calls);
        latenciesMs.push(performance.now() - startMs);
      }
    }),
  );
  const { user, system } = threadCpuUsage(before);
  for (const { close } of lanes) close();
  return { cpuUs: user + system, latenciesMs: latenciesMs.sort((a, b) => a - b) };
}

function call(voters: readonly string[], at: number): RpcCall {
  const entries = [{ proposal: 'p1', choice: 1 + (at % 10), comment: COMMENT }];
  const voter = voters[at % voters.length];
  return { method: 'ballot_submit', params: { space: 'main', session: 's1', voter, entries, await: 'final' } };
}

async function open(given: Work): Promise<{ readonly send: Send; close(): void }> {
  return given.way === 'http' ? openHttp(given) : await openSocket(given);
}

function openHttp({ url, token, size }: Work) {
  const client = createRpcClient({ url, token });
  const send: Send = async (calls) => {
    const [first] = calls;
    if (size === 1 && first !== undefined) await client.call(first.method, first.params);
    else for (const answer of await client.batch(calls)) if (answer instanceof WaggleError) throw answer;
  };
  return { send, close: () => undefined };
}

async function openSocket({ url, token, size }: Work) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/ws`, { headers: { authorization: `Bearer ${token}` } });
  await once(socket, 'open');
  const send: Send = async (calls) => {
    const requests = calls.map(({ method, params }, id) => ({ jsonrpc: '2.0', id, method, params }));
    socket.send(JSON.stringify(size === 1 ? requests[0] : requests));
    const [data] = (await once(socket, 'message')) as [Buffer];
    const answer: unknown = JSON.parse(data.toString());
    for (const one of Array.isArray(answer) ? answer : [answer])
      if (one.error !== undefined) throw new Error(one.error.message);
  };
  return { send, close: () => socket.terminate() };
}
