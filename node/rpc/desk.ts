import { verify } from '../../protocol/crypto/verify.ts';
import { epochOf } from '../../protocol/governance/epochs.ts';
import type { BlockContext, EpochRow } from '../../protocol/governance/state.ts';
import { createRoster, type Roster } from '../../protocol/roster.ts';
import { Deadlines } from './deadlines.ts';
import { RPC_LIMITS, RPC_TIMING, type RpcTiming } from './limits.ts';
import type { NodeApi } from './node-api.ts';
import { KeyedQueue } from './queues.ts';
import type { ErrorDetail } from './rpc-error.ts';
import { RpcError } from './rpc-error.ts';
import { UndecidedBallots } from './undecided.ts';

const RETRY_NOT_READY_MS = 1_000;
const NO_AUTHOR = -1;

export interface DeskOptions {
  readonly timing?: Partial<RpcTiming>;
  /** Unix milliseconds. */
  readonly nowMs?: () => number;
}

/** What all methods work with: the node, the queues of its writes, the clock and the waits. */
export class Desk {
  readonly api: NodeApi;
  #roster: { readonly row: EpochRow; readonly roster: Roster } | undefined;
  readonly timing: RpcTiming;
  readonly nowMs: () => number;
  readonly ballotQueue: KeyedQueue;
  readonly operationQueue: KeyedQueue;
  /** Waits for finality. */
  readonly deadlines: Deadlines;
  readonly undecided = new UndecidedBallots();
  #settling = 0;

  constructor(api: NodeApi, options: DeskOptions = {}) {
    this.api = api;
    this.timing = { ...RPC_TIMING, ...options.timing };
    this.nowMs = options.nowMs ?? Date.now;
    const { voterQueueMax, ballotQueueMax, operationQueueMax } = RPC_LIMITS;
    const waitMs = this.timing.finalMs;
    this.deadlines = new Deadlines(waitMs);
    this.ballotQueue = new KeyedQueue({ perKey: voterQueueMax, total: ballotQueueMax, waitMs });
    this.operationQueue = new KeyedQueue({ perKey: operationQueueMax, total: operationQueueMax, waitMs });
  }

  /** Of the epoch that the next block is of. */
  get roster(): Roster {
    const row = epochOf(this.api.state());
    if (this.#roster?.row !== row) {
      this.#roster = { row, roster: createRoster(this.api.chain, row.epoch, row.validators) };
    }
    return this.#roster.roster;
  }

  /** In whose segments this node's items stand; nobody's for an observer, so that nothing unsigned passes here. */
  get author(): number {
    return this.api.self ?? NO_AUTHOR;
  }

  /** What the next block would be judged by, as far as this node can know: its time is later than the last one's. */
  context(): BlockContext {
    const { height, timeMs } = this.api.head();
    return { height: height + 1, timeMs: Math.max(this.nowMs(), timeMs + 1), roster: this.roster, verify };
  }

  /** @throws RpcError storage.read-only, node.not-ready: a syncing node would judge by an old state */
  checkWritable(): void {
    const { writable, syncing, notReadyReason } = this.api.status();
    if (!writable) throw new RpcError('storage.read-only');
    if (syncing) throw notReady(notReadyReason);
  }

  /**
   * What a submission became, waited for at most `finalMs`; it stays submitted.
   * @throws RpcError request.timeout; whatever the submission rejects with
   */
  settled<Value>(promise: Promise<Value>, facts: NonNullable<ErrorDetail['facts']>): Promise<Value> {
    const { promise: settled, resolve, reject } = Promise.withResolvers<Value>();
    const deadline = this.deadlines.start(() => reject(new RpcError('request.timeout', { facts })));
    promise.finally(() => this.deadlines.callOff(deadline)).then(resolve, reject);
    return settled;
  }

  /**
   * Ask again after every block until `check` answers something else than undefined, for at most `settleMs`. What was
   * final elsewhere a moment ago may not be executed here yet.
   */
  async settle<Value>(check: () => Value | undefined): Promise<Value | undefined> {
    const first = check();
    if (first !== undefined || this.#settling >= RPC_LIMITS.settlingMax || this.timing.settleMs === 0) return first;
    this.#settling += 1;
    const { promise, resolve } = Promise.withResolvers<Value | undefined>();
    const stop = this.api.onHead(() => {
      const value = check();
      if (value !== undefined) resolve(value);
    });
    const timer = setTimeout(() => resolve(undefined), this.timing.settleMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      stop();
      this.#settling -= 1;
    }
  }
}

export function notReady(reason: string | undefined): RpcError {
  const detail = reason === undefined ? {} : { detail: reason };
  return new RpcError('node.not-ready', { ...detail, retryAfterMs: RETRY_NOT_READY_MS });
}
