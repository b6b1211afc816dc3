import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf, WaggleError } from '../../../protocol/errors.ts';
import { createRpcClient, isRetryable, isUnreachable } from '../rpc-client.ts';

const URL = 'http://127.0.0.1:1';

interface Sent {
  readonly id: number;
  readonly method: string;
  readonly params: unknown;
}

/** A daemon that answers each request by the next of `answers`; what it was sent is kept. */
function client(answers: readonly ((sent: Sent & readonly Sent[]) => unknown)[], token?: string) {
  const sent: { body: Sent & readonly Sent[]; headers: Headers }[] = [];
  const waits: number[] = [];
  const fake: typeof fetch = async (_url, init) => {
    const body = JSON.parse(String(init?.body)) as Sent & readonly Sent[];
    sent.push({ body, headers: new Headers(init?.headers) });
    const answer = answers[Math.min(sent.length, answers.length) - 1]?.(body);
    if (answer instanceof Error) throw answer;
    return new Response(typeof answer === 'string' ? answer : JSON.stringify(answer), { status: 200 });
  };
  const options = { url: URL, fetch: fake, wait: async (ms: number) => void waits.push(ms) };
  return { rpc: createRpcClient({ ...options, ...(token === undefined ? {} : { token }) }), sent, waits };
}

const ok =
  (result: unknown) =>
  ({ id }: Sent) => ({ jsonrpc: '2.0', id, result });
const refusal =
  (code: number, data: object) =>
  ({ id }: Sent) => ({ jsonrpc: '2.0', id, error: { code, message: 'no', data } });

test('a call sends its params by name with the token and gives the result back as it came', async () => {
  const { rpc, sent } = client([ok({ height: 3 })], 'secret');
  assert.deepEqual(await rpc.call('node_status', { a: 1 }), { height: 3 });
  assert.equal(sent[0]?.body.method, 'node_status');
  assert.deepEqual(sent[0]?.body.params, { a: 1 });
  assert.equal(sent[0]?.headers.get('authorization'), 'Bearer secret');
  assert.equal(client([ok(1)]).sent[0]?.headers.get('authorization'), undefined);
});

test('what the daemon calls retryable is tried again after the time it names', async () => {
  const busy = refusal(7001, { type: 'network.busy', retryable: true, retryAfterMs: 40 });
  const { rpc, sent, waits } = client([busy, busy, ok('done')]);
  assert.equal(await rpc.call('x'), 'done');
  assert.equal(sent.length, 3);
  assert.deepEqual(waits, [40, 40]);
});

test('tries end, and the last refusal is thrown', async () => {
  const { rpc, sent } = client([refusal(7001, { retryable: true })]);
  await assert.rejects(rpc.call('x', {}, { attempts: 3 }), (error) => codeOf(error) === 'WAGGLE_RPC_REFUSED');
  assert.equal(sent.length, 3);
});

for (const [name, answer] of [
  ['a refusal for good', refusal(4001, { type: 'ballot.closed', retryable: false, hint: 'h', path: 'p' })],
  ['what stays submitted', refusal(-32007, { type: 'request.timeout', retryable: true })],
  ['a connection that fails', () => new TypeError('fetch failed')],
] as const) {
  test(`${name} is not sent twice`, async () => {
    const { rpc, sent } = client([answer]);
    await assert.rejects(rpc.call('ballot_submit'));
    assert.equal(sent.length, 1);
  });
}

test('the facts of a refusal reach the caller', async () => {
  const data = { type: 'ballot.closed', retryable: false, hint: 'look', path: 'session' };
  const error = await client([refusal(4001, data)])
    .rpc.call('x')
    .catch((thrown: unknown) => thrown);
  assert.ok(error instanceof WaggleError);
  assert.deepEqual(
    { ...error.facts },
    {
      number: 4001,
      message: 'no',
      type: 'ballot.closed',
      hint: 'look',
      retryable: false,
      retryAfterMs: undefined,
      path: 'session',
    },
  );
  assert.equal(isRetryable(error), false);
});

test('a refused connection says why, and that it is one', async () => {
  const cause = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  const error = await client([() => new TypeError('fetch failed', { cause })])
    .rpc.call('x')
    .catch((thrown: unknown) => thrown);
  assert.ok(error instanceof WaggleError && isUnreachable(error));
  assert.equal(error.facts.reason, 'ECONNREFUSED');
});

for (const answer of ['<html>', '[]', '{}', '{"error":null}', '{"error":{"code":"x"}}', 'null', '7']) {
  test(`an answer that is no JSON-RPC (${answer}) is a form error`, async () => {
    const { rpc } = client([() => answer]);
    await assert.rejects(rpc.call('x'), (error) => codeOf(error) === 'WAGGLE_RPC_FORM');
  });
}

test('a batch is answered in the order of its calls, each with result or error', async () => {
  const { rpc } = client([(sent) => [refusal(4001, {})(sent[1] as Sent), ok('a')(sent[0] as Sent)]]);
  const [first, second, third] = await rpc.batch([{ method: 'a' }, { method: 'b' }, { method: 'c' }]);
  assert.equal(first, 'a');
  assert.equal(codeOf(second), 'WAGGLE_RPC_REFUSED');
  assert.equal(codeOf(third), 'WAGGLE_RPC_FORM');
});

test('a batch refused as a whole throws that refusal', async () => {
  const { rpc } = client([() => ({ jsonrpc: '2.0', id: null, error: { code: -32006, message: 'too large' } })]);
  await assert.rejects(rpc.batch([{ method: 'a' }]), (error) => codeOf(error) === 'WAGGLE_RPC_REFUSED');
});
