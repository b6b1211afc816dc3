import type { ChildProcess } from 'node:child_process';
import { readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeStatusResult } from '../../node/cli/rpc-shapes.ts';
import { lastLogLine } from '../network/processes.ts';
import type { Stage } from '../scenarios/scenario.ts';
import type { Hammer } from './hammer.ts';
import { LOGGED_CALLS, readSyncLog } from './sync-log.ts';

/** How one life of a node under strace went. */
export interface Life {
  /** It answered that it is ready before it was killed. */
  readonly wasReady: boolean;
  /** Milliseconds from the start to its first ready answer. */
  readonly readyMs: number | undefined;
  /** The kill that was asked for came. */
  readonly wasKilled: boolean;
  /** Its exit code when it ended by itself. */
  readonly exit: number | undefined;
  /** Why it ended otherwise: what it said last. */
  readonly reason: string | undefined;
  /** Bytes that were written, never synced, and are gone now. */
  readonly lostBytes: number;
}

/** What of the unsynced end of a file survives: nothing, a torn half, all of it. */
export type Survival = 'none' | 'half' | 'all';

/** A node that starts, and as many syncs as a busy machine makes. */
const START_MS = 40_000;
const SYNC_MS = 200;
const POLL_MS = 50;
const STATUS_TIMEOUT_MS = 1_000;
/** Files that only grow, whose end a power cut takes. */
const APPENDED = /(?:\.journal|ledger\/db\/\d+\.log)$/;

/** How long a life until its n-th sync may take. */
export function lifeMs(nth: number): number {
  return START_MS + nth * SYNC_MS;
}

/**
 * Start a node that is killed when it asks for its `nth` fdatasync (or fsync), before that call does anything, and take away
 * what it wrote and never synced.
 *
 * strace counts the calls of each thread by itself, so the node has one thread for its disk calls in place of four; only
 * the background thread of LevelDB counts apart.
 */
export async function liveUntilSync(
  stage: Stage,
  name: string,
  nth: number,
  survival: Survival,
  hammer: Hammer,
): Promise<Life> {
  const log = join(stage.directory, `${name}.strace`);
  await rm(log, { force: true });
  const prefix = ['strace', '-D', '-f', '-qq', '-y', '-s', '0', '-o', log, '-e', `trace=${LOGGED_CALLS}`];
  prefix.push('-e', 'signal=none', '-e', `inject=fdatasync,fsync:signal=KILL:when=${nth}`);
  const startedMs = performance.now();
  const deadlineMs = startedMs + lifeMs(nth);
  const child = await stage.launch(name, { prefix, env: { UV_THREADPOOL_SIZE: '1' } });
  const ended = endOf(child);
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  let readyAtMs: number | undefined;
  const struck = hammer.strike(
    () => readyAtMs !== undefined,
    () => isOver,
  );
  readyAtMs = await untilReady(stage, name, deadlineMs, () => isOver);
  const end = await Promise.race([ended, late(deadlineMs)]);
  if (end === undefined) await stage.kill(name);
  await ended;
  await struck;
  const wasKilled = end?.signal === 'SIGKILL';
  const lostBytes = wasKilled ? await dropUnsynced(log, survival) : 0;
  return {
    wasReady: readyAtMs !== undefined,
    readyMs: readyAtMs === undefined ? undefined : readyAtMs - startedMs,
    wasKilled,
    exit: wasKilled ? undefined : (end?.exit ?? undefined),
    reason: wasKilled ? undefined : reasonOf(end, stage.home(name)),
    lostBytes,
  };
}

function reasonOf(end: Ended | undefined, home: string): string {
  return end === undefined ? 'never came so far' : `exit ${end.exit}: ${lastLogLine(home)}`;
}

interface Ended {
  readonly exit: number | null;
  readonly signal: NodeJS.Signals | null;
}

function endOf(child: ChildProcess): Promise<Ended> {
  return new Promise((resolve) => child.once('exit', (exit, signal) => resolve({ exit, signal })));
}

function late(deadlineMs: number): Promise<undefined> {
  const restMs = Math.max(0, deadlineMs - performance.now());
  return new Promise((resolve) => setTimeout(() => resolve(undefined), restMs).unref());
}

async function untilReady(
  stage: Stage,
  name: string,
  deadlineMs: number,
  isOver: () => boolean,
): Promise<number | undefined> {
  const { client } = stage.member(name);
  while (!isOver() && performance.now() < deadlineMs) {
    const status = await client
      .call<NodeStatusResult>('node_status', {}, { timeoutMs: STATUS_TIMEOUT_MS, attempts: 1 })
      .catch(() => undefined);
    if (status?.ready === true) return performance.now();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return undefined;
}

/** The power is gone: of what was written after the last sync of a file, at most some is there. */
async function dropUnsynced(log: string, survival: Survival): Promise<number> {
  let lostBytes = 0;
  for (const [path, { writtenBytes, syncedBytes }] of readSyncLog(await readFile(log, 'utf8'))) {
    const unsynced = writtenBytes - syncedBytes;
    if (!APPENDED.test(path) || unsynced <= 0 || survival === 'all') continue;
    const kept = survival === 'half' ? Math.floor(unsynced / 2) : 0;
    // A file that LevelDB has removed meanwhile lost nothing.
    const isCut = await truncate(path, syncedBytes + kept).then(
      () => true,
      () => false,
    );
    if (isCut) lostBytes += unsynced - kept;
  }
  return lostBytes;
}
