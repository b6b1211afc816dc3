import { WaggleError } from '../protocol/errors.ts';

/** What an error of this room has beside its code. */
export interface ClientErrorFacts {
  /** "ballot.closed" as the node's table of errors has it, or "client.undecided" and the like from here. */
  readonly type: string;
  /** What to do next, for people. */
  readonly hint: string;
  /** The number of a JSON-RPC error; absent where no node answered. */
  readonly number?: number;
  readonly message?: string;
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
  readonly url?: string;
  /** `data` of a JSON-RPC error as it came. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** Certain that nothing left this machine: no connection was made. */
  readonly isUnsent?: boolean;
  /** The signed ballot whose fate is open: hand it to `resume`. */
  readonly signed?: Uint8Array;
}

/**
 * The one error of the client. `code` is WAGGLE_CLIENT_REFUSED (a node said no, `number` and `type` say which),
 * _UNREACHABLE, _TIMEOUT, _FORM (no Waggle node answers there), _UNDECIDED (nobody could tell in time; `signed` goes
 * on), _INPUT (this call can never work) or _CLOSED.
 */
export class WaggleClientError extends WaggleError {
  readonly type: string;
  readonly hint: string;
  readonly number: number | undefined;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly data: Readonly<Record<string, unknown>>;
  readonly isUnsent: boolean;
  readonly signed: Uint8Array | undefined;

  constructor(code: string, facts: ClientErrorFacts) {
    const { type, number, message, url, hint } = facts;
    super(code, {
      type,
      ...(number === undefined ? {} : { number }),
      ...(message === undefined ? {} : { message }),
      ...(url === undefined ? {} : { url }),
      hint,
    });
    this.name = 'WaggleClientError';
    this.type = type;
    this.hint = hint;
    this.number = number;
    this.retryable = facts.retryable ?? false;
    this.retryAfterMs = facts.retryAfterMs;
    this.data = facts.data ?? {};
    this.isUnsent = facts.isUnsent ?? false;
    this.signed = facts.signed;
  }
}

/** A call that no node could ever carry out as it is. */
export function inputError(message: string, hint: string): WaggleClientError {
  return new WaggleClientError('WAGGLE_CLIENT_INPUT', { type: 'client.input', message, hint });
}

export function closedError(): WaggleClientError {
  const facts = { type: 'client.closed', message: 'the client is closed', hint: 'connect again' };
  return new WaggleClientError('WAGGLE_CLIENT_CLOSED', facts);
}

const LIMIT = 300;

/** A JSON-RPC error object as an error of ours; undefined for what is none. */
export function refusalOf(url: string, error: unknown): WaggleClientError | undefined {
  if (!isRecord(error) || typeof error.code !== 'number') return undefined;
  const data = isRecord(error.data) ? error.data : {};
  const { retryAfterMs } = data;
  return new WaggleClientError('WAGGLE_CLIENT_REFUSED', {
    type: textOf(data.type) ?? 'unknown',
    hint: textOf(data.hint) ?? 'rpc.discover describes the interface of the node',
    number: error.code,
    message: textOf(error.message) ?? '',
    retryable: data.retryable === true,
    ...(typeof retryAfterMs === 'number' && retryAfterMs >= 0 ? { retryAfterMs } : {}),
    url,
    data,
  });
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, LIMIT) : undefined;
}
