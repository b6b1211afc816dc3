import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { type Command, Option } from 'commander';
import { WaggleError } from '../../protocol/errors.ts';
import { nearestName } from '../../protocol/nearest.ts';
import { advised } from './advice.ts';
import { usage } from './arguments.ts';
import { type CallOptions, createRpcClient, type RpcClient } from './rpc-client.ts';
import { defaultTestnetDirectory, readTestnetFile, type TestnetFile, type TestnetNode } from './testnet-file.ts';
import { shellWord } from './typed-command.ts';

/** Options by which every command that talks to a daemon finds it. */
export interface TargetOptions {
  readonly home?: string;
  readonly rpc?: string;
  readonly dir?: string;
  readonly node?: string;
  readonly tokenFile?: string;
}

/** Which token of the home goes with a call. */
type Scope = 'operator' | 'admin';

type Env = Readonly<Record<string, string | undefined>>;

export interface Target {
  readonly url: string;
  readonly token: string | undefined;
  /** How a next command reaches the same daemon: '' or ' --dir D --node N'. */
  readonly flags: string;
  /** Its home, when that is on this machine. */
  readonly home: string | undefined;
  /** What starts it when it does not answer, where that can be known. */
  readonly start?: string;
}

export function targetOptions(command: Command): Command {
  const options = [
    ['--home <dir>', 'the home of the daemon to ask'],
    ['--rpc <url>', 'its URL'],
    ['--dir <dir>', 'the testnet it belongs to'],
    ['--node <name>', 'which node of that testnet (default: its first that runs)'],
    ['--token-file <file>', 'file with its token, where the home is not at hand'],
  ] as const;
  for (const [flags, description] of options) {
    command.addOption(new Option(flags, description).helpGroup('Which daemon:'));
  }
  return command;
}

/** Written by a running daemon into its home. */
const RPC_FILE = 'rpc.json';
const LOOK_MS = 2_000;

/**
 * The daemon meant: --rpc, --dir/--node, --home, WAGGLE_RPC, WAGGLE_HOME, the user's home when a node was set up there,
 * else the checkout's testnet.
 * @throws WaggleError WAGGLE_CLI_UNAVAILABLE, WAGGLE_CLI_USAGE, WAGGLE_CLI_NO_INPUT
 */
export async function findTarget(options: TargetOptions, env: Env, scope: Scope = 'operator'): Promise<Target> {
  const named = options.rpc ?? (options.dir || options.node || options.home ? undefined : env.WAGGLE_RPC);
  if (named !== undefined) return byUrl(named, options, env);
  if (options.dir !== undefined || options.node !== undefined) return inTestnet(options, env, scope);
  const inOwn = (home: string) => inHome(home, options, env, scope);
  if (options.home !== undefined || env.WAGGLE_HOME) return inOwn(options.home ?? env.WAGGLE_HOME ?? '');
  const { homeDirectory } = await import('../storage/home.ts');
  const home = homeDirectory(undefined, env);
  if ((await textAt(join(home, 'genesis.json'))) !== undefined) return inOwn(home);
  if ((await readTestnetFile(defaultTestnetDirectory(env))) !== undefined) return inTestnet(options, env, scope);
  throw unavailable('no daemon is set up here', 'npm start, or waggle init');
}

/** A client of the daemon meant, whose refusals say what to type next. */
export async function connect(
  options: TargetOptions,
  env: Env,
  scope: Scope = 'operator',
): Promise<RpcClient & { readonly flags: string; readonly home: string | undefined }> {
  const { url, token, flags, home, start } = await findTarget(options, env, scope);
  const client = createRpcClient({ url, ...(token === undefined ? {} : { token }) });
  const call = async <Result>(method: string, params: object = {}, how: CallOptions = {}): Promise<Result> => {
    try {
      return await client.call<Result>(method, params, how);
    } catch (error) {
      throw await advised(error, { params: params as Readonly<Record<string, unknown>>, flags, start }, client);
    }
  };
  return { ...client, call, flags, home };
}

async function byUrl(text: string, options: TargetOptions, env: Env): Promise<Target> {
  if (!URL.canParse(text) || !/^https?:/.test(text))
    throw usage(`--rpc ${text} is no URL: http://127.0.0.1:PORT is one`);
  const named = flagsOf({ rpc: options.rpc, tokenFile: options.tokenFile });
  return { url: text, token: await tokenOf(undefined, options, env), flags: named, home: options.home };
}

/** The options by which a daemon is found, as they were typed. */
function flagsOf({ home, rpc, dir, node, tokenFile }: { readonly [Name in keyof TargetOptions]: string | undefined }) {
  const typed = { '--home': home, '--rpc': rpc, '--dir': dir, '--node': node, '--token-file': tokenFile };
  return Object.entries(typed)
    .flatMap(([name, value]) => (value === undefined ? [] : [` ${name} ${shellWord(value)}`]))
    .join('');
}

