import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WaggleError } from '../../protocol/errors.ts';
import { toHex } from '../../protocol/hex.ts';
import { isRead } from '../rpc/method.ts';
import { allMethods } from '../rpc/methods/all.ts';
import { EXAMPLES } from '../rpc/openrpc-examples.ts';
import { ballotParams, OPERATOR, openSession, type Rig, rawHttp, startRig } from './harness/rpc-client.ts';

interface Got {
  readonly status: number;
  readonly headers: Headers;
  readonly json: Record<string, unknown>;
  readonly text: string;
}

async function get(rig: Rig, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Got> {
  const response = await fetch(rig.url + path, { method, headers });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: text === '' ? {} : JSON.parse(text) };
}

async function withBallot(rig: Rig, session = 's1'): Promise<{ ballot: string }> {
  await openSession(rig, { session });
  return await rig.result('ballot_submit', { ...ballotParams('m0', [9, 3]), session });
}

test('every read answers by URL what it answers as a call', async (t) => {
  const rig = await startRig(t);
  const { ballot } = await withBallot(rig, 'lunch');
  const own = new Map<string, Record<string, unknown>>([
    ['chain_getSegment', { id: toHex(rig.api.lastSegment) }],
    ['ballot_get', { ballot }],
    ['proposal_get', { space: 'main', session: 'lunch', proposal: 'p1' }],
  ]);
  const reads = [...allMethods('0').values()].filter(isRead);
  assert.ok(reads.length > 15);
  for (const { name } of reads) {
    const params = own.get(name) ?? EXAMPLES.get(name) ?? {};
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(params)) query.append(key, String(value));
    const got = await get(rig, `/v1/${name}?${query}`);
    assert.equal(got.status, 200, `${name} ${got.text}`);
    assert.deepEqual(got.json, await rig.result(name, params, ''), name);
    assert.ok(got.headers.get('etag'), name);
    assert.match(got.headers.get('vary') ?? '', /authorization/i);
    assert.match(got.headers.get('content-type') ?? '', /^application\/json/);
  }
});

test('params have the types of their schema', async (t) => {
  const rig = await startRig(t);
  rig.api.advance();
  assert.equal((await get(rig, '/v1/chain_getBlock?height=1')).json.height, 1);
  assert.equal(((await get(rig, '/v1/space_list?limit=1')).json.items as unknown[]).length, 1);
  await openSession(rig, { session: '0001' });
  assert.equal((await get(rig, '/v1/session_get?space=main&session=0001')).json.session, '0001', 'digits stay a text');
  assert.equal((await get(rig, '/v1/session_get?session=%30001&space=ma%69n')).status, 200);
});

test('what is wrong with params is a problem that names the place', async (t) => {
  const rig = await startRig(t);
  const wrong: readonly (readonly [query: string, path: string | undefined])[] = [
    ['chain_getBlock?height=x', 'height'],
    ['chain_getBlock?height=-1', 'height'],
    ['chain_getBlock?height=1.5', 'height'],
    ['chain_getBlock?height=01', 'height'],
    ['chain_getBlock?height=1e0', 'height'],
    ['chain_getBlock?height=9007199254740993', 'height'],
    ['chain_getBlock?height=', 'height'],
    ['chain_getBlock?height', 'height'],
    ['chain_getBlock?height=1&height=1', 'height'],
    ['chain_getBlock?height=%ff', undefined],
    ['chain_getBlock?height=%zz', undefined],
    ['chain_getBlock?hight=1', 'hight'],
    ['chain_getBlock?__proto__=1', '__proto__'],
    ['chain_getBlock?constructor=1', 'constructor'],
    ['space_list?limit=0', 'limit'],
    ['space_list?limit=1001', 'limit'],
    ['space_list?limit=true', 'limit'],
    ['space_list?limit=[1]', 'limit'],
    ['space_list?cursor=x', 'cursor'],
    ['session_get?space=main', 'session'],
    [`space_list?${'a=1&'.repeat(40)}`, undefined],
  ];
  for (const [query, path] of wrong) {
    const { status, json, headers } = await get(rig, `/v1/${query}`);
    assert.equal(status, 400, query);
    assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/);
    assert.deepEqual([json.type, json.code, json.status], ['urn:waggle:error:params.invalid', -32602, 400], query);
    assert.equal(json.path, path, query);
    assert.equal(headers.get('etag'), null);
    assert.equal(headers.get('cache-control'), 'no-store');
  }
});

test('problems have the members of RFC 9457 and the facts of the error table', async (t) => {
  const rig = await startRig(t);
  const { status, json } = await get(rig, '/v1/session_get?space=main&session=nope');
  assert.equal(status, 404);
  const { type, title, detail, code, hint, retryable, path } = json;
  assert.deepEqual(
    { type, title, detail, code, hint, retryable, path, status: json.status },
    {
      type: 'urn:waggle:error:session.unknown',
      title: 'no such session',
      detail: 'no such session',
      code: 2003,
      hint: 'session_list has the sessions of a space',
      retryable: false,
      path: 'session',
      status: 404,
    },
  );
  assert.equal((await get(rig, '/v1/nope')).json.type, 'urn:waggle:error:method.unknown');
  assert.equal((await get(rig, '/v1/constructor')).status, 404);
  rig.api.ballots = () => Promise.reject(new Error('a path: /etc/secret'));
  await openSession(rig);
  const internal = await get(rig, '/v1/ballot_list?space=main&session=s1');
  assert.deepEqual([internal.status, internal.json.type], [500, 'urn:waggle:error:internal']);
  assert.doesNotMatch(internal.text, /secret/);
});

