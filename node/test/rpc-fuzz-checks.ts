import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ERRORS } from '../rpc/error-codes.ts';
import type { Method } from '../rpc/method.ts';
import { COMMON_ERRORS, errorsOf } from '../rpc/method-errors.ts';
import { jsonSchemaOf } from '../rpc/schema-words.ts';
import { hostile, nearOf, type Pool, validOf } from './rpc-fuzz-values.ts';

export interface FuzzCase {
  readonly method: string;
  readonly params: unknown;
}

/** Calls of all methods in turn, valid, nearly valid and hostile, by name and by position; the same for one seed. */
export function casesOf(methods: readonly Method[], pool: Pool, seed: number, perMethod: number): FuzzCase[] {
  const lists = methods.map(({ name, params }, at) => {
    const valid = validOf(jsonSchemaOf(params, 'input'), pool);
    const values = fc.oneof(
      { weight: 3, arbitrary: valid },
      { weight: 5, arbitrary: nearOf(valid) },
      { weight: 1, arbitrary: fc.array(hostile, { maxLength: 9 }) },
      { weight: 1, arbitrary: valid.map((given) => Object.values(given as object)) },
    );
    return fc.sample(values, { seed: seed + at, numRuns: perMethod }).map((given) => ({ method: name, params: given }));
  });
  return Array.from({ length: perMethod }, (_, run) => lists.flatMap((list) => list[run] ?? [])).flat();
}

/** What must never be read in an answer: code, stacks, files, and the words of the validator. */
const LEAKS: readonly RegExp[] = [
  /\bat (?:\S+ )?\(?\S+:\d+:\d+/,
  /node:internal|node_modules|file:\/\/|\.[cm]?[jt]s\b/,
  /WAGGLE_|Error:|TypeError|RangeError|undefined|\[object/,
  /(?:^|[\s"'(=:])\/[\w.-]+\/[\w.-]+/,
  /Invalid (?:input|option|key|element)|Too (?:small|big)|Unrecognized key|expected (?:string|number|int|array|object)\b/,
];

interface Answer {
  readonly result?: unknown;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data: Readonly<Record<string, unknown>>;
  };
}

/**
 * The type of the refusal, '' where the call was taken; anything but a right answer fails. What a client wrote itself
 * comes back in `path`.
 */
export function checkAnswer(text: string, method: Method): string {
  const { error, result } = JSON.parse(text) as Answer;
  if (error === undefined) {
    const shape = method.result.safeParse(result);
    assert.ok(shape.success, `the result is not what the method says: ${shape.error?.message}`);
    return '';
  }
  const { type, path, ...rest } = error.data;
  assert.ok(typeof type === 'string' && Object.hasOwn(ERRORS, type), `no such type: ${String(type)}`);
  assert.notEqual(type, 'internal');
  const declared: readonly string[] = [...COMMON_ERRORS, ...errorsOf(method)];
  assert.ok(declared.includes(type), `${type} is not among the errors of ${method.name}`);
  assert.ok(path === undefined || String(path).length <= 302, 'a long path');
  const said = JSON.stringify([error.message, rest]).replaceAll('/v1/ws', '');
  for (const leak of LEAKS) assert.doesNotMatch(said, leak);
  return type;
}
