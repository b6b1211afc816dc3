import { type Fact, WaggleError } from '../../protocol/errors.ts';
import type { Fetch } from './plain-fetch.ts';

/** A daemon's JSON-RPC as a client sees it. */
export interface RpcClient {
  readonly url: string;
  /**
   * One call; the result as the daemon sent it.
   * @throws WaggleError WAGGLE_RPC_UNREACHABLE {url, reason}, WAGGLE_RPC_TIMEOUT {url, timeoutMs}, WAGGLE_RPC_FORM {url, reason}
   * @throws WaggleError WAGGLE_RPC_REFUSED {number, message, type, hint, retryable, retryAfterMs, path, ballot?, operation?,
   * operator?, fault?, missing?}
   */
  call<Result>(method: string, params?: object, options?: CallOptions): Promise<Result>;
  /** Several calls in one request, answers in the order of the calls: a result or the error of that element. */
  batch<Result>(calls: readonly RpcCall[], options?: CallOptions): Promise<(Result | WaggleError)[]>;
}

export interface RpcCall {
  readonly method: string;
  readonly params?: object;
}

export interface CallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Tries in all where the daemon itself says that trying again helps. */
  readonly attempts?: number;
}

export interface RpcClientOptions {
  readonly url: string;
  readonly token?: string;
  readonly timeoutMs?: number;
  readonly attempts?: number;
  readonly fetch?: Fetch;
  /** Between two tries; tests drive it. */
  readonly wait?: (ms: number) => Promise<void>;
}

/** Longer than a daemon waits for finality, so that its own answer, with the ballot's id, comes first. */
const TIMEOUT_MS = 45_000;
const ATTEMPTS = 5;
const RETRY_AFTER_MS = 100;
const RETRY_AFTER_MS_MAX = 5_000;

/** A client for one daemon. Nothing is sent twice unless the daemon said that it took nothing and that a retry helps. */
export function createRpcClient(options: RpcClientOptions): RpcClient {
  const wait = options.wait ?? ((ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms)));
  let nextId = 1;
  const request = ({ method, params }: RpcCall) => ({ jsonrpc: '2.0', id: nextId++, method, params: params ?? {} });
  return {
    url: options.url,
    async call<Result>(method: string, params?: object, call: CallOptions = {}): Promise<Result> {
      const attempts = call.attempts ?? options.attempts ?? ATTEMPTS;
      for (let attempt = 1; ; attempt++) {
        try {
          const answer = await post(options, request({ method, ...(params === undefined ? {} : { params }) }), call);
          return resultOf<Result>(options.url, answer);
        } catch (error) {
          if (attempt >= attempts || !isRetryable(error)) throw error;
          await wait(retryAfterMs(error));
        }
      }
    },
    async batch<Result>(calls: readonly RpcCall[], call: CallOptions = {}): Promise<(Result | WaggleError)[]> {
      const requests = calls.map(request);
      const answer = await post(options, requests, call);
      // A batch refused as a whole is answered with one object.
      if (!Array.isArray(answer)) throw errorOf(options.url, answer) ?? form(options.url, 'no list for a batch');
      const byId = new Map(answer.map((one: { id?: unknown }) => [one?.id, one]));
      return requests.map(({ id }) => settled<Result>(options.url, byId.get(id)));
    },
  };
}

/** A call the daemon gave up waiting for stays submitted: sending it again is the caller's decision. */
const NOT_FINAL_YET = -32007;

/** Whether the daemon took nothing and trying again may help. */
export function isRetryable(error: unknown): error is WaggleError {
  if (!(error instanceof WaggleError) || error.code !== 'WAGGLE_RPC_REFUSED') return false;
  return error.facts.retryable === true && error.facts.number !== NOT_FINAL_YET;
}

/** Whether nothing of the daemon answered at all: it may be down, and somebody else may be asked. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof WaggleError && error.code === 'WAGGLE_RPC_UNREACHABLE';
}

/** Why no connection was made: with any other reason the daemon may have taken what was sent before it went away. */
const UNSENT: ReadonlySet<Fact> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

