import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { failureOf } from '../../node/cli/failures.ts';
import { hint } from '../../node/cli/io.ts';
import { emit, type OutputFormat } from '../../node/cli/output.ts';
import type { CliContext } from '../../node/cli/program.ts';
import { createRpcClient } from '../../node/cli/rpc-client.ts';
import type { NodeStatusResult } from '../../node/cli/rpc-shapes.ts';
import { defaultTestnetDirectory, type TestnetNode } from '../../node/cli/testnet-file.ts';
import { connectRelay } from '../relay/client.ts';
import { summaryOf } from '../relay/describe.ts';
import { endRelay } from '../relay/process.ts';
import { readRelayFile } from '../relay/relay-file.ts';
import { dirFlag } from '../replay/command.ts';
import { killNode, pauseNode, resumeNode, startNode, stopAll } from './control.ts';
import { EPHEMERAL_MARK } from './open.ts';
import { processState } from './processes.ts';
import { requireTestnet } from './state.ts';

export interface ControlOptions {
  readonly dir?: string;
  readonly output: OutputFormat;
}

const STATUS_TIMEOUT_MS = 2_000;

function folder({ dir }: ControlOptions): string {
  return resolve(dir ?? defaultTestnetDirectory());
}

/** `waggle testnet down`: ends every daemon; the state stays, unless the network was ephemeral. */
export async function downCommand(options: ControlOptions, { io }: CliContext): Promise<void> {
  const directory = folder(options);
  const stopped = await stopAll(directory);
  if (await endRelay(directory)) stopped.push('the relay');
  if (existsSync(join(directory, EPHEMERAL_MARK))) await rm(directory, { recursive: true, force: true });
  io.err(stopped.length === 0 ? 'nothing ran\n' : `ended ${stopped.join(', ')}\n`);
  hint(io, `waggle testnet up --detach${dirFlag(options.dir)}`);
}

/** `waggle testnet status`: what runs, and how far each is. */
export async function statusCommand(options: ControlOptions, { io }: CliContext): Promise<void> {
  const { nodes } = await requireTestnet(folder(options));
  const rows = await Promise.all(nodes.map(rowOf));
  const faults = await linkFaults(
    folder(options),
    nodes.map(({ name }) => name),
  );
  const down = rows.find(({ state }) => state === 'down')?.name;
  const flag = dirFlag(options.dir);
  emit(
    io,
    options.output,
    rows,
    () => ({
      columns: [
        { name: 'node' },
        { name: 'process' },
        { name: 'pid', align: 'right' },
        { name: 'height', align: 'right' },
        { name: 'rpc' },
        { name: 'state' },
      ],
      rows: rows.map((one) => [
        one.name,
        one.state,
        String(one.pid ?? '-'),
        String(one.height ?? '-'),
        one.rpc,
        stateOf(one),
      ]),
      // Sentences stand below the table: in a column they would be cut.
      notes: [
        ...rows.filter((one) => one.says !== stateOf(one)).map(({ name, says }) => `${name}: ${says}`),
        ...faults,
      ],
      next: down === undefined ? `waggle testnet load${flag}` : `waggle testnet start ${down}${flag}`,
    }),
    rows,
  );
}

/** What the relay does to the links, where there is one. */
async function linkFaults(directory: string, names: readonly string[]): Promise<string[]> {
  if ((await readRelayFile(directory)) === undefined) return [];
  try {
    return summaryOf(await (await connectRelay(directory, names)).links());
  } catch (error) {
    return [failureOf(error).line];
  }
}

function stateOf({ state, says }: { readonly state: string; readonly says: string }): string {
  return state !== 'running' || says === 'ready' ? says : 'not ready';
}

async function rowOf({ name, home, pid, rpc }: TestnetNode) {
  const state = processState(pid, home);
  const row = { name, state, pid: state === 'down' ? null : pid, rpc };
  if (state !== 'running') return { ...row, height: null, says: state };
  try {
    const client = createRpcClient({ url: rpc, timeoutMs: STATUS_TIMEOUT_MS, attempts: 1 });
    const { height, ready, notReadyReason } = await client.call<NodeStatusResult>('node_status');
    return { ...row, height, says: ready ? 'ready' : (notReadyReason ?? 'not ready') };
  } catch (error) {
    return { ...row, height: null, says: failureOf(error).line };
  }
}

/** `waggle testnet kill|start|pause|resume N`. */
export async function faultCommand(
  action: 'kill' | 'start' | 'pause' | 'resume',
  name: string,
  options: ControlOptions,
  { io }: CliContext,
): Promise<void> {
  const directory = folder(options);
  const flag = dirFlag(options.dir);
  let isChanged = true;
  if (action === 'kill') await killNode(directory, name);
  if (action === 'start') await startNode(directory, name);
  if (action === 'pause') isChanged = await pauseNode(directory, name);
  if (action === 'resume') isChanged = await resumeNode(directory, name);
  const done = { kill: 'killed', start: 'started', pause: 'paused', resume: 'resumed' }[action];
  io.err(
    isChanged ? `${name} is ${done}\n` : `${name} ${action === 'pause' ? 'was paused already' : 'was not paused'}\n`,
  );
  const after = { kill: `start ${name}`, start: 'status', pause: `resume ${name}`, resume: 'status' }[action];
  hint(io, `waggle testnet ${after}${flag}`);
}
