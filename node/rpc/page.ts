import { RpcError } from './rpc-error.ts';

export interface Page<Item> {
  readonly items: readonly Item[];
  /** The cursor for the next page, null on the last. */
  readonly next: string | null;
  readonly at: { readonly height: number };
}

/** What a client keeps between pages: the last key, opaque to it. */
export function encodeCursor(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64url');
}

const KEY = /^[a-z0-9._/-]{1,260}$/;

/** @throws RpcError params.invalid for what this node never handed out */
export function decodeCursor(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!KEY.test(key) || encodeCursor(key) !== cursor)
    throw new RpcError('params.invalid', { path: 'cursor', detail: 'not a cursor of this list' });
  return key;
}

/**
 * The smallest `count` keys beyond `after` in byte order (keys are ASCII), without sorting all of them: a page costs
 * one pass whatever the history.
 */
export function smallestAfter(keys: Iterable<string>, after: string | undefined, count: number): string[] {
  const chunk = Math.max(count * 2, 64);
  let kept: string[] = [];
  let bound: string | undefined;
  for (const key of keys) {
    if ((after !== undefined && key <= after) || (bound !== undefined && key >= bound)) continue;
    kept.push(key);
    if (kept.length < chunk) continue;
    kept = kept.sort().slice(0, count);
    bound = kept[count - 1];
  }
  return kept.sort().slice(0, count);
}

/** A page over keys: one more than asked for is taken, to know whether there is a next. */
export function keyPage<Item>(
  keys: Iterable<string>,
  query: { readonly limit: number; readonly cursor?: string | undefined },
  render: (key: string) => Item,
  height: number,
): Page<Item> {
  const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
  const found = smallestAfter(keys, after, query.limit + 1);
  const shown = found.slice(0, query.limit);
  const last = shown.at(-1);
  const next = found.length > shown.length && last !== undefined ? encodeCursor(last) : null;
  return { items: shown.map(render), next, at: { height } };
}