/** Whether the daemon went away under a call. */
export function isBrokenOff(error: unknown): boolean {
  return isUnreachable(error) && !UNSENT.has((error as WaggleError).facts.reason);
}

function retryAfterMs(error: WaggleError): number {
  const wanted = Number(error.facts.retryAfterMs ?? RETRY_AFTER_MS);
  return Number.isFinite(wanted) ? Math.min(Math.max(wanted, 1), RETRY_AFTER_MS_MAX) : RETRY_AFTER_MS;
}

/** Loaded with the first call: a command that calls nobody starts no network stack. */
let plainFetch: Fetch | undefined;

async function loadFetch(): Promise<Fetch> {
  ({ plainFetch } = await import('./plain-fetch.ts'));
  return plainFetch;
}

async function post(options: RpcClientOptions, body: object, call: CallOptions): Promise<unknown> {
  const { url, token } = options;
  const timeoutMs = call.timeoutMs ?? options.timeoutMs ?? TIMEOUT_MS;
  const timer = AbortSignal.timeout(timeoutMs);
  try {
    const send = options.fetch ?? plainFetch ?? (await loadFetch());
    const response = await send(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
      signal: call.signal === undefined ? timer : AbortSignal.any([timer, call.signal]),
    });
    const text = await response.text();
    return parse(url, text, response.status);
  } catch (error) {
    if (error instanceof WaggleError) throw error;
    if (timer.aborted) throw new WaggleError('WAGGLE_RPC_TIMEOUT', { url, timeoutMs });
    throw new WaggleError('WAGGLE_RPC_UNREACHABLE', { url, reason: reasonOf(error) });
  }
}

function parse(url: string, text: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw form(url, `HTTP ${status} without JSON`);
  }
}

/** fetch hides why a connection failed in `cause`. */
function reasonOf(error: unknown): string {
  const { cause, name } = error as { cause?: { code?: string }; name?: string };
  return cause?.code ?? name ?? 'unknown';
}

function resultOf<Result>(url: string, answer: unknown): Result {
  const settledAnswer = settled<Result>(url, answer);
  if (settledAnswer instanceof WaggleError) throw settledAnswer;
  return settledAnswer;
}

function settled<Result>(url: string, answer: unknown): Result | WaggleError {
  const refused = errorOf(url, answer);
  if (refused !== undefined) return refused;
  if (typeof answer === 'object' && answer !== null && 'result' in answer) return answer.result as Result;
  return form(url, 'neither result nor error');
}

function errorOf(url: string, answer: unknown): WaggleError | undefined {
  if (typeof answer !== 'object' || answer === null || !('error' in answer)) return undefined;
  const error = answer.error as { code?: unknown; message?: unknown; data?: Record<string, unknown> } | null;
  if (error === null || typeof error !== 'object' || typeof error.code !== 'number') return form(url, 'error form');
  const data = typeof error.data === 'object' && error.data !== null ? error.data : {};
  return new WaggleError('WAGGLE_RPC_REFUSED', {
    number: error.code,
    message: String(error.message ?? ''),
    type: textOf(data.type),
    hint: textOf(data.hint),
    retryable: data.retryable === true,
    retryAfterMs: typeof data.retryAfterMs === 'number' ? data.retryAfterMs : undefined,
    path: textOf(data.path),
    ...named(data),
  });
}

const MISSING_MAX = 10;

/** What an answer names for the one who goes on from it, where it does. */
function named(data: Readonly<Record<string, unknown>>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of ['ballot', 'operation', 'operator', 'fault'] as const) {
    const value = textOf(data[name]);
    if (value !== undefined) found[name] = value;
  }
  const { missing } = data;
  if (Array.isArray(missing)) found.missing = missing.slice(0, MISSING_MAX).map(String).join(', ');
  return found;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function form(url: string, reason: string): WaggleError {
  return new WaggleError('WAGGLE_RPC_FORM', { url, reason });
}