test('a write has no GET', async (t) => {
  const rig = await startRig(t);
  for (const { name } of [...allMethods('0').values()].filter((method) => !isRead(method))) {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await get(rig, `/v1/${name}`, { authorization: `Bearer ${OPERATOR}` }, method);
      assert.deepEqual([status, headers.get('allow')], [405, 'POST'], name);
    }
  }
  const { json } = await get(rig, '/v1/session_close?space=main&session=s1');
  assert.deepEqual([json.status, json.code], [405, -32600]);
  assert.equal(rig.api.submitted.length, 0);
});

test('until the next block nothing is sent twice', async (t) => {
  const rig = await startRig(t);
  await openSession(rig);
  const path = '/v1/session_get?space=main&session=s1';
  const first = await get(rig, path);
  const etag = first.headers.get('etag') ?? '';
  assert.equal(first.headers.get('cache-control'), 'no-cache');
  for (const known of [etag, etag.replace('W/', ''), `"x", ${etag}`]) {
    const again = await get(rig, path, { 'if-none-match': known });
    assert.deepEqual([again.status, again.text, again.headers.get('etag')], [304, '', etag], known);
  }
  for (const known of ['*', '"x"', '', etag.slice(0, -2)])
    assert.equal((await get(rig, path, { 'if-none-match': known })).status, 200, known);
  rig.api.advance();
  const next = await get(rig, path, { 'if-none-match': etag });
  assert.equal(next.status, 200);
  assert.notEqual(next.headers.get('etag'), etag);
});

test('what is not of a block alone is compared by its content', async (t) => {
  const rig = await startRig(t);
  const path = '/v1/node_status';
  const etag = (await get(rig, path)).headers.get('etag') ?? '';
  assert.equal((await get(rig, path, { 'if-none-match': etag })).status, 304);
  rig.api.statusChange = { ready: false, notReadyReason: 'no quorum' };
  assert.equal((await get(rig, path, { 'if-none-match': etag })).status, 200);
});

test('what a hash names is kept for ever, a ballot once its session has ended', async (t) => {
  const rig = await startRig(t);
  const { ballot } = await withBallot(rig);
  const cache = async (path: string) => (await get(rig, path)).headers.get('cache-control');
  const forever = 'max-age=31536000, immutable';
  assert.equal(await cache(`/v1/chain_getBlock?hash=${toHex(rig.api.head().hash)}`), forever);
  assert.equal(await cache('/v1/chain_getBlock?height=1'), 'no-cache');
  assert.equal(await cache(`/v1/chain_getSegment?id=${toHex(rig.api.lastSegment)}`), forever);
  assert.equal(await cache(`/v1/ballot_get?ballot=${ballot}`), 'no-cache');
  await rig.result('session_close', { space: 'main', session: 's1', reason: 'done' });
  assert.equal(await cache(`/v1/ballot_get?ballot=${ballot}`), forever);
  assert.equal(await cache(`/v1/ballot_get?ballot=${'a'.repeat(64)}`), 'no-store', 'it may come yet');
});

test('HEAD is GET without its body', async (t) => {
  const rig = await startRig(t);
  const whole = await get(rig, '/v1/chain_genesis');
  const raw = await rawHttp(
    rig.port,
    'HEAD /v1/chain_genesis HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
  );
  const [head = '', body] = raw.split('\r\n\r\n');
  assert.equal(body, '');
  assert.match(head, /^HTTP\/1\.1 200 /);
  for (const name of ['etag', 'content-length', 'content-type', 'cache-control'])
    assert.ok(head.toLowerCase().includes(`${name}: ${whole.headers.get(name)}`.toLowerCase()), name);
  assert.equal((await get(rig, '/v1/session_get?space=main', {}, 'HEAD')).status, 400);
  for (const path of ['/openrpc.json', '/metrics', '/livez', '/readyz'])
    assert.equal((await get(rig, path, {}, 'HEAD')).status, 200, path);
});

test('a cursor of another list is invalid params, whichever list it is', async (t) => {
  const rig = await startRig(t);
  await openSession(rig);
  rig.api.ballots = () => Promise.reject(new WaggleError('WAGGLE_LEDGER_CURSOR'));
  const { status, json } = await get(rig, '/v1/ballot_list?space=main&session=s1&cursor=abc');
  assert.deepEqual([status, json.code, json.path], [400, -32602, 'cursor']);
  const params = { space: 'main', session: 's1', cursor: 'abc' };
  assert.deepEqual((await rig.refused('ballot_list', params)).code, -32602);
  assert.deepEqual(rig.internal, []);
});
