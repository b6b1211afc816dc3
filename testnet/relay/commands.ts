import { resolve } from 'node:path';
import { usage } from '../../node/cli/arguments.ts';
import { hint } from '../../node/cli/io.ts';
import type { CliContext } from '../../node/cli/program.ts';
import { defaultTestnetDirectory } from '../../node/cli/testnet-file.ts';
import { requireTestnet } from '../network/state.ts';
import { dirFlag } from '../replay/command.ts';
import { connectRelay, type RelayClient } from './client.ts';
import { summaryOf } from './describe.ts';
import type { LinkRule } from './line.ts';
import { parseGroups, parseNames } from './topology.ts';

export interface LinkOptions {
  readonly dir?: string;
  /** Names with commas; all nodes when absent. */
  readonly from?: string;
  readonly to?: string;
}

export interface PartitionOptions {
  readonly dir?: string;
  readonly oneWay?: boolean;
}

/** `waggle testnet partition A,B/C,D`: groups that hear only themselves; with --one-way the first is no longer heard. */
export async function partitionCommand(
  groups: string,
  { dir, oneWay }: PartitionOptions,
  context: CliContext,
): Promise<void> {
  await onLinks(dir, context, async (relay, names) => {
    const parsed = parseGroups(groups, names);
    const [first = [], ...others] = parsed;
    const rest = others.length > 0 ? others.flat() : names.filter((name) => !first.includes(name));
    if (rest.length === 0) throw usage(`all nodes are in one group: ${groups}`);
    if (oneWay === true) await relay.cut(first, rest);
    else await relay.partition(...parsed);
  });
}

/** `waggle testnet heal`: all links as they were made. */
export async function healCommand({ dir }: { readonly dir?: string }, context: CliContext): Promise<void> {
  await onLinks(dir, context, (relay) => relay.heal());
}

/** `waggle testnet delay|loss|rate`. */
export async function shapeCommand(rule: Partial<LinkRule>, options: LinkOptions, context: CliContext): Promise<void> {
  await onLinks(options.dir, context, async (relay, names) => {
    const of = (text: string | undefined) => (text === undefined ? names : parseNames(text, names));
    await relay.shape(rule, of(options.from), of(options.to));
  });
}

/** Do something to the links, and say what is wrong with them now. */
async function onLinks(
  dir: string | undefined,
  { io }: CliContext,
  act: (relay: RelayClient, names: readonly string[]) => Promise<void>,
): Promise<void> {
  const directory = resolve(dir ?? defaultTestnetDirectory());
  const names = (await requireTestnet(directory)).nodes.map(({ name }) => name);
  const relay = await connectRelay(directory, names);
  await act(relay, names);
  const faults = summaryOf(await relay.links());
  for (const line of faults) io.err(`${line}\n`);
  if (faults.length === 0) io.err('all links are whole\n');
  hint(io, `waggle testnet ${faults.length === 0 ? 'status' : 'heal'}${dirFlag(dir)}`);
}
