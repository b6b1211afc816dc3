import { z } from 'zod';
import type { Desk } from './desk.ts';
import type { ErrorType } from './error-codes.ts';
import type { Rate } from './limits.ts';
import type { Scope } from './tokens.ts';

/** Who calls, as far as this door knows. */
export interface Caller {
  /** Of a token this node knows, undefined without one. A wrong one counts as a guess. */
  scope(): Scope | undefined;
  /** Its connection has ended: nobody will hear the answer. */
  isGone(): boolean;
  /** What it may spend. */
  readonly rate: Rate;
  /** Take units of cost off what this caller may spend. @throws RpcError request.rate-limited */
  spend(units: number): void;
  /** Reads are free on loopback; from elsewhere they need a token too. @throws RpcError auth.missing */
  requireRead(): void;
  /** @throws RpcError auth.missing, auth.forbidden, request.rate-limited */
  require(scope: Scope): void;
  /** Only over WebSocket. */
  readonly subscriber?: Subscriber;
}

/** What a WebSocket connection can be asked to send on. */
export interface Subscriber {
  /** @throws RpcError request.rate-limited when it has too many */
  subscribe(request: SubscribeRequest): Subscribed;
  unsubscribe(subscription: string): boolean;
}

export interface SubscribeRequest {
  readonly topic: 'head' | 'ballots' | 'tally' | 'session' | 'agent' | 'alert';
  readonly filter: Readonly<Partial<Record<'space' | 'session' | 'voter', string>>>;
  readonly fromSeq: number | undefined;
  /** Of alerts and decisions: in which start of the node `fromSeq` was counted. */
  readonly epoch: string | undefined;
}

export interface Subscribed {
  readonly subscription: string;
  /** The first event will be after this one. */
  readonly seq: number;
  readonly epoch?: string;
}

/** A result that is JSON already: made once, given to many. */
export class Rendered {
  readonly json: string;

  constructor(json: string) {
    this.json = json;
  }
}

/** Needed for every call of a method; `caller` means that the handler decides by the params. */
export type MethodScope = Scope | 'caller' | undefined;

/** One method as the dispatcher and the OpenRPC document see it. */
export interface Method {
  readonly name: string;
  readonly summary: string;
  readonly scope: MethodScope;
  /** Fields in their positional order. */
  readonly params: z.ZodObject;
  readonly result: z.ZodType;
  /** Reads of large objects: few at once. */
  readonly heavy: boolean;
  /** Another error than `params.invalid` for a fault at this path. */
  readonly faultType: ((path: readonly PropertyKey[]) => ErrorType | undefined) | undefined;
  /** What the schema would read from usual params, for less; undefined where the schema must decide. */
  readonly readUsual: ((named: object) => unknown) | undefined;
  handle(params: unknown, caller: Caller, desk: Desk): Promise<unknown> | unknown;
}

export interface MethodOptions<Params extends z.ZodObject> {
  readonly summary: string;
  readonly scope?: MethodScope;
  readonly params: Params;
  readonly result: z.ZodType;
  readonly heavy?: boolean;
  readonly faultType?: (path: readonly PropertyKey[]) => ErrorType | undefined;
  readonly readUsual?: (named: object) => z.output<Params> | undefined;
  handle(params: z.output<Params>, desk: Desk, caller: Caller): Promise<unknown> | unknown;
}

/** A method whose handler gets params of its schema's type; the dispatcher has parsed them with that very schema. */
export function defineMethod<Params extends z.ZodObject>(name: string, options: MethodOptions<Params>): Method {
  const { summary, scope, params, result, heavy = false, faultType, readUsual } = options;
  return {
    name,
    summary,
    scope,
    params,
    result,
    heavy,
    faultType,
    readUsual,
    handle: (given, caller, desk) => options.handle(given as z.output<Params>, desk, caller),
  };
}

/** Subscriptions have a connection to send on, and no other door. */
export function isForSockets({ name }: Pick<Method, 'name'>): boolean {
  return name.startsWith('sub_');
}

/** Changes nothing, on the ledger or on a connection. */
export function isRead(method: Pick<Method, 'name' | 'scope'>): boolean {
  return method.scope === undefined && !isForSockets(method);
}

export const NO_PARAMS = z.strictObject({});
