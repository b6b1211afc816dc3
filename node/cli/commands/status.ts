import { resolve } from 'node:path';
import { WaggleError } from '../../../protocol/errors.ts';
import { EXIT } from '../exit-codes.ts';
import { failureOf } from '../failures.ts';
import { typed } from '../io.ts';
import { emit, type OutputFormat, type Screen } from '../output.ts';
import type { CliContext } from '../program.ts';
import { createRpcClient } from '../rpc-client.ts';
import type { NodeStatusResult } from '../rpc-shapes.ts';
import { connect, findTarget, type TargetOptions } from '../target.ts';
import { defaultTestnetDirectory, readTestnetFile, type TestnetNode } from '../testnet-file.ts';

export interface StatusOptions extends TargetOptions {
  readonly output: OutputFormat;
  readonly cluster?: boolean;
}

export interface WaitOptions extends TargetOptions {
  readonly ready?: boolean;
  readonly timeout: number;
}

/** One node of a cluster: its status, or why there is none. */
interface ClusterRow {
  readonly name: string;
  readonly rpc: string;
  readonly status?: NodeStatusResult;
  readonly error?: string;
}

const STATUS_TIMEOUT_MS = 3_000;
const POLL_MS = 100;

/** `waggle status`: one daemon, or with --cluster all of the testnet or all its peers. */
export async function showStatus(options: StatusOptions, context: CliContext): Promise<void> {
  if (options.cluster === true) return await showCluster(options, context);
  const { io, result } = context;
  const client = await connect(options, io.env);
  const status = await client.call<NodeStatusResult>('node_status');
  emit(io, options.output, status, () => statusScreen(status, client.flags));
  if (!status.ready) result.exit = EXIT.tryAgain;
}

function statusScreen(status: NodeStatusResult, flags: string): Screen {
  const { name, role, ready, notReadyReason } = status;
  return {
    title: `${name} is ${ready ? 'ready' : `not ready: ${notReadyReason ?? 'no reason given'}`}`,
    columns: [{ name: 'field' }, { name: 'value' }],
    rows: [
      ['chain', status.chain],
      ['role', role],
      ['version', status.version],
      ['height', String(status.height)],
      ['view', `${status.view} of epoch ${status.epoch}`],
      ['last final', status.finalizedAt ?? '-'],
      ['syncing', status.syncing ? 'yes' : 'no'],
      ['peers', String(status.peers)],
      ['shards', String(status.shards)],
      ['up for', `${Math.floor(status.uptimeMs / 1000)} s`],
    ],
    next: ready ? `waggle session list${flags}` : `waggle status --cluster${flags}`,
  };
}

async function showCluster(options: StatusOptions, { io, result }: CliContext): Promise<void> {
  const file = await readTestnetFile(resolve(options.dir ?? defaultTestnetDirectory()));
  const byPeers = options.rpc !== undefined || options.home !== undefined || file === undefined;
  if (byPeers) return await showPeers(options, io);
  const rows = await Promise.all(file.nodes.map(statusOf));
  emit(io, options.output, rows, () => clusterScreen(rows, options.dir), rows);
  if (!rows.every(({ status }) => status?.ready === true)) result.exit = EXIT.tryAgain;
}

/** Without the list of a testnet, what the asked daemon knows of its peers. */
async function showPeers(options: StatusOptions, io: CliContext['io']): Promise<void> {
  interface Peer {
    readonly peer: string;
    readonly validator?: string | boolean;
    readonly address: string;
    readonly direction: string;
    readonly latencyMs?: number;
    readonly lastError?: string;
  }
  const client = await connect(options, io.env);
  const peers = await client.call<readonly Peer[]>('node_peers');
  emit(
    io,
    options.output,
    peers,
    () => ({
      columns: [
        { name: 'peer' },
        { name: 'address' },
        { name: 'direction' },
        { name: 'ms', align: 'right' },
        { name: 'last error' },
      ],
      rows: peers.map((one) => [
        typeof one.validator === 'string' ? one.validator : one.peer,
        one.address,
        one.direction,
        one.latencyMs === undefined ? '-' : one.latencyMs.toFixed(1),
        one.lastError ?? '-',
      ]),
      next: `waggle status${client.flags}`,
    }),
    peers,
  );
}

async function statusOf({ name, rpc }: TestnetNode): Promise<ClusterRow> {
  try {
    const client = createRpcClient({ url: rpc, timeoutMs: STATUS_TIMEOUT_MS, attempts: 1 });
    return { name, rpc, status: await client.call<NodeStatusResult>('node_status') };
  } catch (error) {
    return { name, rpc, error: failureOf(error).line };
  }
}

function clusterScreen(rows: readonly ClusterRow[], dir: string | undefined): Screen {
  const ready = rows.filter(({ status }) => status?.ready === true).length;
  const down = rows.find(({ status }) => status === undefined)?.name;
  const flags = dir === undefined ? '' : ` --dir ${dir}`;
  return {
    title: `${ready} of ${rows.length} nodes are ready`,
    columns: [
      { name: 'node' },
      { name: 'height', align: 'right' },
      { name: 'view', align: 'right' },
      { name: 'peers', align: 'right' },
      { name: 'rpc' },
      { name: 'state' },
    ],
    rows: rows.map(({ name, rpc, status, error }) => [
      name,
      String(status?.height ?? '-'),
      String(status?.view ?? '-'),
      String(status?.peers ?? '-'),
      rpc,
      status === undefined ? (error ?? 'down') : status.ready ? 'ready' : (status.notReadyReason ?? 'not ready'),
    ]),
    next: down === undefined ? `waggle session list${flags}` : `waggle testnet start ${down}${flags}`,
  };
}

/** `waggle wait --ready`: returns when the daemon answers (and is ready). @throws WaggleError WAGGLE_CLI_UNAVAILABLE */
export async function waitForDaemon(options: WaitOptions, { io }: CliContext): Promise<void> {
  const deadlineMs = performance.now() + options.timeout * 1000;
  for (let reason = ''; ; ) {
    try {
      const { url, flags } = await findTarget(options, io.env);
      const client = createRpcClient({ url, timeoutMs: STATUS_TIMEOUT_MS, attempts: 1 });
      const status = await client.call<NodeStatusResult>('node_status');
      if (status.ready || options.ready !== true) {
        io.err(
          `${status.name} is ${status.ready ? 'ready' : 'up'} at height ${status.height}\nNext: ${typed(`waggle status${flags}`)}\n`,
        );
        return;
      }
      reason = status.notReadyReason ?? 'not ready';
    } catch (error) {
      const failure = failureOf(error);
      if (failure.exit !== EXIT.unreachable && failure.exit !== EXIT.tryAgain) throw error;
      reason = failure.line;
    }
    if (performance.now() >= deadlineMs) {
      const text = `not ready after ${options.timeout} s: ${reason}`;
      throw new WaggleError('WAGGLE_CLI_UNAVAILABLE', { reason: text, next: 'waggle status --cluster' });
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
