import { flagsTyped } from './command-options.ts';
import type { CliIo } from './io.ts';
import { emit, type OutputFormat, printScreen, rowsThatFit } from './output.ts';
import { progressLine } from './progress.ts';
import type { RpcClient } from './rpc-client.ts';
import type { Page } from './rpc-shapes.ts';
import type { Column } from './table.ts';

export interface ListOptions {
  readonly output: OutputFormat;
  readonly limit?: number;
  readonly cursor?: string;
  readonly all?: boolean;
}

/** A list of a daemon as a command shows it. */
export interface Listing<Item> {
  readonly method: string;
  readonly params: object;
  readonly title?: string;
  readonly columns: readonly Column[];
  row(item: Item): readonly string[];
  /** What an empty list says. */
  readonly empty: string;
  /** The command that was typed with what it takes, without the options of pages: `waggle session list --space x`. */
  readonly command: string;
  /** What to type after the last page. */
  next(items: readonly Item[]): string;
}

const LIMIT = 100;
const LIMIT_ALL = 1_000;

/** A page, or with --all every page, in the wanted form. */
export async function showList<Item>(
  listing: Listing<Item>,
  options: ListOptions,
  client: RpcClient,
  io: CliIo,
): Promise<void> {
  if (options.all === true) return await showAll(listing, options, client, io);
  const fits = options.output === 'table' && io.isTerminal === true;
  const limit = options.limit ?? (fits ? rowsThatFit(io, listing.title === undefined ? 1 : 2) : LIMIT);
  const page = await client.call<Page<Item>>(listing.method, pageParams(listing, limit, options.cursor));
  const again = () => `${listing.command} --cursor ${page.next}${flagsTyped({ limit: options.limit })}`;
  emit(io, options.output, page, () => screenOf(listing, page.items, page.next ? again() : undefined), page.items);
}

function pageParams({ params }: Listing<never>, limit: number, cursor: string | undefined): object {
  return { ...params, limit, ...(cursor === undefined ? {} : { cursor }) };
}

function screenOf<Item>(listing: Listing<Item>, items: readonly Item[], again: string | undefined) {
  const { title, columns, row, empty, next } = listing;
  return {
    ...(title === undefined ? {} : { title }),
    columns: items.length === 0 ? [] : columns,
    rows: items.map(row),
    notes:
      items.length === 0 ? [empty] : again === undefined ? [] : ['… more on the next page; --all shows every page'],
    next: again ?? next(items),
  };
}

/** Page after page; as ndjson each goes out as it comes, and nothing is kept. */
async function showAll<Item>(listing: Listing<Item>, options: ListOptions, client: RpcClient, io: CliIo) {
  const line = progressLine(io);
  const items: Item[] = [];
  let [count, cursor, page]: [number, string | undefined, Page<Item> | undefined] = [0, options.cursor, undefined];
  try {
    do {
      page = await client.call<Page<Item>>(listing.method, pageParams(listing, options.limit ?? LIMIT_ALL, cursor));
      count += page.items.length;
      if (options.output === 'ndjson') for (const item of page.items) io.out(`${JSON.stringify(item)}\n`);
      else items.push(...page.items);
      cursor = page.next ?? undefined;
      line.show(`${count} read${cursor === undefined ? '' : ' …'}`);
    } while (cursor !== undefined);
  } finally {
    line.clear();
  }
  if (options.output === 'json') io.out(`${JSON.stringify({ ...page, items, next: null })}\n`);
  // Somebody who asks for all of it wants all of it: nothing is cut by the height of the screen.
  if (options.output === 'table')
    printScreen({ ...io, lines: Number.POSITIVE_INFINITY }, screenOf(listing, items, undefined));
}