async function inTestnet(options: TargetOptions, env: Env, scope: Scope): Promise<Target> {
  const directory = resolve(options.dir ?? defaultTestnetDirectory(env));
  const file = await readTestnetFile(directory);
  if (file === undefined) throw noTestnet(directory, options.dir);
  const node = nodeOf(file, options.node);
  const flags = flagsOf({ dir: options.dir, node: options.node, tokenFile: options.tokenFile });
  const token = scope === 'operator' ? node.token : join(dirname(node.token), `${scope}.token`);
  const own = flagsOf({ dir: options.dir, home: undefined, rpc: undefined, node: undefined, tokenFile: undefined });
  // Its process may have died since: starting the node is then as right.
  const isUp = file.nodes.some(({ pid }) => pid !== null);
  const start = isUp ? `waggle testnet start ${node.name}${own}` : `waggle testnet up --detach${own}`;
  return { url: node.rpc, token: await tokenOf(token, options, env), flags, home: node.home, start };
}

/** What to say where no network is, and how to make one right there. */
export function noTestnet(directory: string, typed: string | undefined): WaggleError {
  const flag = typed === undefined ? '' : ` --dir ${shellWord(typed)}`;
  return unavailable(`no testnet in ${directory}`, `waggle testnet up --detach${flag}`);
}

function nodeOf(file: TestnetFile, name: string | undefined): TestnetNode {
  const found = name === undefined ? (file.nodes.find(({ pid }) => pid !== null) ?? file.nodes[0]) : undefined;
  const node = found ?? file.nodes.find((one) => one.name === name);
  if (node !== undefined) return node;
  throw noNode(file, name ?? '');
}

/** @returns a usage error with the name that may have been meant */
export function noNode(file: TestnetFile, name: string): WaggleError {
  const names = file.nodes.map((one) => one.name);
  const meant = nearestName(name, names);
  const suggestion = meant === undefined ? '' : ` (Did you mean ${meant}?)`;
  const reason = `no node '${name}' in this testnet: ${names.join(', ')}${suggestion}`;
  return usage(reason, undefined, { written: name, meant });
}

/** Where the daemon of a home says that it listens, else where its configuration does. */
async function inHome(home: string, options: TargetOptions, env: Env, scope: Scope): Promise<Target> {
  const [{ loadConfig }, { tokenPath }, { homePaths }] = await Promise.all([
    import('../config/config.ts'),
    import('../config/tokens.ts'),
    import('../storage/home.ts'),
  ]);
  const paths = homePaths(home);
  if ((await textAt(paths.genesis)) === undefined) {
    throw unavailable(`${paths.directory} is no home of a node`, `waggle init --home ${shellWord(home)}`);
  }
  const written = await writtenByDaemon(join(paths.directory, RPC_FILE));
  const { rpc } = await loadConfig(paths.config, {}, env);
  const host = rpc.host.includes(':') ? `[${rpc.host}]` : rpc.host;
  const url = written?.url ?? `http://${host}:${rpc.port}`;
  const start = `waggle start --home ${shellWord(home)}`;
  if (!isAlive(written?.pid)) await refuseOther(url, paths, start);
  const flags = flagsOf({ home: options.home, tokenFile: options.tokenFile });
  const token = await tokenOf(tokenPath(paths.tokens, scope), options, env);
  return { url, token, flags, home: paths.directory, start };
}

/** What a running daemon wrote; one that was killed leaves it behind. */
async function writtenByDaemon(path: string): Promise<{ readonly url: string; readonly pid: unknown } | undefined> {
  try {
    const { url, pid } = JSON.parse((await textAt(path)) ?? '') as { url?: unknown; pid?: unknown };
    return typeof url === 'string' && URL.canParse(url) ? { url, pid } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: unknown): boolean {
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 1) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Where the daemon of a home is not known to run, another one may have its port: it would be shown as this one, and would
 * get its token. Who does not answer at all is found by the call itself.
 * @throws WaggleError WAGGLE_CLI_UNAVAILABLE
 */
async function refuseOther(url: string, paths: { genesis: string; directory: string }, start: string): Promise<void> {
  const client = createRpcClient({ url, timeoutMs: LOOK_MS, attempts: 1 });
  const { chain } = await client.call<{ chain?: unknown }>('node_status').catch(() => ({ chain: undefined }));
  if (chain === undefined) return;
  if (chain === (await chainOf(paths.genesis))) return;
  throw unavailable(`the daemon of ${paths.directory} does not run: at ${url} is one of another network`, start);
}

/** @throws WaggleError WAGGLE_GENESIS_FORM {path, reason} */
async function chainOf(genesis: string): Promise<string> {
  const [{ chainId, parseGenesis }, { toHex }] = await Promise.all([
    import('../../protocol/genesis.ts'),
    import('../../protocol/hex.ts'),
  ]);
  let value: unknown;
  try {
    value = JSON.parse((await textAt(genesis)) ?? '');
  } catch {
    throw new WaggleError('WAGGLE_GENESIS_FORM', { path: '$', reason: 'not JSON' });
  }
  return toHex(chainId(parseGenesis(value)));
}

async function tokenOf(path: string | undefined, options: TargetOptions, env: Env): Promise<string | undefined> {
  const named = options.tokenFile ?? env.WAGGLE_TOKEN_FILE;
  const file = named ?? path;
  if (file === undefined) return undefined;
  const text = await textAt(file);
  if (text === undefined && named !== undefined) {
    throw new WaggleError('WAGGLE_CLI_NO_INPUT', { path: named, next: 'name the token’s file with --token-file' });
  }
  return text?.trim();
}

async function textAt(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}

function unavailable(reason: string, next: string): WaggleError {
  return new WaggleError('WAGGLE_CLI_UNAVAILABLE', { reason, next });
}
