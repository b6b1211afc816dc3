import { type ClientRequestArgs, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** What a client of a daemon needs of `fetch`, which fits too. */
export type Fetch = (
  url: string,
  init: {
    readonly method: 'POST';
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly signal: AbortSignal;
  },
) => Promise<{ readonly status: number; text(): Promise<string> }>;

/** Connections are kept for the next call; one that waits for none keeps no process. */
const HTTP = { agent: new HttpAgent({ keepAlive: true }), request: httpRequest };
const HTTPS = { agent: new HttpsAgent({ keepAlive: true }), request: httpsRequest };
/** Addresses are few, and asked for thousands of times a second. */
const TARGETS = new Map<string, ClientRequestArgs>();
const TARGETS_MAX = 1_024;
/** As the global fetch: nothing was sent then, so it is another matter than an answer that is late. */
const CONNECT_MS = 10_000;
const CONNECT_LATE = 'UND_ERR_CONNECT_TIMEOUT';

/**
 * One POST by node:http: a quarter of what the global fetch takes for small calls, and a load generator stands beside the
 * nodes that it loads. Redirects are not followed: no daemon sends one. Rejects with an error whose `cause` has the code
 * of the system, as fetch does.
 */
export const plainFetch: Fetch = (url, { method, headers, body, signal }) => {
  const { agent, request } = url.startsWith('https:') ? HTTPS : HTTP;
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text(): Promise<string> }>();
  const fail = (cause: unknown) => reject(new TypeError('no answer', { cause }));
  try {
    const sent = { ...headers, 'content-length': Buffer.byteLength(body) };
    const call = request({ ...targetOf(url), method, agent, headers: sent, signal }, (response) => {
      const text = textOf(response);
      // A failure is heard of by whoever asks for the text.
      text.catch(() => undefined);
      resolve({ status: response.statusCode ?? 0, text: () => text });
    });
    call.on('error', fail);
    call.on('socket', (socket) => {
      if (!socket.connecting) return;
      const late = () => call.destroy(Object.assign(new Error('no connection'), { code: CONNECT_LATE }));
      const timer = setTimeout(late, CONNECT_MS);
      for (const end of ['connect', 'close'] as const) socket.once(end, () => clearTimeout(timer));
    });
    call.end(body);
  } catch (error) {
    fail(error);
  }
  return promise;
};

function targetOf(url: string): ClientRequestArgs {
  const known = TARGETS.get(url);
  if (known !== undefined) return known;
  const { hostname, port, pathname, search } = new URL(url);
  // An address of IPv6 stands in brackets in a URL alone.
  const target = { host: hostname.replace(/^\[|\]$/g, ''), port, path: `${pathname}${search}` };
  if (TARGETS.size < TARGETS_MAX) TARGETS.set(url, target);
  return target;
}

function textOf(response: IncomingMessage): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('end', () => resolve(Buffer.concat(chunks).toString()));
  response.on('error', (cause) => reject(new TypeError('broken off', { cause })));
  return promise;
}
