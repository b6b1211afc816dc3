import { backoffMs } from './backoff.ts';
import type { Environment } from './environment.ts';
import { WaggleClientError } from './errors.ts';
import { METHOD_SCOPES } from './generated/methods.ts';
import type { Nodes } from './nodes.ts';
import { post } from './post.ts';

export interface CallOptions {
  /** In all, retries included. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Reads: until a node answers, but not for ever. */
const PATIENCE = 6;
/** Writes wait for finality. */
const WRITE_MS = 45_000;
const SCOPES: ReadonlyMap<string, string> = new Map(Object.entries(METHOD_SCOPES));
/** Refusals that say: nothing was taken, come back. */
const BUSY: ReadonlySet<string> = new Set(['request.rate-limited', 'network.busy']);
const RETRY_AFTER_MS = 200;

/** Single calls with failover. */
export class Caller {
  readonly #env: Environment;
  readonly #nodes: Nodes;
  readonly #attemptMs: number;

  constructor(env: Environment, nodes: Nodes, attemptMs: number) {
    this.#env = env;
    this.#nodes = nodes;
    this.#attemptMs = attemptMs;
  }

  /** @throws WaggleClientError: of the last node that was asked */
  async call(method: string, params: object, { timeoutMs, signal }: CallOptions): Promise<unknown> {
    const isRead = SCOPES.get(method) === 'none';
    const endMs = this.#env.nowMs() + (timeoutMs ?? (isRead ? PATIENCE * this.#attemptMs : WRITE_MS));
    for (let attempt = 1; ; attempt++) {
      const [target] = this.#nodes.ranked();
      if (target === undefined) throw noNode();
      const leftMs = Math.max(1, endMs - this.#env.nowMs());
      try {
        const waitMs = isRead ? Math.min(leftMs, this.#attemptMs) : leftMs;
        const result = await post(this.#env, target, { method, params }, { timeoutMs: waitMs, signal });
        this.#nodes.worked(target);
        return result;
      } catch (error) {
        if (!(error instanceof WaggleClientError) || signal?.aborted) throw error;
        const isBusy = BUSY.has(error.type);
        const mayPass = isBusy || (isRead && isNodeTrouble(error));
        if (isBusy) this.#nodes.busy(target, error.retryAfterMs ?? RETRY_AFTER_MS);
        else if (isNodeTrouble(error)) this.#nodes.failed(target);
        if (!mayPass || this.#env.nowMs() >= endMs) throw error;
      }
      const pauseMs = Math.max(this.#nodes.restMs(), backoffMs(attempt, this.#env.random()));
      await this.#env.wait(Math.min(pauseMs, Math.max(1, endMs - this.#env.nowMs())), signal);
    }
  }
}

/** What another node may do better. */
function isNodeTrouble({ code, type, retryable }: WaggleClientError): boolean {
  if (code !== 'WAGGLE_CLIENT_REFUSED') return true;
  return retryable || type === 'internal' || type === 'storage.read-only';
}

function noNode(): WaggleClientError {
  return new WaggleClientError('WAGGLE_CLIENT_INPUT', { type: 'client.input', hint: 'give the address of a node' });
}
