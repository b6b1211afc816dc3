import { existsSync, readFileSync } from 'node:fs';
import type { NodeStatusResult } from '../../node/cli/rpc-shapes.ts';
import type { LaunchOptions } from '../network/control.ts';
import { logPath } from '../network/processes.ts';
import type { Stage } from '../scenarios/scenario.ts';

/** What became of a start that may be refused. */
export interface Attempt {
  /** It is ready; it ended by itself; or neither within the time. */
  readonly end: 'ready' | 'ended' | 'late';
  readonly exit: number | null;
  readonly tookMs: number;
  /** What it said to people: its log without the lines for machines. */
  readonly said: string;
  /** Lines for machines that it logged, as texts. */
  readonly logged: readonly string[];
}

const WAIT_MS = 60_000;
const POLL_MS = 50;
const STATUS_TIMEOUT_MS = 1_000;

/** Start a node and wait until it is ready or has ended. */
export async function attemptStart(
  stage: Stage,
  name: string,
  options: LaunchOptions = {},
  waitMs = WAIT_MS,
): Promise<Attempt> {
  const path = logPath(stage.home(name));
  const logBytes = existsSync(path) ? readFileSync(path).length : 0;
  const startedMs = performance.now();
  const child = await stage.launch(name, options);
  let ended: { readonly exit: number | null } | undefined;
  child.once('exit', (exit) => {
    ended = { exit };
  });
  const outcome = (end: Attempt['end'], exit: number | null): Attempt => {
    const lines = readFileSync(path).subarray(logBytes).toString('utf8').split('\n');
    const isForMachines = (line: string): boolean => line.startsWith('{');
    const said = lines.filter((line) => line !== '' && !isForMachines(line)).join(' ');
    return { end, exit, tookMs: performance.now() - startedMs, said, logged: lines.filter(isForMachines) };
  };
  const { client } = stage.member(name);
  while (performance.now() - startedMs < waitMs) {
    if (ended !== undefined) return outcome('ended', ended.exit);
    const status = await client
      .call<NodeStatusResult>('node_status', {}, { timeoutMs: STATUS_TIMEOUT_MS, attempts: 1 })
      .catch(() => undefined);
    if (status?.ready === true && ended === undefined) return outcome('ready', null);
    await stage.rest(POLL_MS);
  }
  return outcome('late', null);
}

/** For a figure: how it went, with the first words it said. */
export function wordsOfAttempt({ end, exit, said }: Attempt): string {
  if (end !== 'ended') return end === 'ready' ? 'starts' : 'neither starts nor ends';
  return `exit ${exit}${said === '' ? '' : `: ${said.replace(/^waggle: /, '').slice(0, 120)}`}`;
}
