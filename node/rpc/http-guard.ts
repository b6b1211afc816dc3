import type { IncomingHttpHeaders } from 'node:http';
import type { Caller, Subscriber } from './method.ts';
import { RpcError } from './rpc-error.ts';
import { includesScope, type Scope, type TokenGate } from './tokens.ts';

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/** Which names a client may call this node by, and which web pages may (reliability.md 6, rule 7). */
export class HostGuard {
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  constructor(hosts: readonly string[], origins: readonly string[]) {
    this.#hosts = new Set([...LOOPBACK_NAMES, ...hosts].map((name) => name.toLowerCase()));
    this.#origins = new Set(origins);
  }

  /**
   * A page that rebinds its own name to this address still sends that name, so the name decides. An Origin is allowed
   * when listed, or when it is this very server.
   * @throws RpcError auth.forbidden
   */
  check(headers: IncomingHttpHeaders): void {
    const { host = '', origin } = headers;
    if (!this.#hosts.has(nameOf(host))) {
      throw new RpcError('auth.forbidden', { detail: 'foreign Host', hint: 'call it by a name of its hosts list' });
    }
    if (origin === undefined || this.#origins.has(origin)) return;
    if (origin !== `http://${host}` && origin !== `https://${host}`) {
      throw new RpcError('auth.forbidden', { detail: 'foreign Origin', hint: 'list the origin in the configuration' });
    }
  }
}

/** The name of a Host header without its port; an IPv6 address keeps its brackets. */
function nameOf(host: string): string {
  return host.toLowerCase().replace(/:\d{1,5}$/, '');
}

export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
  return plain === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(plain);
}

export interface CallerFacts {
  readonly authorization: string | undefined;
  readonly address: string;
  readonly subscriber?: Subscriber;
}

/**
 * A caller by its bearer token. Every element of a batch asks for itself; the token of one request is looked up once
 * and counts as one guess. Over WebSocket it is looked up for every message, so a token that is taken back is dead.
 */
export function callerOf(gate: TokenGate, { authorization, address, subscriber }: CallerFacts): Caller {
  let held: { readonly scope: Scope } | { readonly error: RpcError } | undefined;
  const hold = () => {
    held ??= lookUp(gate, authorization, address);
    if ('error' in held) throw held.error;
    return held.scope;
  };
  return {
    requireRead: () => {
      if (!isLoopback(address)) hold();
    },
    require: (scope) => {
      if (!includesScope(hold(), scope)) throw new RpcError('auth.forbidden', { detail: `scope ${scope} is needed` });
    },
    ...(subscriber === undefined ? {} : { subscriber }),
  };
}

function lookUp(gate: TokenGate, authorization: string | undefined, address: string) {
  const token = authorization === undefined ? undefined : /^Bearer ([\x21-\x7e]{1,512})$/i.exec(authorization)?.[1];
  if (token === undefined) return { error: new RpcError('auth.missing') };
  const guess = gate.check(token, address);
  if ('scope' in guess) return guess;
  if (guess.refused === 'limited') return { error: new RpcError('request.rate-limited', { retryAfterMs: 60_000 }) };
  return { error: new RpcError('auth.missing', { detail: 'unknown token' }) };
}
