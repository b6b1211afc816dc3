import { codeOf, WaggleError } from '../../protocol/errors.ts';
import { ERRORS, type ErrorType } from './error-codes.ts';

type DataValue = string | number | boolean | null | readonly string[];

/** Beside the table's facts: where, when to come back, and what a client needs to go on. Never internal text. */
export interface ErrorDetail {
  /** A sentence added to the meaning; for people only. */
  readonly detail?: string;
  readonly hint?: string;
  readonly retryAfterMs?: number;
  /** The fault in the params, "entries[2].choice". */
  readonly path?: string;
  readonly facts?: Readonly<Record<string, DataValue | undefined>>;
}

export interface ErrorObject {
  readonly code: number;
  readonly message: string;
  readonly data: { readonly type: ErrorType; readonly hint: string; readonly retryable: boolean } & Readonly<
    Record<string, DataValue>
  >;
}

/** A refusal as the client will see it: a type of the table and what belongs to it. */
export class RpcError extends WaggleError {
  readonly type: ErrorType;
  readonly detail: ErrorDetail;

  constructor(type: ErrorType, detail: ErrorDetail = {}) {
    super('WAGGLE_RPC_ANSWER', { type, path: detail.path });
    this.type = type;
    this.detail = detail;
  }
}

/** What was thrown below this room, by code; anything else stays inside (interface.md, Errors). */
const KNOWN: ReadonlyMap<string, RpcError> = new Map([
  ['WAGGLE_SUBMIT_BUSY', new RpcError('network.busy', { retryAfterMs: 200 })],
  // Cursors are this node's own: only a client that made one up, or took one of another list, comes here.
  ['WAGGLE_LEDGER_CURSOR', new RpcError('params.invalid', { path: 'cursor', detail: 'not a cursor of this list' })],
  ['WAGGLE_STORE_DAMAGED', new RpcError('storage.damaged', { retryAfterMs: 5_000 })],
  ['WAGGLE_SUBMIT_STOPPED', new RpcError('node.not-ready', { detail: 'the node is stopping', retryAfterMs: 1_000 })],
]);

/** Any thrown value as an RpcError; what is not meant for clients becomes `internal`, without a word of it. */
export function toRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  return KNOWN.get(codeOf(error) ?? '') ?? new RpcError('internal');
}

const TEXT_MAX = 300;

export function errorObject(error: RpcError): ErrorObject {
  const { code, meaning, hint, retryable } = ERRORS[error.type];
  const { detail, path, retryAfterMs, facts = {} } = error.detail;
  const known = Object.entries(facts).filter((fact): fact is [string, DataValue] => fact[1] !== undefined);
  return {
    code,
    message: clip(detail === undefined ? meaning : `${meaning}: ${detail}`),
    data: {
      type: error.type,
      hint: error.detail.hint ?? hint,
      retryable,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(path === undefined ? {} : { path: clip(path) }),
      ...Object.fromEntries(known),
    },
  };
}

/** What a client sent comes back short and well-formed. */
function clip(text: string): string {
  const whole = text.toWellFormed();
  return whole.length <= TEXT_MAX ? whole : `${whole.slice(0, TEXT_MAX).toWellFormed()}…`;
}
