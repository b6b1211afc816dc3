import type { ErrorType } from '../error-codes.ts';
import { errorObject, type RpcError } from '../rpc-error.ts';

/** A failed call is a good HTTP answer, but where the failure is one of the request, its sender or this node. */
const OF_REQUEST: ReadonlyMap<ErrorType, number> = new Map([
  ['request.parse', 400],
  ['request.invalid', 400],
  ['auth.missing', 401],
  ['auth.forbidden', 403],
  ['request.too-large', 413],
  ['request.rate-limited', 429],
  ['network.busy', 429],
  ['internal', 500],
  ['node.not-ready', 503],
  ['storage.read-only', 503],
  ['storage.damaged', 503],
]);

const OF_READ: ReadonlyMap<ErrorType, number> = new Map([...OF_REQUEST, ['request.timeout', 504]]);

/** Of a POST with one call; 200 for what only the call is at fault for. */
export function statusOfCall(error: RpcError): number {
  return OF_REQUEST.get(error.type) ?? 200;
}

/** Of a GET, where the status is all that many clients look at. */
export function statusOfRead(error: RpcError): number {
  return OF_READ.get(error.type) ?? (error.type.endsWith('unknown') ? 404 : 400);
}

/** What a status of an error promises beside (RFC 9110, 10.2.3 and 11.6.1). */
export function headersOf(error: RpcError): Record<string, string> {
  const { retryAfterMs } = errorObject(error).data;
  return {
    ...(typeof retryAfterMs === 'number' ? { 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) } : {}),
    ...(error.type === 'auth.missing' ? { 'www-authenticate': 'Bearer' } : {}),
  };
}
