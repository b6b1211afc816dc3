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

  /** As `start`, for one call alone. Never rejects. */
  run(method: Method, params: object | undefined, caller: Caller): Promise<Outcome> {
    return new Promise((done) => this.start(method, params, caller, done));
  }

  /**
   * Call `done` once, at once where nothing is waited for: in a batch a promise for every step of every element would
   * cost more than the work. Never throws: what is thrown becomes an error of the table, without internal text.
   */
  start(method: Method, params: object | undefined, caller: Caller, done: (outcome: Outcome) => void): void {
    if (this.#inFlight >= RPC_LIMITS.inFlightMax) {
      done(this.#refusal(method, new RpcError('request.rate-limited', { retryAfterMs: 200 })));
      return;
    }
    this.#inFlight += 1;
    const settle = (outcome: Outcome) => {
      this.#inFlight -= 1;
      done(outcome);
    };
    const result = this.#tryCall(method, params, caller);
    if (!(result instanceof Promise)) settle(result);
    else
      result.then(
        (value) => settle(this.#answer(method, value)),
        (thrown) => settle(this.#refusal(method, thrown)),
      );
  }

  #tryCall(method: Method, params: object | undefined, caller: Caller): Outcome | Promise<unknown> {
    try {
      const result = this.#call(method, params, caller);
      return result instanceof Promise ? result : this.#answer(method, result);
    } catch (thrown) {
      return this.#refusal(method, thrown);
    }
  }

  #answer(method: Method, result: unknown): Outcome {
    try {
      const json = result instanceof Rendered ? result.json : JSON.stringify(result ?? null);
      this.#counters.count(method.name, undefined);
      return { json };
    } catch (thrown) {
      return this.#refusal(method, thrown);
    }
  }

  #refusal(method: Method, thrown: unknown): Outcome {
    const error = toRpcError(thrown);
    this.#counters.count(method.name, error.type, error === thrown ? undefined : thrown);
    return { error };
  }

  #call(method: Method, params: object | undefined, caller: Caller): unknown {
    const named = nameParams(method, params);
    caller.spend(unitsOf(method, named));
    if (method.scope === 'operator' || method.scope === 'admin') caller.require(method.scope);
    else caller.requireRead();
    const given = parseParams(method, named);
    if (!method.heavy) return method.handle(given, caller, this.#desk);
    return this.#heavy.run(() => unlessGone(caller, async () => await method.handle(given, caller, this.#desk)));
  }
}

/** What waited for its turn is not worth the work when nobody waits for it any more. */
async function unlessGone(caller: Caller, run: () => Promise<unknown>): Promise<unknown> {
  if (caller.isGone()) throw new RpcError('network.busy', { detail: 'the connection has ended' });
  return await run();
}
