import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { WaggleError } from '../../protocol/errors.ts';
import { usage } from './arguments.ts';
import { createRpcClient, type RpcClient } from './rpc-client.ts';
import { defaultTestnetDirectory, readTestnetFile, type TestnetFile, type TestnetNode } from './testnet-file.ts';

/** Options by which every command that talks to a daemon finds it. */
export interface TargetOptions {
  readonly home?: string;
  readonly rpc?: string;
  readonly dir?: string;
  readonly node?: string;
  readonly tokenFile?: string;
}

type Env = Readonly<Record<string, string | undefined>>;

export interface Target {
  readonly url: string;
  readonly token: string | undefined;
  /** How a next command reaches the same daemon: '' or ' --dir D --node N'. */
  readonly flags: string;
}

export function targetOptions(command: Command): Command {
  return command
    .option('--home <dir>', 'the home of the daemon to ask')
    .option('--rpc <url>', 'the URL of the daemon to ask')
    .option('--dir <dir>', 'the testnet whose daemon to ask')
    .option('--node <name>', 'which node of that testnet (default: its first that runs)')
    .option('--token-file <file>', 'file with the token, where the home is not at hand');
}

/** Written by a running daemon into its home. */
const RPC_FILE = 'rpc.json';

/**
 * The daemon meant: --rpc, --dir/--node, --home, WAGGLE_RPC, WAGGLE_HOME, the user's home when a node was set up there,
 * else the checkout's testnet.
 * @throws WaggleError WAGGLE_CLI_UNAVAILABLE, WAGGLE_CLI_USAGE, WAGGLE_CLI_NO_INPUT
 */
export async function findTarget(options: TargetOptions, env: Env): Promise<Target> {
  const named = options.rpc ?? (options.dir || options.node || options.home ? undefined : env.WAGGLE_RPC);
  if (named !== undefined) return byUrl(named, options, env);
  if (options.dir !== undefined || options.node !== undefined) return inTestnet(options, env);
  if (options.home !== undefined || env.WAGGLE_HOME) return inHome(options.home ?? env.WAGGLE_HOME ?? '', options, env);
  const { homeDirectory } = await import('../storage/home.ts');
  const home = homeDirectory(undefined, env);
  if ((await textAt(join(home, 'genesis.json'))) !== undefined) return inHome(home, options, env);
  if ((await readTestnetFile(defaultTestnetDirectory())) !== undefined) return inTestnet(options, env);
  throw unavailable('no daemon is set up here', 'npm start, or waggle init');
}

export async function connect(options: TargetOptions, env: Env): Promise<RpcClient & { readonly flags: string }> {
  const { url, token, flags } = await findTarget(options, env);
  return { ...createRpcClient({ url, ...(token === undefined ? {} : { token }) }), flags };
}

async function byUrl(text: string, options: TargetOptions, env: Env): Promise<Target> {
  if (!URL.canParse(text) || !/^https?:/.test(text))
    throw usage(`--rpc ${text} is no URL`, '--rpc http://127.0.0.1:PORT');
  return { url: text, token: await tokenOf(undefined, options, env), flags: ` --rpc ${text}` };
}

async function inTestnet(options: TargetOptions, env: Env): Promise<Target> {
  const directory = resolve(options.dir ?? defaultTestnetDirectory());
  const file = await readTestnetFile(directory);
  if (file === undefined) throw unavailable(`no testnet in ${directory}`, 'waggle testnet up --detach');
  const node = nodeOf(file, options.node);
  const flags = `${options.dir === undefined ? '' : ` --dir ${options.dir}`}${options.node === undefined ? '' : ` --node ${options.node}`}`;
  return { url: node.rpc, token: await tokenOf(node.token, options, env), flags };
}

function nodeOf(file: TestnetFile, name: string | undefined): TestnetNode {
  const found = name === undefined ? (file.nodes.find(({ pid }) => pid !== null) ?? file.nodes[0]) : undefined;
  const node = found ?? file.nodes.find((one) => one.name === name);
  if (node !== undefined) return node;
  throw usage(
    `no node '${name}' in this testnet: ${file.nodes.map((one) => one.name).join(', ')}`,
    `--node ${file.nodes[0]?.name}`,
  );
}

/** Where the daemon of a home says that it listens, else where its configuration does. */
async function inHome(home: string, options: TargetOptions, env: Env): Promise<Target> {
  const [{ loadConfig }, { tokenPath }, { homePaths }] = await Promise.all([
    import('../config/config.ts'),
    import('../config/tokens.ts'),
    import('../storage/home.ts'),
  ]);
  const paths = homePaths(home);
  if ((await textAt(paths.genesis)) === undefined) {
    throw unavailable(`${paths.directory} is no home of a node`, `waggle init --home ${home}`);
  }
  const written = await writtenUrl(join(paths.directory, RPC_FILE));
  const { rpc } = await loadConfig(paths.config, {}, env);
  const host = rpc.host.includes(':') ? `[${rpc.host}]` : rpc.host;
  const flags = options.home === undefined ? '' : ` --home ${options.home}`;
  const token = await tokenOf(tokenPath(paths.tokens, 'operator'), options, env);
  return { url: written ?? `http://${host}:${rpc.port}`, token, flags };
}

async function writtenUrl(path: string): Promise<string | undefined> {
  try {
    const { url } = JSON.parse((await textAt(path)) ?? '') as { url?: unknown };
    return typeof url === 'string' && URL.canParse(url) ? url : undefined;
  } catch {
    return undefined;
  }
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
