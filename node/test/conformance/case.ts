import assert from 'node:assert/strict';
import type { RpcAnswer } from '../harness/rpc-client.ts';

/** What must come back: an error by its code, or a result, under an id of exactly this value and type. */
export type Expected = { readonly code: number; readonly id: unknown } | { readonly ok: unknown };

/** One document for `POST /`, `POST /v1` and the WebSocket, and the one answer that all three must give. */
export interface RpcCase {
  readonly name: string;
  readonly body: string | Uint8Array;
  readonly expected: 'nothing' | Expected | readonly Expected[];
  /** The id as it must stand in the answer, where `JSON.parse` would hide a difference. */
  readonly idText?: string;
}

export const bad = (code: number, id: unknown = null): Expected => ({ code, id });
export const PARSE = bad(-32700);
export const INVALID = bad(-32600);

/** A call that always succeeds. */
export const head = (id: string): string => `{"jsonrpc":"2.0","method":"chain_head","id":${id}}`;
export const NOTIFICATION = '{"jsonrpc":"2.0","method":"chain_head"}';
export const withParams = (json: string, method = 'session_get'): string =>
  `{"jsonrpc":"2.0","method":"${method}","params":${json},"id":1}`;

export function checkAnswer(answer: unknown, expected: Expected | readonly Expected[]): void {
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(answer), 'a list of answers');
    assert.equal(answer.length, expected.length);
    for (const [at, one] of expected.entries()) checkAnswer(answer[at], one);
    return;
  }
  const one = answer as RpcAnswer;
  assert.equal(one.jsonrpc, '2.0');
  if ('ok' in expected) {
    assert.deepEqual(Object.keys(one).sort(), ['id', 'jsonrpc', 'result']);
    assert.deepEqual(one.id, expected.ok);
    return;
  }
  const { code, id } = expected as { code: number; id: unknown };
  assert.deepEqual(Object.keys(one).sort(), ['error', 'id', 'jsonrpc']);
  assert.equal(one.error?.code, code);
  assert.deepEqual(one.id, id);
  assert.equal(typeof one.error?.message, 'string');
  assert.ok(Number.isInteger(one.error?.code));
}
