import { type Environment, linkedAbort } from './environment.ts';
import { isRecord, refusalOf, WaggleClientError } from './errors.ts';

export interface Call {
  readonly method: string;
  readonly params: object;
}

/** Where a request goes. */
export interface Target {
  readonly url: string;
  readonly token: string | undefined;
}

export interface PostOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * One call to one node, sent once.
 * @throws WaggleClientError WAGGLE_CLIENT_REFUSED, _UNREACHABLE, _TIMEOUT, _FORM
 */
export async function post(env: Environment, target: Target, call: Call, options: PostOptions): Promise<unknown> {
  const answer = await send(env, target, requestOf(call, 1), options);
  const settled = settle(target.url, answer, 1);
  if (settled instanceof WaggleClientError) throw settled;
  return settled.result;
}

/**
 * Several calls in one request, so that one node answers them all, in their order: a result or the error of that call.
 * @throws WaggleClientError as `post`, where the request as a whole failed
 */
export async function postAll(
  env: Environment,
  target: Target,
  calls: readonly Call[],
  options: PostOptions,
): Promise<({ readonly result: unknown } | WaggleClientError)[]> {
  const requests = calls.map((call, at) => requestOf(call, at + 1));
  const answer = await send(env, target, requests, options);
  if (!Array.isArray(answer)) {
    const refused = settle(target.url, answer, null);
    throw refused instanceof WaggleClientError ? refused : formError(target.url, 'no list for a batch');
  }
  const byId = new Map(answer.map((one: unknown) => [isRecord(one) ? one.id : undefined, one]));
  return requests.map(({ id }) => settle(target.url, byId.get(id), id));
}

function requestOf({ method, params }: Call, id: number) {
  return { jsonrpc: '2.0', id, method, params };
}

async function send(env: Environment, { url, token }: Target, body: object, options: PostOptions): Promise<unknown> {
  const request = linkedAbort(options.signal);
  const limit = linkedAbort(request.signal);
  let isLate = false;
  void env.wait(options.timeoutMs, limit.signal).then(() => {
    isLate = !limit.signal.aborted;
    request.abort();
  });
  try {
    const response = await env.fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
      signal: request.signal,
    });
    return parse(url, await readText(url, response), response.status);
  } catch (error) {
    if (error instanceof WaggleClientError) throw error;
    throw isLate ? timeoutError(url, options.timeoutMs) : unreachableError(url, error);
  } finally {
    limit.abort();
    limit.release();
    request.release();
  }
}

/** Twice what a node sends at most: a peer must not fill this memory. */
const ANSWER_BYTES_MAX = 32 * 1024 * 1024;

async function readText(url: string, response: Response): Promise<string> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    bytes += part.value.length;
    if (bytes > ANSWER_BYTES_MAX) {
      await reader?.cancel();
      throw formError(url, 'an answer without end');
    }
    text += decoder.decode(part.value, { stream: true });
  }
  return text + decoder.decode();
}

function parse(url: string, text: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw formError(url, `HTTP ${status} without JSON`);
  }
}

/** An answer belongs to its question by id alone; null stands for a request that was not understood. */
function settle(url: string, answer: unknown, id: number | null): { readonly result: unknown } | WaggleClientError {
  if (!isRecord(answer) || answer.jsonrpc !== '2.0') return formError(url, 'no JSON-RPC answer');
  if (Object.hasOwn(answer, 'error')) return refusalOf(url, answer.error) ?? formError(url, 'no error object');
  if (answer.id !== id || !Object.hasOwn(answer, 'result')) return formError(url, 'the answer to another question');
  return { result: answer.result };
}

function formError(url: string, message: string): WaggleClientError {
  const facts = { type: 'client.form', message, url, hint: 'is this the address of a Waggle node?' };
  return new WaggleClientError('WAGGLE_CLIENT_FORM', facts);
}

function timeoutError(url: string, timeoutMs: number): WaggleClientError {
  const message = `no answer within ${timeoutMs} ms`;
  return new WaggleClientError('WAGGLE_CLIENT_TIMEOUT', { type: 'client.timeout', message, url, hint: 'try again' });
}

/** Failures to connect, by which Node says that nothing was sent. Browsers tell nobody why. */
const UNSENT: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

function unreachableError(url: string, error: unknown): WaggleClientError {
  const cause = isRecord(error) ? error.cause : undefined;
  const message = isRecord(cause) && typeof cause.code === 'string' ? cause.code : 'no connection';
  const hint = 'is the node up, and does it allow this Origin?';
  const facts = { type: 'client.unreachable', message, url, hint, isUnsent: UNSENT.has(message) };
  return new WaggleClientError('WAGGLE_CLIENT_UNREACHABLE', facts);
}
