import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type LinkRule, LOSS_PERCENT_MAX } from './line.ts';
import type { LinkChange, Relay } from './relay.ts';

const HOST = '127.0.0.1';
const BODY_BYTES_MAX = 1024 * 1024;
const DELAY_MS_MAX = 60_000;
const RATE_KBIT_MAX = 100_000_000;

/** `GET /links`, `POST /rules` and `POST /heal` on loopback, for who has the token of `relay.json`. */
export async function serveControl(relay: Relay, port: number, token: string): Promise<Server> {
  const server = createServer((request, response) => {
    void answer(relay, token, request).then(
      ({ status, body }) => send(response, status, body),
      () => send(response, 500, { error: 'failed' }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: HOST }, resolve);
  });
  return server;
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

async function answer(relay: Relay, token: string, request: IncomingMessage): Promise<Answer> {
  if (!isAllowed(request.headers.authorization, token)) return { status: 401, body: { error: 'the token is needed' } };
  const asked = `${request.method} ${request.url}`;
  if (asked === 'POST /heal') relay.heal();
  else if (asked === 'POST /rules') {
    const changes = parseChanges(await read(request));
    if (changes === undefined) return { status: 400, body: { error: 'no list of {from, to, rule}' } };
    const unknown = relay.change(changes);
    if (unknown.length > 0) return { status: 404, body: { error: `no link ${unknown.join(', ')}` } };
  } else if (asked !== 'GET /links') return { status: 404, body: { error: 'GET /links, POST /rules, POST /heal' } };
  return { status: 200, body: relay.links() };
}

function isAllowed(given: string | undefined, token: string): boolean {
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(`Bearer ${token}`)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Undefined for anything that is not whole. */
export function parseChanges(text: string | undefined): LinkChange[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const changes: LinkChange[] = [];
  for (const one of value as unknown[]) {
    const { from, to, rule } = (one ?? {}) as Partial<LinkChange>;
    if (typeof from !== 'string' || typeof to !== 'string' || !isRule(rule)) return undefined;
    changes.push({ from, to, rule });
  }
  return changes;
}

const LIMITS: Readonly<Record<Exclude<keyof LinkRule, 'cut'>, number>> = {
  delayMs: DELAY_MS_MAX,
  jitterMs: DELAY_MS_MAX,
  lossPercent: LOSS_PERCENT_MAX,
  rateKbit: RATE_KBIT_MAX,
};

function isRule(value: unknown): value is Partial<LinkRule> {
  if (typeof value !== 'object' || value === null) return false;
  const limits = new Map<string, number>(Object.entries(LIMITS));
  return Object.entries(value).every(([name, one]: [string, unknown]) => {
    if (name === 'cut') return typeof one === 'boolean';
    return typeof one === 'number' && one >= 0 && one <= (limits.get(name) ?? -1);
  });
}

async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
