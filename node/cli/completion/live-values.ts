import { STANCES } from '../arguments.ts';
import type { CliIo } from '../io.ts';
import { createRpcClient } from '../rpc-client.ts';
import { findTarget } from '../target.ts';
import { defaultTestnetDirectory, readTestnetFile } from '../testnet-file.ts';
import type { Candidate } from './complete.ts';

interface Where {
  readonly path: readonly string[];
  /** Options typed so far, by long name. */
  readonly given: ReadonlyMap<string, string>;
  readonly positionals: readonly string[];
}

type Row = Readonly<Record<string, unknown>>;
type Ask = (method: string, params: object) => Promise<{ readonly items?: readonly Row[] } & Row>;

/** A Tab must not be felt: what a daemon does not say by then is not offered. */
const ASK_MS = 700;
const NAMES_MAX = 200;
const WEIGHTS = Array.from({ length: 10 }, (_, at) => ({ value: String(at + 1) }));

/** Values of one kind of argument as the daemon meant by the options knows them now. */
export async function liveValues(kind: string, where: Where, io: CliIo): Promise<readonly Candidate[]> {
  if (kind === 'node') return await nodeNames(where, io);
  if (kind === 'choice') return [...WEIGHTS, ...STANCES.map((value) => ({ value }))];
  const list = LISTS.get(kind);
  if (list === undefined) return [];
  const { given } = where;
  const named = Object.fromEntries(
    ['home', 'rpc', 'dir', 'node'].flatMap((name) => (given.has(name) ? [[name, given.get(name) ?? '']] : [])),
  );
  const { url } = await findTarget(named, io.env);
  const client = createRpcClient({ url, timeoutMs: ASK_MS, attempts: 1 });
  return await list((method, params) => client.call(method, params), where);
}

const LISTS: ReadonlyMap<string, (ask: Ask, where: Where) => Promise<readonly Candidate[]>> = new Map([
  ['session', sessions],
  ['proposal', proposals],
  ['model', models],
  ['space', spaces],
]);

const WANTED: ReadonlyMap<string, string> = new Map([
  ['activate', 'draft'],
  ['add', 'draft'],
  ['vote', 'active'],
  ['extend', 'active'],
]);

/** Drafts for what changes drafts, running sessions for votes, all of them to look at. */
async function sessions(ask: Ask, where: Where): Promise<readonly Candidate[]> {
  const status = WANTED.get(where.path.at(-1) ?? '');
  const { items = [] } = await ask('session_list', {
    space: spaceOf(where),
    limit: NAMES_MAX,
    ...(status === undefined ? {} : { status }),
  });
  return named(items, 'session', ({ status: is, title }) => `${is}: ${title}`);
}

async function proposals(ask: Ask, where: Where): Promise<readonly Candidate[]> {
  const session = where.given.get('session') ?? where.positionals[0];
  const of = session === undefined ? {} : { session };
  const { items = [] } = await ask('proposal_list', { space: spaceOf(where), ...of, limit: NAMES_MAX });
  return named(items, 'id', ({ title }) => String(title));
}

/** Those who may vote in the session at hand, else the registry. */
async function models(ask: Ask, where: Where): Promise<readonly Candidate[]> {
  const [session] = where.positionals;
  if (session !== undefined && /^(?:vote|list)$/.test(where.path.at(-1) ?? '')) {
    const { electorate } = await ask('session_get', { space: spaceOf(where), session });
    return named((electorate ?? []) as readonly Row[], 'voter', ({ role }) => String(role));
  }
  const { items = [] } = await ask('model_list', { limit: NAMES_MAX });
  return named(items, 'id', ({ operator }) => `of ${operator}`);
}

async function spaces(ask: Ask): Promise<readonly Candidate[]> {
  const { items = [] } = await ask('space_list', { limit: NAMES_MAX });
  return named(items, 'id', ({ title }) => String(title));
}

function named(rows: readonly Row[], field: string, describe: (row: Row) => string): Candidate[] {
  return rows.slice(0, NAMES_MAX).map((row) => ({ value: String(row[field]), description: describe(row) }));
}

function spaceOf({ given }: Where): string {
  return given.get('space') ?? 'main';
}

async function nodeNames({ given }: Where, { env }: CliIo): Promise<readonly Candidate[]> {
  const file = await readTestnetFile(given.get('dir') ?? defaultTestnetDirectory(env));
  return (file?.nodes ?? []).map(({ name, rpc, pid }) => ({
    value: name,
    description: pid === null ? 'not running' : rpc,
  }));
}
