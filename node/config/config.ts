import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { multiaddr } from '@multiformats/multiaddr';
import { WaggleError } from '../../protocol/errors.ts';
import { type ConfigFile, parseConfigFile } from './config-file.ts';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const NODE_ROLES = ['validator', 'observer'] as const;
export type NodeRole = (typeof NODE_ROLES)[number];

/** Whether batches follow what the metrics agent measures, or stay as they are. */
export const AGENT_MODES = ['adaptive', 'fixed'] as const;
export type AgentMode = (typeof AGENT_MODES)[number];

/** Local options of one node, complete and checked. */
export interface NodeConfig {
  /** The validator this home is of; undefined: whichever has this home's key. An observer's must be given. */
  readonly name: string | undefined;
  readonly role: NodeRole;
  readonly rpc: {
    readonly host: string;
    readonly port: number;
    /** Host names allowed beside the bound address. */
    readonly hosts: readonly string[];
    readonly origins: readonly string[];
  };
  readonly p2p: {
    readonly listen: readonly string[];
    /** By the name of a validator: the one address to dial it at, whatever the roster says. */
    readonly dial: ReadonlyMap<string, string>;
  };
  readonly log: { readonly level: LogLevel };
  /** Blocks kept below the newest snapshot; undefined: all. */
  readonly retention: { readonly blocks: number | undefined };
  readonly agent: { readonly mode: AgentMode };
}

/** Options given on the command line, as texts. */
export interface ConfigFlags {
  readonly name?: string;
  readonly rpcHost?: string;
  readonly rpcPort?: string;
  readonly listen?: readonly string[];
  readonly logLevel?: string;
}

export const RPC_PORT = 8440;
const LISTEN = '/ip4/0.0.0.0/tcp/9440';

/**
 * Flag before `WAGGLE_…` before config.yaml before default. A missing file is an empty one.
 * @throws WaggleError those of parseConfigFile; WAGGLE_CONFIG_FILE {path, reason}
 * @throws WaggleError WAGGLE_CONFIG_VALUE {field, rule}; WAGGLE_CONFIG_RPC_ADDRESS {host}: not loopback, and there is no TLS
 */
export async function loadConfig(
  path: string,
  flags: ConfigFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<NodeConfig> {
  return resolveConfig(parseConfigFile(await readConfigText(path)), flags, env);
}

async function readConfigText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return '';
    throw new WaggleError('WAGGLE_CONFIG_FILE', { path, reason: code });
  }
}

export function resolveConfig(
  file: ConfigFile,
  flags: ConfigFlags,
  env: Readonly<Record<string, string | undefined>>,
): NodeConfig {
  const host = flags.rpcHost ?? env.WAGGLE_RPC_HOST ?? file.rpc?.host ?? '127.0.0.1';
  checkLoopback(host);
  const port = flags.rpcPort ?? env.WAGGLE_RPC_PORT ?? file.rpc?.port ?? RPC_PORT;
  const role = checkRole(file.role ?? 'validator');
  const level = flags.logLevel ?? env.WAGGLE_LOG_LEVEL ?? file.log?.level ?? 'info';
  return {
    name: flags.name ?? env.WAGGLE_NAME ?? file.name,
    role,
    rpc: {
      host,
      port: wholeNumber('rpc.port', port, 65_535),
      hosts: listOf(env.WAGGLE_RPC_HOSTS) ?? file.rpc?.hosts ?? [],
      origins: listOf(env.WAGGLE_RPC_ORIGINS) ?? file.rpc?.origins ?? [],
    },
    p2p: {
      listen: checkListen(flags.listen ?? listOf(env.WAGGLE_P2P_LISTEN) ?? file.p2p?.listen, role),
      dial: checkDial(file.p2p?.dial ?? {}),
    },
    log: { level: checkLevel(level) },
    retention: { blocks: checkRetention(env.WAGGLE_RETENTION_BLOCKS ?? file.retention?.blocks ?? 'all') },
    agent: { mode: checkAgentMode(env.WAGGLE_AGENT_MODE ?? file.agent?.mode ?? 'adaptive') },
  };
}

/** Tokens must not travel in the clear: another machine reaches RPC through a proxy that has TLS. */
function checkLoopback(host: string): void {
  const isLoopback = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
  if (!isLoopback) throw new WaggleError('WAGGLE_CONFIG_RPC_ADDRESS', { host });
}

/** Nobody dials an observer, so it need not listen. */
function checkListen(given: readonly string[] | undefined, role: NodeRole): readonly string[] {
  const listen = given ?? (role === 'observer' ? [] : [LISTEN]);
  if (listen.length === 0 && role !== 'observer')
    throw new WaggleError('WAGGLE_CONFIG_VALUE', { field: 'p2p.listen', rule: 'one address at least' });
  for (const address of listen) {
    if (!isMultiaddr(address)) {
      throw new WaggleError('WAGGLE_CONFIG_VALUE', {
        field: 'p2p.listen',
        rule: 'addresses like /ip4/0.0.0.0/tcp/9440',
      });
    }
  }
  return listen;
}

function checkDial(given: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const dial = new Map(Object.entries(given));
  for (const [name, address] of dial) {
    if (!isMultiaddr(address)) {
      throw new WaggleError('WAGGLE_CONFIG_VALUE', {
        field: `p2p.dial.${name}`,
        rule: 'an address like /ip4/127.0.0.1/tcp/9440',
      });
    }
  }
  return dial;
}

function isMultiaddr(text: string): boolean {
  try {
    return multiaddr(text).toString() !== '';
  } catch {
    return false;
  }
}

function checkRole(role: string): NodeRole {
  const known = NODE_ROLES.find((one) => one === role);
  if (known === undefined) throw new WaggleError('WAGGLE_CONFIG_VALUE', { field: 'role', rule: NODE_ROLES.join(', ') });
  return known;
}

function checkLevel(level: string): LogLevel {
  const known = LOG_LEVELS.find((one) => one === level);
  if (known === undefined)
    throw new WaggleError('WAGGLE_CONFIG_VALUE', { field: 'log.level', rule: LOG_LEVELS.join(', ') });
  return known;
}

function checkAgentMode(mode: string): AgentMode {
  const known = AGENT_MODES.find((one) => one === mode);
  if (known === undefined)
    throw new WaggleError('WAGGLE_CONFIG_VALUE', { field: 'agent.mode', rule: AGENT_MODES.join(', ') });
  return known;
}

/** Blocks by their number, or all of them. */
function checkRetention(blocks: string | number): number | undefined {
  return blocks === 'all' ? undefined : wholeNumber('retention.blocks', blocks, 999_999_999);
}

function wholeNumber(field: string, value: number | string, max: number): number {
  const number = typeof value === 'number' ? value : /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isInteger(number) && number >= 0 && number <= max) return number;
  throw new WaggleError('WAGGLE_CONFIG_VALUE', { field, rule: `a whole number 0…${max}` });
}

/** A list in one variable, by commas. */
function listOf(text: string | undefined): string[] | undefined {
  return text === undefined ? undefined : text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
}
