import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { WaggleError } from '../../protocol/errors.ts';
import { OPERATION_KINDS } from '../../protocol/governance/operation.ts';
import { OUTCOMES, type Outcome } from '../../protocol/outcome.ts';
import { ERRORS, type ErrorEntry, type ErrorType } from '../rpc/error-codes.ts';
import { ERROR_GUIDE } from '../rpc/error-guide.ts';
import { ballotErrorType, isTaken, operationErrorType } from '../rpc/outcomes.ts';
import { errorObject, RpcError, toRpcError } from '../rpc/rpc-error.ts';
import { startRig } from './harness/rpc-client.ts';

const TABLE = Object.entries(ERRORS);
const refusals = (Object.keys(OUTCOMES) as Outcome[]).filter((outcome) => !isTaken(outcome)) as Exclude<
  Outcome,
  'counted' | 'applied' | 'duplicate'
>[];

test('every error has its own number, in the range of its family', () => {
  assert.equal(new Set(TABLE.map(([, { code }]) => code)).size, TABLE.length);
  const families = new Map([
    [1, /^chain\./],
    [2, /^(space|session)\./],
    [3, /^proposal\./],
    [4, /^ballot\./],
    [5, /^(tally|receipt)\./],
    [6, /^(model|operation|observer|validator|change)\./],
    [7, /^network\./],
    [8, /^storage\./],
  ]);
  for (const [type, { code, meaning, hint }] of TABLE) {
    assert.match(type, /^[a-z]+(\.[a-z-]+)?$/);
    assert.ok(meaning.length > 0 && hint.length > 0, type);
    if (code > 0) assert.match(type, families.get(Math.floor(code / 1_000)) ?? /^$/, type);
    else assert.ok((code <= -32001 && code >= -32007) || (code <= -32600 && code >= -32603) || code === -32700, type);
  }
});

interface Published {
  readonly type: string;
  readonly code: number;
  readonly retryable: boolean;
}

const PUBLISHED: readonly Published[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures', 'error-codes.json'), 'utf8'),
);

/** What a table breaks of the promise that it is append only, by type. */
function brokenPromises(table: Readonly<Record<string, ErrorEntry>>): string[] {
  return PUBLISHED.flatMap(({ type, code, retryable }) => {
    const entry = Object.hasOwn(table, type) ? table[type] : undefined;
    return entry?.code === code && entry.retryable === retryable ? [] : [type];
  });
}

test('what was ever published never changes and never vanishes', () => {
  assert.deepEqual(brokenPromises(ERRORS), []);
  const { 'ballot.closed': closed, ...others } = ERRORS;
  assert.deepEqual(brokenPromises(others), ['ballot.closed']);
  assert.deepEqual(brokenPromises({ ...others, 'ballot.closed': { ...closed, code: 4099 } }), ['ballot.closed']);
  assert.deepEqual(brokenPromises({ ...others, 'ballot.closed': { ...closed, retryable: true } }), ['ballot.closed']);
});

test('what is new is published: it is appended to fixtures/error-codes.json', () => {
  const known = new Set(PUBLISHED.map(({ type }) => type));
  assert.deepEqual(
    TABLE.flatMap(([type]) => (known.has(type) ? [] : [type])),
    [],
  );
  assert.equal(new Set(PUBLISHED.map(({ code }) => code)).size, PUBLISHED.length);
});

test('every error has its cause for people, and names commands only where one would be typed', () => {
  for (const [type, { meaning, hint }] of TABLE) {
    const { cause, command } = ERROR_GUIDE[type as ErrorType];
    assert.ok(cause.length > 10, type);
    for (const text of [meaning, hint, cause]) assert.doesNotMatch(text, /waggle |\.$/, type);
    if (command !== undefined) assert.match(command, /^waggle [a-z-]/, type);
  }
});

test('every outcome that is no success has an error of its own', () => {
  for (const outcome of refusals) {
    assert.ok(ERRORS[ballotErrorType(outcome)].code > 0, outcome);
    for (const kind of OPERATION_KINDS)
      assert.ok(ERRORS[operationErrorType(kind, outcome)].code > 0, `${kind} ${outcome}`);
  }
  // What executes no ballot shares a line with what it would mean.
  const own = refusals.filter((outcome) => outcome !== 'stale' && outcome !== 'forbidden');
  assert.equal(new Set(own.map(ballotErrorType)).size, own.length);
});

test('what was not meant for clients leaves no word', () => {
  const secrets = [
    new Error('secret /var/lib/me'),
    new TypeError('secret'),
    new WaggleError('WAGGLE_JOURNAL_SECRET', { path: 'secret' }),
    'secret',
    null,
  ];
  for (const thrown of secrets) {
    const object = errorObject(toRpcError(thrown));
    assert.equal(object.code, -32603);
    assert.doesNotMatch(JSON.stringify(object), /secret|lib|JOURNAL/);
  }
  assert.equal(toRpcError(new WaggleError('WAGGLE_SUBMIT_BUSY')).type, 'network.busy');
  assert.equal(toRpcError(new WaggleError('WAGGLE_SUBMIT_STOPPED')).type, 'node.not-ready');
  assert.equal(toRpcError(new WaggleError('WAGGLE_LEDGER_CURSOR')).type, 'params.invalid');
});

test('what a client sent comes back short and well-formed', () => {
  const { data, message } = errorObject(
    new RpcError('params.invalid', { path: `x${'\u{1f41d}'.repeat(500)}`, detail: '\ud800' }),
  );
  assert.ok(String(data.path).length < 310);
  assert.ok(String(data.path).isWellFormed() && message.isWellFormed());
});

test('an internal failure is told to the node and not to the client', async (t) => {
  const rig = await startRig(t);
  rig.api.chains = () => {
    throw new Error('secret: /var/lib/waggle');
  };
  const { text, status } = await rig.post('{"jsonrpc":"2.0","id":1,"method":"chain_getChains"}');
  assert.equal(status, 500);
  assert.doesNotMatch(text, /secret|var/);
  assert.equal(rig.internal.length, 1);
});
