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
   * A page that rebinds its own name to this address still sends that name, so the name decides; an address that names a
   * host names it before the header does (RFC 9112, 3.2.2). An Origin is allowed when listed, or when it is this very
   * server.
   * @throws RpcError auth.forbidden; request.invalid without a Host
   */
  check(headers: IncomingHttpHeaders, address = '/'): void {
    const { host, origin } = headers;
    if (host === undefined) throw new RpcError('request.invalid', { detail: 'no Host' });
    const named = /^[a-z]+:\/\/([^/?#]*)/i.exec(address)?.[1] ?? host;
    if (!this.#hosts.has(nameOf(host)) || !this.#hosts.has(nameOf(named))) {
      throw new RpcError('auth.forbidden', { detail: 'foreign Host', hint: 'call it by a name of its hosts list' });
    }
    const isOwn = origin === undefined ? !isOfForeignPage(headers) : this.#isAllowed(origin, host);
    if (isOwn) return;
    throw new RpcError('auth.forbidden', { detail: 'foreign Origin', hint: 'list the origin in the configuration' });
  }

  #isAllowed(origin: string, host: string): boolean {
    return this.#origins.has(origin) || origin === `http://${host}` || origin === `https://${host}`;
  }
}

const FOREIGN_SITES: ReadonlySet<unknown> = new Set(['cross-site', 'same-site']);

/**
 * A page that loads this as a picture or a script sends no Origin, and cannot read the answer; but it could keep this node
 * busy. Browsers say so (Fetch Metadata). A link that somebody follows is no such load.
 */
function isOfForeignPage(headers: IncomingHttpHeaders): boolean {
  return FOREIGN_SITES.has(headers['sec-fetch-site']) && headers['sec-fetch-mode'] !== 'navigate';
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
  readonly isGone?: () => boolean;
}

/**
 * A caller by its bearer token. Every element of a batch asks and spends for itself; the token of one request is looked
 * up once and counts as one guess. Over WebSocket it is looked up for every message, so a token that is taken back is
 * dead.
 */
export function callerOf(gate: TokenGate, facts: CallerFacts): Caller {
  const { authorization, address, subscriber, isGone = () => false } = facts;
  let looked: Held | undefined;
  let purse: string | undefined;
  const look = () => {
    looked ??= lookUp(gate, authorization, address);
    return looked;
  };
  const hold = () => {
    const held = look();
    if ('error' in held) throw held.error;
    return held.scope;
  };
  return {
    isGone,
    scope: () => {
      const held = look();
      return 'error' in held ? undefined : held.scope;
    },
    get rate() {
      return 'error' in look() ? gate.rates.anonymous : gate.rates.authenticated;
    },
    spend: (units) => {
      const held = look();
      const isAnonymous = 'error' in held;
      purse ??= isAnonymous ? `at ${networkOf(address)}` : `token ${held.name}`;
      gate.spending.spend(purse, isAnonymous ? gate.rates.anonymous : gate.rates.authenticated, units);
    },
    requireRead: () => {
      if (!isLoopback(address)) hold();
    },
    require: (scope) => {
      if (!includesScope(hold(), scope)) throw new RpcError('auth.forbidden', { detail: `scope ${scope} is needed` });
    },
    ...(subscriber === undefined ? {} : { subscriber }),
  };
}

type Held = { readonly scope: Scope; readonly name: string } | { readonly error: RpcError };

/** The token of an authorization header, undefined for none and for what is none. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : /^Bearer ([\x21-\x7e]{1,512})$/i.exec(authorization)?.[1];
}

function lookUp(gate: TokenGate, authorization: string | undefined, address: string): Held {
  const token = bearerOf(authorization);
  if (token === undefined) return { error: new RpcError('auth.missing') };
  const guess = gate.check(token, address);
  if ('scope' in guess) return guess;
  if (guess.refused === 'limited') return { error: new RpcError('request.rate-limited', { retryAfterMs: 60_000 }) };
  return { error: new RpcError('auth.missing', { detail: 'unknown token' }) };
}

const IPV6_NETWORK_GROUPS = 4;

/** Who has an IPv6 address has 2⁶⁴ of them: they count as one. */
export function networkOf(address: string): string {
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address;
  if (!plain.includes(':')) return plain;
  const [left = '', right] = plain.split('%')[0]?.split('::') ?? [];
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const zeros =
    right === undefined ? [] : Array.from({ length: Math.max(0, 8 - head.length - tail.length) }, () => '0');
  return [...head, ...zeros, ...tail].slice(0, IPV6_NETWORK_GROUPS).join(':');
}
