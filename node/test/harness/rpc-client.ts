import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { WaggleError } from '../../../protocol/errors.ts';
import { RPC_LIMITS } from '../../rpc/limits.ts';
import { type RpcOptions, startRpc } from '../../rpc/server.ts';
import { createTokenVerifier } from '../../rpc/tokens.ts';
import { within } from './deadline.ts';
import { FakeNodeApi } from './fake-node-api.ts';

export const OPERATOR = 'operator-token-0123456789';
export const ADMIN = 'admin-token-0123456789';
const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');
export const TOKENS = [
  { sha256Hex: sha256Hex(OPERATOR), scope: 'operator' },
  { sha256Hex: sha256Hex(ADMIN), scope: 'admin' },
] as const;
const DEADLINE_MS = 10_000;

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: unknown;
}

export interface RpcAnswer {
  readonly jsonrpc?: string;
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: { code: number; message: string; data: Record<string, unknown> };
}

export interface Rig {
  readonly api: FakeNodeApi;
  readonly url: string;
  readonly port: number;
  readonly internal: unknown[];
  post(body: string | Uint8Array, headers?: Record<string, string>, path?: string): Promise<Reply>;
  /** One call with the operator's token, or another, or none for ''. */
  call(method: string, params?: unknown, token?: string): Promise<RpcAnswer>;
  /** The result of a call that must succeed. */
  result<Result>(method: string, params?: unknown, token?: string): Promise<Result>;
  /** The type of the error of a call that must fail. */
  refused(method: string, params?: unknown, token?: string): Promise<Record<string, unknown>>;
}

/** A server on a free port over a stand-in node; both end with the test. */
export async function startRig(t: TestContext, options: Partial<RpcOptions> = {}): Promise<Rig> {
  const api = new FakeNodeApi();
  const internal: unknown[] = [];
  const tokens = createTokenVerifier(() => TOKENS);
  const server = await startRpc(api, {
    host: '127.0.0.1',
    port: 0,
    tokens,
    hosts: ['waggle.example'],
    origins: ['https://dash.example'],
    timing: { finalMs: 500, settleMs: 0 },
    nowMs: () => api.nowMs,
    onInternalError: (_method, error) => internal.push(error),
    ...options,
  });
  t.after(() => server.close());
  return createRig(api, server, internal);
}

function createRig(api: FakeNodeApi, { url, port }: { url: string; port: number }, internal: unknown[]): Rig {
  const post: Rig['post'] = async (body, headers = {}, path = '/') => {
    const sent = { 'content-type': 'application/json', ...headers };
    const response = await fetch(url + path, {
      method: 'POST',
      headers: sent,
      body: typeof body === 'string' ? body : Buffer.from(body),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: text === '' ? undefined : JSON.parse(text),
    };
  };
  const call: Rig['call'] = async (method, params, token = OPERATOR) => {
    const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
    const { json } = await post(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), headers);
    return json as RpcAnswer;
  };
  return {
    api,
    url,
    port,
    internal,
    post,
    call,
    async result<Result>(method: string, params?: unknown, token?: string) {
      const answer = await call(method, params, token);
      if (answer.error !== undefined)
        throw new WaggleError('WAGGLE_TEST_REFUSED', { text: JSON.stringify(answer.error) });
      return answer.result as Result;
    },
    async refused(method, params, token) {
      const { error } = await call(method, params, token);
      if (error === undefined) throw new WaggleError('WAGGLE_TEST_ANSWERED', { method });
      return { ...error.data, code: error.code };
    },
  };
}

/** A raw exchange for what `fetch` will not send: any Host, any bytes. Returns the whole response. */
export async function rawHttp(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.end(text);
  await within(DEADLINE_MS, once(socket, 'close'), 'the server answers and closes');
  return Buffer.concat(chunks).toString();
}

export interface SocketRig {
  readonly socket: WebSocket;
  send(body: string): void;
  /** The next message, parsed. */
  next(): Promise<RpcAnswer & { method?: string; params?: Record<string, unknown> }>;
}

export async function openSocket(t: TestContext, rig: Rig, headers: Record<string, string> = {}): Promise<SocketRig> {
  const socket = new WebSocket(`ws://127.0.0.1:${rig.port}/v1/ws`, { headers, maxPayload: RPC_LIMITS.answerBytesMax });
  t.after(() => socket.terminate());
  const inbox: string[] = [];
  const waiting: ((text: string) => void)[] = [];
  socket.on('message', (data) => {
    const taker = waiting.shift();
    if (taker === undefined) inbox.push(String(data));
    else taker(String(data));
  });
  await within(DEADLINE_MS, once(socket, 'open'), 'the socket opens');
  return {
    socket,
    send: (body) => socket.send(body),
    async next() {
      const { promise, resolve } = Promise.withResolvers<string>();
      const text = inbox.shift();
      if (text === undefined) waiting.push(resolve);
      else resolve(text);
      return JSON.parse(await within(DEADLINE_MS, promise, 'a message on the socket'));
    },
  };
}

/** What a session of these tests is opened with. */
export function sessionParams(changed: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    space: 'main',
    session: 's1',
    title: 'First session',
    proposals: [
      { id: 'p1', title: 'One', category: 'Security' },
      { id: 'p2', title: 'Two' },
    ],
    rule: { method: 'score', threshold: { op: '>=', percent: { num: 70, den: 1 } }, close: 'opener' },
    electorate: ['v0', 'v1', 'm0', 'm1', 'm2', 'm3', 'far'].map((voter) => ({ voter })),
    ...changed,
  };
}

export async function openSession(rig: Rig, changed: Record<string, unknown> = {}): Promise<void> {
  await rig.result('session_open', sessionParams(changed));
}

export function ballotParams(voter: string, choices: readonly unknown[], more: Record<string, unknown> = {}) {
  const entries = choices.map((choice, at) => ({ proposal: `p${at + 1}`, choice }));
  return { space: 'main', session: 's1', voter, entries, ...more };
}
