import { type Environment, linkedAbort } from './environment.ts';
import { isRecord, refusalOf } from './errors.ts';

export type Frame =
  | { readonly kind: 'subscribed'; readonly seq: number }
  | { readonly kind: 'event'; readonly seq: number; readonly params: Readonly<Record<string, unknown>> };

/** Without a word for so long the node is asked for one; without it for as long again the connection is dead. */
const SILENCE_MS = 10_000;
const SUBSCRIBE_ID = 1;
const PING_ID = 2;
const NORMAL = 1000;
/** Frames that came and were not taken yet. Beyond it the connection is given up, and the next one goes on from there. */
const INBOX_MAX = 10_000;

/**
 * One connection with one subscription: its frames until it ends, however it ends.
 * @throws WaggleClientError WAGGLE_CLIENT_REFUSED the node does not serve this subscription
 */
export async function* openFeed(
  env: Environment,
  url: string,
  params: object,
  signal: AbortSignal,
): AsyncGenerator<Frame, void> {
  const socket = env.openSocket(socketUrl(url));
  const inbox = new Inbox();
  const open = linkedAbort(signal);
  open.signal.addEventListener('abort', () => inbox.end());
  socket.addEventListener('open', () => send(socket, SUBSCRIBE_ID, 'sub_subscribe', params));
  socket.addEventListener('message', ({ data }) => inbox.put(data));
  socket.addEventListener('error', () => inbox.end());
  socket.addEventListener('close', () => inbox.end());
  const watch = watchSilence(env, socket, inbox, open.signal);
  try {
    for (let text = await inbox.next(); text !== undefined; text = await inbox.next()) {
      const frame = read(url, text);
      if (frame !== undefined) yield frame;
    }
  } finally {
    open.abort();
    open.release();
    if (socket.readyState <= socket.OPEN) socket.close(NORMAL);
    await watch;
  }
}

function socketUrl(url: string): string {
  const address = new URL('/v1/ws', url);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  return address.href;
}

function send(socket: WebSocket, id: number, method: string, params: object): void {
  socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
}

/** A network that is idle sends nothing, and neither does a host that is gone. */
async function watchSilence(env: Environment, socket: WebSocket, inbox: Inbox, signal: AbortSignal): Promise<void> {
  for (let heard = inbox.heard, asked = false; ; heard = inbox.heard) {
    await env.wait(SILENCE_MS, signal);
    if (signal.aborted) return;
    if (inbox.heard !== heard) asked = false;
    else if (asked || socket.readyState !== socket.OPEN) return inbox.end();
    else {
      asked = true;
      send(socket, PING_ID, 'chain_head', {});
    }
  }
}

/** Texts in the order they came. */
class Inbox {
  heard = 0;
  #texts: string[] = [];
  #isEnded = false;
  #wake: (() => void) | undefined;

  put(data: unknown): void {
    this.heard += 1;
    if (this.#texts.length >= INBOX_MAX) this.#isEnded = true;
    else if (typeof data === 'string' && !this.#isEnded) this.#texts.push(data);
    this.#wake?.();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  /** Undefined after the last one. */
  async next(): Promise<string | undefined> {
    while (this.#texts.length === 0 && !this.#isEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#texts.shift();
  }
}

function read(url: string, text: string): Frame | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  if (value.id === SUBSCRIBE_ID) {
    const refused = refusalOf(url, value.error);
    if (refused !== undefined) throw refused;
    const seq = isRecord(value.result) ? value.result.seq : undefined;
    return typeof seq === 'number' ? { kind: 'subscribed', seq } : undefined;
  }
  if (value.method !== 'sub_event' || !isRecord(value.params)) return undefined;
  const { seq } = value.params;
  return typeof seq === 'number' ? { kind: 'event', seq, params: value.params } : undefined;
}
