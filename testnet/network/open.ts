import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { makeDirectory } from '../../node/cli/make-directory.ts';
import type { NodeStatusResult } from '../../node/cli/rpc-shapes.ts';
import {
  defaultTestnetDirectory,
  readTestnetFile,
  type TestnetFile,
  type TestnetNode,
} from '../../node/cli/testnet-file.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { endRelay, startRelay } from '../relay/process.ts';
import { readRelayFile } from '../relay/relay-file.ts';
import { type Progress, stopAll, untilAnswers } from './control.ts';
import { type CreateOptions, createTestnet } from './create.ts';
import { NETWORK_DEFAULTS } from './defaults.ts';
import type { Ending } from './ending.ts';
import { readGenesisFile } from './genesis-file.ts';
import { processState, spawnDaemon } from './processes.ts';
import { requireTestnet, updateNode, withLock } from './state.ts';

const READY_WAIT_MS = 60_000;
/** A folder with this file goes when its network goes down. */
export const EPHEMERAL_MARK = '.ephemeral';

/** A size that is named must be that of a network which is there already; a new one takes the defaults. */
export interface OpenOptions extends Partial<CreateOptions> {
  /** The default folder when it is absent. */
  readonly directory?: string;
  /** A fresh network in a folder that goes with it: a temporary one, or `directory`, which must be new or empty. */
  readonly ephemeral: boolean;
  /** Daemons outlive this process. */
  readonly detach: boolean;
}

/** A running network, and how to end what this process started of it. */
export interface OpenTestnet {
  readonly directory: string;
  readonly file: TestnetFile;
  readonly status: readonly NodeStatusResult[];
  /** Names of the nodes started here; empty when the whole network ran already. */
  readonly started: readonly string[];
  /** End the network if it was started here; remove the folder of an ephemeral one. */
  close(): Promise<void>;
}

/**
 * Open the network in a folder, making it when there is none and starting what does not run. Returns when all are ready.
 * On a failure or a signal nothing that was started here is left.
 * @throws WaggleError WAGGLE_CLI_UNAVAILABLE a node did not become ready; WAGGLE_CLI_BUSY a port is taken;
 * WAGGLE_CLI_USAGE the network there has another size
 */
export async function openTestnet(options: OpenOptions, progress: Progress, ending: Ending): Promise<OpenTestnet> {
  const directory = await folderFor(options);
  const started: string[] = [];
  let isClosing = false;
  let isRelayStarted = false;
  const close = async () => {
    isClosing = true;
    if (started.length > 0) await stopAll(directory);
    if (isRelayStarted) await endRelay(directory);
    if (options.ephemeral) await rm(directory, { recursive: true, force: true });
  };
  try {
    await withLock(directory, async () => {
      const found = await readTestnetFile(directory);
      if (found !== undefined) return await checkSame(directory, found, options);
      const size = { ...NETWORK_DEFAULTS, ...options };
      progress(`making a network of ${size.nodes} validators in ${directory}`);
      await createTestnet(directory, size);
    });
    // Before the nodes: they dial through it.
    isRelayStarted = await startRelay(directory, !options.detach);
    for (const node of (await requireTestnet(directory)).nodes) {
      if (processState(node.pid, node.home) !== 'down') continue;
      const child = spawnDaemon(node.home, { tied: !options.detach });
      started.push(node.name);
      child.once('exit', (code, signal) => {
        if (!isClosing) progress(`${node.name} ended (${signal ?? `exit ${code}`})`);
      });
      await updateNode(directory, node.name, { pid: child.pid ?? null });
    }
    const file = await requireTestnet(directory);
    const status = await ending.race(untilAllReady(file.nodes, progress));
    return { directory, file, status, started, close };
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
}

/** What was asked for of a new network must not be forgotten for one that is there. @throws WaggleError WAGGLE_CLI_USAGE */
async function checkSame(directory: string, { nodes, genesis }: TestnetFile, asked: OpenOptions): Promise<void> {
  const { params } = (await readGenesisFile(genesis)).genesis;
  const differ = [
    ...(asked.nodes === undefined || asked.nodes === nodes.length
      ? []
      : [`it has ${nodes.length} nodes, not ${asked.nodes}`]),
    ...(asked.shards === undefined || asked.shards === params.shards
      ? []
      : [`it has ${params.shards} shards, not ${asked.shards}`]),
    ...(asked.basePort === undefined || nodes[0]?.rpc.endsWith(`:${asked.basePort}`)
      ? []
      : [`its first port is not ${asked.basePort}`]),
    ...(asked.faults !== true || (await readRelayFile(directory)) !== undefined
      ? []
      : ['it was made without --faults']),
  ];
  if (differ.length === 0) return;
  const reason = `there is a network in ${dirname(genesis)} already: ${differ.join('; ')}`;
  const next = 'leave these options out to start it, or name a new folder with --dir';
  throw new WaggleError('WAGGLE_CLI_USAGE', { reason, next });
}

async function folderFor({ directory, ephemeral }: OpenOptions): Promise<string> {
  if (!ephemeral) {
    const folder = resolve(directory ?? defaultTestnetDirectory());
    await makeDirectory(folder, 0o755);
    return folder;
  }
  if (directory === undefined) {
    const made = await mkdtemp(join(tmpdir(), 'waggle-testnet-'));
    await writeFile(join(made, EPHEMERAL_MARK), '');
    return made;
  }
  await makeDirectory(directory, 0o755);
  if ((await readdir(directory)).length > 0) {
    const reason = `${directory} is not empty: an ephemeral network would remove it`;
    throw new WaggleError('WAGGLE_CLI_USAGE', { reason, next: 'name a new folder, or leave --ephemeral out' });
  }
  await writeFile(join(directory, EPHEMERAL_MARK), '');
  return resolve(directory);
}

async function untilAllReady(nodes: readonly TestnetNode[], progress: Progress): Promise<NodeStatusResult[]> {
  return await Promise.all(
    nodes.map(async (node) => {
      const status = await untilAnswers(node, READY_WAIT_MS, ({ ready }) => ready);
      progress(`${node.name} is ready at height ${status.height}, ${node.rpc}`);
      return status;
    }),
  );
}
