import { createHash } from 'node:crypto';
import { sessionKey } from '../../../protocol/governance/row-keys.ts';
import { toHex } from '../../../protocol/hex.ts';
import type { Desk } from '../desk.ts';

const YEAR_S = 31_536_000;
const IMMUTABLE = `max-age=${YEAR_S}, immutable`;
const REVALIDATE = 'no-cache';

/** Reads of executed data alone: the same until the next block. */
const BY_HEIGHT: ReadonlySet<string> = new Set([
  'chain_genesis',
  'network_get',
  'chain_head',
  'session_get',
  'session_list',
  'proposal_get',
  'proposal_list',
  'ballot_get',
  'ballot_list',
  'tally_get',
  'model_get',
  'model_list',
  'observer_list',
  'space_get',
  'space_list',
]);

export interface Freshness {
  readonly etag: string;
  readonly cacheControl: string;
}

/**
 * What is known before the read: undefined where only the result itself can tell. Weak, because certificates of one block
 * may differ from node to node; the chain and the version are in it, because another network may be served here tomorrow.
 */
export function freshnessBefore(method: string, { api }: Desk): Freshness | undefined {
  if (!BY_HEIGHT.has(method)) return undefined;
  const chain = toHex(api.chain).slice(0, 16);
  return { etag: `W/"${chain}.${api.version}.${api.head().height}"`, cacheControl: REVALIDATE };
}

/** What is known with the result: what a hash names never changes, once its session has ended. */
export function freshnessAfter(
  method: string,
  params: object,
  json: string,
  desk: Desk,
  before: Freshness | undefined,
): Freshness {
  if (isForever(method, params, json, desk)) return { etag: contentTag(json), cacheControl: IMMUTABLE };
  return before ?? { etag: contentTag(json), cacheControl: REVALIDATE };
}

function isForever(method: string, params: object, json: string, { api }: Desk): boolean {
  if (method === 'chain_getSegment') return true;
  if (method === 'chain_getBlock') {
    // Its finalization may still be on the way to the store.
    const { certificate } = JSON.parse(json) as { readonly certificate: object | null };
    return Object.hasOwn(params, 'hash') && certificate !== null;
  }
  if (method !== 'ballot_get') return false;
  // Until the session ends a later ballot may replace this one, or this one count where it did not.
  const { space, session } = JSON.parse(json) as { readonly space: string; readonly session: string };
  const status = api.state().sessions.get(sessionKey(space, session))?.status;
  return status === 'completed' || status === 'cancelled';
}

function contentTag(json: string): string {
  return `"${createHash('sha256').update(json).digest('base64url').slice(0, 22)}"`;
}

/** Weak comparison (RFC 9110, 13.1.2). `*` is no tag anybody was given here, so it is answered in full. */
export function isKnown(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const plain = (tag: string) => tag.trim().replace(/^W\//, '');
  return ifNoneMatch.split(',').some((tag) => plain(tag) === plain(etag));
}
