import { ERRORS } from '../error-codes.ts';
import { errorObject, type RpcError } from '../rpc-error.ts';

export const PROBLEM_TYPE = 'application/problem+json';

/** A refusal as RFC 9457 has it: the facts of the JSON-RPC error beside its standard members. */
export function problemOf(error: RpcError, status: number): object {
  const { code, message, data } = errorObject(error);
  const { type, ...facts } = data;
  return { type: `urn:waggle:error:${type}`, title: ERRORS[type].meaning, status, detail: message, code, ...facts };
}
