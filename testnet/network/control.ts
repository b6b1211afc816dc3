import type { ChildProcess } from 'node:child_process';
import { failureOf } from '../../node/cli/failures.ts';
import { createRpcClient } from '../../node/cli/rpc-client.ts';
import type { NodeStatusResult } from '../../node/cli/rpc-shapes.ts';
import type { TestnetNode } from '../../node/cli/testnet-file.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { lastLogLine, processState, type SpawnOptions, signalDaemon, spawnDaemon, waitGone } from './processes.ts';
import { dirFlagOf, nodeNamed, requireTestnet, updateNode } from './state.ts';

const TERM_WAIT_MS = 10_000;
const KILL_WAIT_MS = 5_000;
/** Long, since a busy machine starts several at a time. */
const START_WAIT_MS = 90_000;
const POLL_MS = 50;
const STATUS_TIMEOUT_MS = 2_000;

export type Progress = (line: string) => void;

/** How a daemon is started otherwise than by itself. */
export type LaunchOptions = Omit<SpawnOptions, 'tied'>;

/** Start one node that does not run, and wait until it answers. @throws WaggleError WAGGLE_CLI_BUSY, WAGGLE_CLI_UNAVAILABLE */
export async function startNode(
  directory: string,
  name: string,
  tied = false,
  options: LaunchOptions = {},
): Promise<TestnetNode> {
  const { node } = await launchNode(directory, name, { ...options, tied });
  await untilAnswers(node, START_WAIT_MS, () => true);
  return node;
}

/** Start one node that does not run, and wait for nothing. @throws WaggleError WAGGLE_CLI_BUSY */
export async function launchNode(
  directory: string,
  name: string,
  options: SpawnOptions,
): Promise<{ readonly node: TestnetNode; readonly child: ChildProcess }> {
  const node = nodeNamed(await requireTestnet(directory), name);
  if (processState(node.pid, node.home) !== 'down') {
    throw new WaggleError('WAGGLE_CLI_BUSY', {
      reason: `${name} runs already (pid ${node.pid})`,
      next: `waggle testnet status${dirFlagOf(directory)}`,
    });
  }
  const child = spawnDaemon(node.home, options);
  const pid = child.pid ?? null;
  await updateNode(directory, name, { pid });
  return { node: { ...node, pid }, child };
}

/** SIGTERM: the process ends in order, or is killed when it does not. */
export async function stopNode(directory: string, name: string): Promise<void> {
  const node = nodeNamed(await requireTestnet(directory), name);
  if (!signalDaemon(node.pid, node.home, 'SIGTERM')) throw notRunning(name, directory);
  if (!(await waitGone(node.pid, node.home, TERM_WAIT_MS))) return await killNode(directory, name);
  await updateNode(directory, name, { pid: null });
}

/** SIGKILL: the process gets no chance to save anything. */
export async function killNode(directory: string, name: string): Promise<void> {
  const node = nodeNamed(await requireTestnet(directory), name);
  if (!signalDaemon(node.pid, node.home, 'SIGKILL')) throw notRunning(name, directory);
  await waitGone(node.pid, node.home, KILL_WAIT_MS);
  await updateNode(directory, name, { pid: null });
}

/** SIGSTOP: the process stands still with all its connections. @returns whether it did not before */
export async function pauseNode(directory: string, name: string): Promise<boolean> {
  const node = nodeNamed(await requireTestnet(directory), name);
  const wasPaused = processState(node.pid, node.home) === 'paused';
  if (!signalDaemon(node.pid, node.home, 'SIGSTOP')) throw notRunning(name, directory);
  return !wasPaused;
}

/** SIGCONT. @returns whether it stood still before */
export async function resumeNode(directory: string, name: string): Promise<boolean> {
  const node = nodeNamed(await requireTestnet(directory), name);
  const wasPaused = processState(node.pid, node.home) === 'paused';
  if (!signalDaemon(node.pid, node.home, 'SIGCONT')) throw notRunning(name, directory);
  return wasPaused;
}

/** End all daemons of a network: asked first, then killed. Returns the names of those that ran. */
export async function stopAll(directory: string): Promise<string[]> {
  const { nodes } = await requireTestnet(directory);
  const running = nodes.filter(({ pid, home }) => processState(pid, home) !== 'down');
  for (const { pid, home } of running) {
    signalDaemon(pid, home, 'SIGTERM');
    // A paused process only hears of it once it goes on.
    signalDaemon(pid, home, 'SIGCONT');
  }
  await Promise.all(
    running.map(async ({ pid, home }) => {
      if (await waitGone(pid, home, TERM_WAIT_MS)) return;
      signalDaemon(pid, home, 'SIGKILL');
      await waitGone(pid, home, KILL_WAIT_MS);
    }),
  );
  for (const { name } of nodes) await updateNode(directory, name, { pid: null });
  return running.map(({ name }) => name);
}

/**
 * Wait until a node answers with a status that `fits`.
 * @throws WaggleError WAGGLE_CLI_UNAVAILABLE {reason} with what it said last when its process ended, or after `timeoutMs`
 */
export async function untilAnswers(
  node: TestnetNode,
  timeoutMs: number,
  fits: (status: NodeStatusResult) => boolean,
): Promise<NodeStatusResult> {
  const client = createRpcClient({ url: node.rpc, timeoutMs: STATUS_TIMEOUT_MS, attempts: 1 });
  const deadlineMs = performance.now() + timeoutMs;
  for (let reason = ''; ; ) {
    try {
      const status = await client.call<NodeStatusResult>('node_status');
      if (fits(status)) return status;
      reason = status.notReadyReason ?? 'not ready';
    } catch (error) {
      reason = failureOf(error).line;
    }
    if (processState(node.pid, node.home) === 'down') throw unavailable(node, `ended: ${lastLogLine(node.home)}`);
    if (performance.now() >= deadlineMs) throw unavailable(node, `is not ready: ${reason}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function unavailable(node: TestnetNode, what: string): WaggleError {
  return new WaggleError('WAGGLE_CLI_UNAVAILABLE', { reason: `${node.name} ${what}`, next: `read ${node.home}/log` });
}

function notRunning(name: string, directory: string): WaggleError {
  return new WaggleError('WAGGLE_CLI_UNAVAILABLE', {
    reason: `${name} is not running`,
    next: `waggle testnet start ${name}${dirFlagOf(directory)}`,
  });
}
