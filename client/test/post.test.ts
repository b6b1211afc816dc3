import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from '../client.ts';
import { environmentWith } from '../environment.ts';
import { post, postAll } from '../post.ts';
import { VirtualTime } from './virtual-time.ts';

const TARGET = { url: 'http://node/', token: 'secret-token' };
const CALL = { method: 'node_status', params: {} };
const OPTIONS = { timeoutMs: 1_000 };

/** An environment whose fetch answers this text. */
function answering(text: string, status = 200, seen: RequestInit[] = []) {
  const fetch = (async (_url: unknown, init: RequestInit) => {
    seen.push(init);
    return new Response(text, { status });
  }) as typeof globalThis.fetch;
  return environmentWith({ fetch });
}

test('a call carries the token in its header and takes the result of its own id alone', async () => {
  const seen: RequestInit[] = [];
  const env = answering('{"jsonrpc":"2.0","id":1,"result":{"a":1}}', 200, seen);
  assert.deepEqual(await post(env, TARGET, CALL, OPTIONS), { a: 1 });
  assert.equal(new Headers(seen[0]?.headers).get('authorization'), 'Bearer secret-token');
  assert.deepEqual(JSON.parse(String(seen[0]?.body)), { jsonrpc: '2.0', id: 1, method: 'node_status', params: {} });
});

test('whatever is no answer to this question is an error, and tells no token', async () => {
  const texts = [
    '',
    'null',
    '[]',
    '{}',
    '<html>',
    '{"jsonrpc":"2.0","id":2,"result":1}',
    '{"jsonrpc":"2.0","id":"1","result":1}',
    '{"jsonrpc":"1.0","id":1,"result":1}',
    '{"jsonrpc":"2.0","id":1}',
    '{"jsonrpc":"2.0","id":1,"error":null}',
    '{"jsonrpc":"2.0","id":1,"error":{"code":"x"}}',
  ];
  for (const text of texts) {
    await assert.rejects(post(answering(text, 502), TARGET, CALL, OPTIONS), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'WAGGLE_CLIENT_FORM', text);
      return !`${error.message}${JSON.stringify(error)}`.includes('secret-token');
    });
  }
});

test('an answer without end is given up', async () => {
  const part = new Uint8Array(2 ** 20).fill(32);
  let sent = 0;
  const body = new ReadableStream({
    pull(controller) {
      sent += 1;
      controller.enqueue(part);
    },
  });
  const fetch = (async () => new Response(body)) as typeof globalThis.fetch;
  await assert.rejects(post(environmentWith({ fetch }), TARGET, CALL, OPTIONS), { code: 'WAGGLE_CLIENT_FORM' });
  assert.ok(sent < 40, String(sent));
});

test('a refusal keeps number, type, hint and data', async () => {
  const error = {
    code: 4001,
    message: 'closed',
    data: { type: 'ballot.closed', hint: 'look', retryable: false, more: 1 },
  };
  const env = answering(JSON.stringify({ jsonrpc: '2.0', id: 1, error }), 200);
  const wanted = { code: 'WAGGLE_CLIENT_REFUSED', number: 4001, type: 'ballot.closed', hint: 'look', retryable: false };
  await assert.rejects(post(env, TARGET, CALL, OPTIONS), wanted);
  const bare = answering('{"jsonrpc":"2.0","id":null,"error":{"code":-32700}}');
  await assert.rejects(post(bare, TARGET, CALL, OPTIONS), { code: 'WAGGLE_CLIENT_REFUSED', number: -32700 });
});

test('a batch is put in order by its ids; what is missing is an error of that call', async () => {
  const env = answering('[{"jsonrpc":"2.0","id":2,"result":"two"},{"jsonrpc":"2.0","id":1,"result":"one"},7]');
  const [one, two, three] = await postAll(env, TARGET, [CALL, CALL, CALL], OPTIONS);
  assert.deepEqual([one, two], [{ result: 'one' }, { result: 'two' }]);
  assert.equal(three !== undefined && 'code' in three && three.code, 'WAGGLE_CLIENT_FORM');
  await assert.rejects(postAll(answering('{}'), TARGET, [CALL], OPTIONS), { code: 'WAGGLE_CLIENT_FORM' });
});

test('no answer in time and no connection are told apart, and nothing is left waiting', async () => {
  const time = new VirtualTime();
  const hang = ((_: unknown, init: RequestInit) =>
    new Promise((_resolve, reject) => {
      init.signal?.addEventListener('abort', () => reject(new Error('aborted')));
    })) as typeof globalThis.fetch;
  const env = environmentWith({ fetch: hang, wait: time.wait, nowMs: () => time.nowMs });
  const late = await time.run(post(env, TARGET, CALL, OPTIONS));
  assert.equal(late.status === 'rejected' && late.reason.code, 'WAGGLE_CLIENT_TIMEOUT');
  const refused = (async () => {
    throw new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } });
  }) as typeof globalThis.fetch;
  await assert.rejects(post(environmentWith({ fetch: refused, wait: time.wait }), TARGET, CALL, OPTIONS), {
    code: 'WAGGLE_CLIENT_UNREACHABLE',
  });
});

test('a read goes to another node, a write is sent again only when nothing was taken', async () => {
  const time = new VirtualTime();
  const asked: string[] = [];
  const answers = new Map([
    ['http://a/', '<html>'],
    ['http://b/', '{"jsonrpc":"2.0","id":1,"result":{"items":[],"next":null,"at":{"height":1}}}'],
  ]);
  const fetch = (async (url: string) => {
    asked.push(url);
    return new Response(answers.get(url));
  }) as typeof globalThis.fetch;
  const environment = { fetch, wait: time.wait, nowMs: () => time.nowMs, random: () => 0 };
  const client = connect({ urls: ['http://a/', 'http://b/'], environment });
  const read = await time.run(client.call('space_list', {}));
  assert.equal(read.status === 'fulfilled' && read.value.items.length, 0);
  assert.deepEqual(asked.splice(0), ['http://a/', 'http://b/']);
  const other = connect({ urls: ['http://a/', 'http://b/'], environment });
  const write = await time.run(other.call('space_create', { id: 's', title: 'S' }));
  assert.equal(write.status === 'rejected' && write.reason.code, 'WAGGLE_CLIENT_FORM');
  assert.deepEqual(asked.splice(0), ['http://a/']);
  const busy = { code: 7001, message: 'busy', data: { type: 'network.busy', retryable: true, retryAfterMs: 50 } };
  answers.set('http://a/', JSON.stringify({ jsonrpc: '2.0', id: 1, error: busy }));
  const third = connect({ urls: ['http://a/', 'http://b/'], environment });
  assert.equal((await time.run(third.call('space_create', { id: 's', title: 'S' }))).status, 'fulfilled');
  assert.deepEqual(asked, ['http://a/', 'http://b/']);
});
