import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaggleError } from '../../protocol/errors.ts';
import { OPERATION_KINDS } from '../../protocol/governance/operation.ts';
import { OUTCOMES, type Outcome } from '../../protocol/outcome.ts';
import { ERRORS, type ErrorType } from '../rpc/error-codes.ts';
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
    [6, /^(model|operation)\./],
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

test('numbers that clients know never change', () => {
  const frozen: [ErrorType, number][] = [
    ['auth.missing', -32001],
    ['auth.forbidden', -32002],
    ['response.too-large', -32003],
    ['node.not-ready', -32004],
    ['request.rate-limited', -32005],
    ['request.too-large', -32006],
    ['request.timeout', -32007],
    ['chain.block-unknown', 1001],
    ['space.unknown', 2001],
    ['session.unknown', 2003],
    ['session.exists', 2004],
    ['proposal.unknown', 3001],
    ['ballot.closed', 4001],
    ['ballot.not-open', 4002],
    ['ballot.not-eligible', 4003],
    ['ballot.already-voted', 4004],
    ['ballot.conflict', 4005],
    ['ballot.bad-signature', 4006],
    ['ballot.incomplete', 4007],
    ['ballot.unknown-proposal', 4008],
    ['ballot.invalid-choice', 4009],
    ['ballot.expired', 4010],
    ['receipt.unavailable', 5001],
    ['model.unknown', 6001],
    ['operation.forbidden', 6005],
    ['network.busy', 7001],
    ['storage.read-only', 8001],
  ];
  for (const [type, code] of frozen) assert.equal(ERRORS[type].code, code, type);
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
