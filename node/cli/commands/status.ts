import { resolve } from 'node:path';
import { WaggleError } from '../../../protocol/errors.ts';
import type { AskOptions } from '../command-options.ts';
import { EXIT } from '../exit-codes.ts';
import { failureOf } from '../failures.ts';
import { emit, type Screen } from '../output.ts';
import type { CliContext } from '../program.ts';
import { progressLine } from '../progress.ts';
import { createRpcClient } from '../rpc-client.ts';
import type { NodeStatusResult } from '../rpc-shapes.ts';
import { connect, findTarget } from '../target.ts';
import { defaultTestnetDirectory, readTestnetFile, type TestnetNode } from '../testnet-file.ts';
import { shellWord } from '../typed-command.ts';

export interface StatusOptions extends AskOptions {
  readonly cluster?: boolean;
  readonly watch?: boolean;
}

export interface WaitOptions extends AskOptions {
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
/** Longer, as there is nothing else to show; a node that stands still is known by its silence. */
const ONE_TIMEOUT_MS = 10_000;
const WATCH_MS = 2_000;
const CLEAR_SCREEN = '\u001b[2J\u001b[H';
const POLL_MS = 100;

/** `waggle status`: one daemon, or with --cluster all of the testnet or all its peers; with --watch again and again. */
export async function showStatus(options: StatusOptions, context: CliContext): Promise<void> {
  const { io, result } = context;
  for (;;) {
    result.exit = EXIT.ok;
    if (options.cluster === true) await showCluster(options, context);
    else await showOne(options, context);
    if (options.watch !== true) return;
    await new Promise((done) => setTimeout(done, WATCH_MS));
    // From the top of the screen again; into a pipe one screen follows the other.
    if (io.isTerminal === true && options.output === 'table') io.out(CLEAR_SCREEN);
  }
}

async function showOne(options: StatusOptions, { io, result }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const status = await client.call<NodeStatusResult>('node_status', {}, { timeoutMs: ONE_TIMEOUT_MS });
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
  const file = await readTestnetFile(resolve(options.dir ?? defaultTestnetDirectory(io.env)));
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

/** Reasons stand below the table: a sentence in a column would be cut. */
function clusterScreen(rows: readonly ClusterRow[], dir: string | undefined): Screen {
  const ready = rows.filter(({ status }) => status?.ready === true).length;
  const down = rows.find(({ status }) => status === undefined)?.name;
  const flags = dir === undefined ? '' : ` --dir ${shellWord(dir)}`;
  const reasons = rows.flatMap(({ name, status, error }) => {
    const reason = status === undefined ? error : status.notReadyReason;
    return reason === undefined ? [] : [`${name}: ${reason}`];
  });
  return {
    title: `${ready} of ${rows.length} nodes are ready`,
    columns: [
      { name: 'node' },
      { name: 'state' },
      { name: 'role' },
      { name: 'height', align: 'right' },
      { name: 'view', align: 'right' },
      { name: 'peers', align: 'right' },
      { name: 'rpc' },
    ],
    rows: rows.map(({ name, rpc, status }) => [
      name,
      status === undefined ? 'no answer' : status.ready ? 'ready' : 'not ready',
      status?.role ?? '-',
      String(status?.height ?? '-'),
      String(status?.view ?? '-'),
      String(status?.peers ?? '-'),
      rpc,
    ]),
    notes: reasons,
    next: down === undefined ? `waggle session list${flags}` : `waggle testnet status${flags}`,
  };
}

/** `waggle wait --ready`: returns when the daemon answers (and is ready). @throws WaggleError WAGGLE_CLI_UNAVAILABLE */
export async function waitForDaemon(options: WaitOptions, { io }: CliContext): Promise<void> {
  const line = progressLine(io);
  const deadlineMs = performance.now() + options.timeout * 1000;
  for (let reason = ''; ; ) {
    try {
      const { url, flags } = await findTarget(options, io.env);
      const client = createRpcClient({ url, timeoutMs: STATUS_TIMEOUT_MS, attempts: 1 });
      const status = await client.call<NodeStatusResult>('node_status');
      if (status.ready || options.ready !== true) {
        line.clear();
        emit(io, options.output, status, () => ({
          title: `${status.name} is ${status.ready ? 'ready' : 'up'} at height ${status.height}`,
          columns: [],
          rows: [],
          next: `waggle status${flags}`,
        }));
        return;
      }
      reason = status.notReadyReason ?? 'not ready';
    } catch (error) {
      const failure = failureOf(error);
      if (failure.exit !== EXIT.unreachable && failure.exit !== EXIT.tryAgain) throw error;
      reason = failure.line;
    }
    if (performance.now() >= deadlineMs) {
      line.clear();
      const text = `not ready after ${options.timeout} s: ${reason}`;
      throw new WaggleError('WAGGLE_CLI_UNAVAILABLE', { reason: text, next: 'waggle status --cluster' });
    }
    line.show(`waiting: ${reason}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
