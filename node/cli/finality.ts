import { WaggleError } from '../../protocol/errors.ts';
import { type CliIo, typed } from './io.ts';
import { progressLine } from './progress.ts';
import { isBrokenOff, type RpcClient } from './rpc-client.ts';
import type { NodeStatusResult } from './rpc-shapes.ts';

/** A write that takes longer than this says what it waits for. */
const SILENT_MS = 2_000;
const ASK_MS = 1_000;
const NOT_FINAL_YET = -32007;

type Daemon = RpcClient & { readonly flags: string };

/**
 * A call that waits for finality. On a terminal it says after two seconds what it waits for, in the words of node_status.
 * @throws WaggleError what the call throws; WAGGLE_RPC_REFUSED −32007 where nothing is final in time, or
 * the daemon went away under the call, with why and what to do
 */
export async function write<Result>(daemon: Daemon, io: CliIo, method: string, params: object): Promise<Result> {
  return await untilFinal(daemon, io, () => daemon.call<Result>(method, params));
}

/** As `write`, for any work that waits for finality; `look` is what to type to learn what became of it. */
export async function untilFinal<Result>(
  daemon: Daemon,
  io: CliIo,
  work: () => Promise<Result>,
  look?: string,
): Promise<Result> {
  const stop = io.isErrTerminal === true ? watch(daemon, io) : () => undefined;
  try {
    return await work();
  } catch (error) {
    stop();
    throw await notFinalYet(error, daemon, look);
  } finally {
    stop();
  }
}

function watch(daemon: Daemon, io: CliIo): () => void {
  const startedMs = performance.now();
  const line = progressLine(io);
  let isOver = false;
  const show = async () => {
    const reason = await reasonOf(daemon);
    const seconds = Math.floor((performance.now() - startedMs) / 1_000);
    if (!isOver) line.show(`not final yet, ${seconds} s: ${reason ?? 'the network is ready, and slow'}`);
  };
  const timer = setTimeout(() => {
    void show();
    again = setInterval(() => void show(), ASK_MS);
  }, SILENT_MS);
  let again: NodeJS.Timeout | undefined;
  return () => {
    isOver = true;
    clearTimeout(timer);
    clearInterval(again);
    line.clear();
  };
}

/** Why the node is not ready, in its own words; undefined when it is, or says nothing. */
async function reasonOf(daemon: Daemon): Promise<string | undefined> {
  try {
    const status = await daemon.call<NodeStatusResult>('node_status', {}, { timeoutMs: ASK_MS, attempts: 1 });
    return status.ready ? undefined : status.notReadyReason;
  } catch {
    return 'the node does not answer';
  }
}

async function notFinalYet(error: unknown, daemon: Daemon, look: string | undefined): Promise<unknown> {
  if (!(error instanceof WaggleError)) return error;
  const isLate = error.code === 'WAGGLE_RPC_REFUSED' && error.facts.number === NOT_FINAL_YET;
  if (!isLate && error.code !== 'WAGGLE_RPC_TIMEOUT' && !isBrokenOff(error)) return error;
  const { ballot, operation } = error.facts;
  const reason = await reasonOf(daemon);
  const kept = ballot ?? operation;
  const taken = kept === undefined ? 'it may have been taken' : `it stays submitted as ${String(kept).slice(0, 12)}…`;
  const then = look ?? (ballot === undefined ? undefined : `waggle ballot get ${ballot}${daemon.flags}`);
  return new WaggleError('WAGGLE_RPC_REFUSED', {
    ...error.facts,
    number: NOT_FINAL_YET,
    retryable: true,
    line: `not final yet${reason === undefined ? '' : `: ${reason}`}; ${taken}`,
    advice: `waggle status --cluster${daemon.flags}${then === undefined ? '' : `, and when it is ready again: ${typed(then)}`}`,
  });
}
