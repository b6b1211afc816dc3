import { unitsOf } from './costs.ts';
import type { RpcCounters } from './counters.ts';
import type { Desk } from './desk.ts';
import { RPC_LIMITS } from './limits.ts';
import { type Caller, type Method, Rendered } from './method.ts';
import { nameParams, parseParams } from './params.ts';
import { Gate } from './queues.ts';
import { RpcError, toRpcError } from './rpc-error.ts';

/** A result as JSON, or why there is none. */
export type Outcome = { readonly json: string } | { readonly error: RpcError };

/** One call of one method for one caller, by whatever door it came: its rights, its cost, its params, its turn. */
export class Calls {
  readonly #desk: Desk;
  readonly #counters: RpcCounters;
  readonly #heavy = new Gate(RPC_LIMITS.heavyReadsMax);
  #inFlight = 0;

  constructor(desk: Desk, counters: RpcCounters) {
    this.#desk = desk;
    this.#counters = counters;
  }

  /** Never rejects: what is thrown becomes an error of the table, without internal text. */
  async run(method: Method, params: object | undefined, caller: Caller): Promise<Outcome> {
    try {
      const result = await this.#call(method, params, caller);
      const json = result instanceof Rendered ? result.json : JSON.stringify(result ?? null);
      this.#counters.count(method.name, undefined);
      return { json };
    } catch (thrown) {
      const error = toRpcError(thrown);
      this.#counters.count(method.name, error.type, error === thrown ? undefined : thrown);
      return { error };
    }
  }

  async #call(method: Method, params: object | undefined, caller: Caller): Promise<unknown> {
    if (this.#inFlight >= RPC_LIMITS.inFlightMax) throw new RpcError('request.rate-limited', { retryAfterMs: 200 });
    this.#inFlight += 1;
    try {
      const named = nameParams(method, params);
      caller.spend(unitsOf(method, named));
      if (method.scope === 'operator' || method.scope === 'admin') caller.require(method.scope);
      else caller.requireRead();
      const given = parseParams(method, named);
      const run = async () => await method.handle(given, caller, this.#desk);
      return await (method.heavy ? this.#heavy.run(() => unlessGone(caller, run)) : run());
    } finally {
      this.#inFlight -= 1;
    }
  }
}

/** What waited for its turn is not worth the work when nobody waits for it any more. */
async function unlessGone(caller: Caller, run: () => Promise<unknown>): Promise<unknown> {
  if (caller.isGone()) throw new RpcError('network.busy', { detail: 'the connection has ended' });
  return await run();
}
