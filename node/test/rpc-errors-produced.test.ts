import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERRORS, type ErrorType } from '../rpc/error-codes.ts';
import { ERROR_GUIDE } from '../rpc/error-guide.ts';
import { COMMON_ERRORS, errorsOf } from '../rpc/method-errors.ts';
import { allMethods } from '../rpc/methods/all.ts';
import { startRig } from './harness/rpc-client.ts';
import { SCENARIOS } from './rpc-errors-scenarios.ts';

/*
 * Every error of the public table comes about through the whole door: HTTP, dispatcher, desk and the real rules. A type
 * without a scenario fails; none may be skipped.
 */

const TYPES = Object.keys(ERRORS) as ErrorType[];

test('every type of the table has a scenario, and every scenario a type', () => {
  assert.deepEqual([...SCENARIOS.keys()].sort(), [...TYPES].sort());
});

test('every error belongs to a method, or to any call', () => {
  const methods = [...allMethods('0.0.0').values()];
  const declared = new Set(methods.flatMap(errorsOf));
  const general = ['request.parse', 'request.invalid', 'request.too-large', ...COMMON_ERRORS];
  assert.deepEqual(
    TYPES.filter((type) => !declared.has(type) && !general.includes(type)),
    [],
  );
});

for (const type of TYPES) {
  test(`${ERRORS[type].code} ${type}`, async (t) => {
    const scenario = SCENARIOS.get(type);
    assert.ok(scenario !== undefined, 'no scenario');
    const rig = await startRig(t, { timing: { finalMs: 100, settleMs: 0 } });
    const { error, result } = await scenario(rig);
    assert.equal(result, undefined);
    assert.equal(error?.data.type, type);
    assert.equal(error.code, ERRORS[type].code);
    assert.equal(error.data.retryable, ERRORS[type].retryable);
    assert.equal(typeof error.data.hint, 'string');
    assert.ok(error.message.startsWith(ERRORS[type].meaning));
    checkExample(type, error);
    assert.equal(rig.internal.length, type === 'internal' ? 1 : 0);
  });
}

/** What people are shown as typical is what is there. */
function checkExample(type: ErrorType, { message, data }: { message: string; data: Record<string, unknown> }): void {
  const { path, detail, retryAfterMs, facts = {} } = ERROR_GUIDE[type].example ?? {};
  assert.equal(data.path !== undefined, path !== undefined, `path ${String(data.path)}`);
  assert.equal(data.retryAfterMs !== undefined, retryAfterMs !== undefined, 'retryAfterMs');
  if (detail !== undefined) assert.notEqual(message, ERRORS[type].meaning);
  for (const name of Object.keys(facts)) assert.ok(Object.hasOwn(data, name), name);
  if (facts.outcome !== undefined) assert.equal(data.outcome, facts.outcome);
}
