import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback } from '../rpc/http-guard.ts';
import { RPC_LIMITS } from '../rpc/limits.ts';
import {
  ADMIN,
  ballotParams,
  OPERATOR,
  openSession,
  openSocket,
  type RpcAnswer,
  rawHttp,
  sessionParams,
  startRig,
} from './harness/rpc-client.ts';

const CALL = '{"jsonrpc":"2.0","method":"chain_head","id":1}';

function codeOf(json: unknown): number | undefined {
  return (json as RpcAnswer).error?.code;
}

function request(headers: readonly string[], body = CALL): string {
  const lines = ['POST / HTTP/1.1', ...headers, `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close'];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

test('only known names of this host are answered', async (t) => {
  const rig = await startRig(t);
  const json = 'Content-Type: application/json';
  for (const host of ['localhost', 'localhost:1', `127.0.0.1:${rig.port}`, '[::1]:80', 'WAGGLE.example']) {
    assert.match(await rawHttp(rig.port, request([`Host: ${host}`, json])), /^HTTP\/1\.1 200 /, host);
  }
  const foreign = [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'localhost:1:2',
    'x@localhost',
    '0.0.0.0',
    '',
  ];
  for (const host of foreign) {
    const answer = await rawHttp(rig.port, request([`Host: ${host}`, json]));
    assert.match(answer, /^HTTP\/1\.1 403 /, host);
    assert.match(answer, /"code":-32002/);
    assert.doesNotMatch(answer, /access-control/i);
  }
  assert.match(await rawHttp(rig.port, request([json])), /^HTTP\/1\.1 400 /);
});

test('a page of another origin is refused, preflight and WebSocket included', async (t) => {
  const rig = await startRig(t);
  for (const origin of ['https://evil.example', 'null', 'http://localhost:3000', 'https://dash.example.evil.example']) {
    const reply = await rig.post(CALL, { origin });
    assert.equal(reply.status, 403, origin);
    assert.equal(codeOf(reply.json), -32002);
    assert.equal(reply.headers.get('access-control-allow-origin'), null);
  }
  const preflight = await fetch(rig.url, { method: 'OPTIONS', headers: { origin: 'https://evil.example' } });
  assert.equal(preflight.status, 403);
  await preflight.text();
  await assert.rejects(openSocket(t, rig, { origin: 'https://evil.example' }), { message: /403/ });
  for (const origin of ['https://dash.example', rig.url]) {
    assert.equal((await rig.post(CALL, { origin })).status, 200, origin);
  }
});

test('only application/json is taken', async (t) => {
  const rig = await startRig(t);
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'text/json',
    'application/json\tx',
    'application/jsonx',
  ]) {
    const reply = await rig.post(CALL, { 'content-type': type });
    assert.equal(reply.status, 415, type);
    assert.equal(codeOf(reply.json), -32600);
  }
  assert.equal((await rig.post(CALL, { 'content-type': 'application/json; charset=utf-8' })).status, 200);
  assert.equal((await rig.post(CALL, { 'content-encoding': 'gzip' })).status, 415);
});

test('a body is capped before it is read, and answered as JSON-RPC', async (t) => {
  const rig = await startRig(t);
  const reply = await rig.post(`"${'x'.repeat(RPC_LIMITS.bodyBytesMax)}"`);
  assert.equal(reply.status, 413);
  assert.equal(codeOf(reply.json), -32006);
  const whole = `"${'x'.repeat(RPC_LIMITS.bodyBytesMax - 2)}"`;
  assert.equal(codeOf((await rig.post(whole)).json), -32600);
});

test('bytes that are no HTTP, and paths that are not here', async (t) => {
  const rig = await startRig(t);
  assert.match(await rawHttp(rig.port, 'GARBAGE\r\n\r\n'), /^HTTP\/1\.1 400 [\s\S]*"code":-32600/);
  const many = Array.from({ length: 2_100 }, (_, at) => `X-${at}: ${'y'.repeat(20)}`);
  assert.match(await rawHttp(rig.port, request(['Host: localhost', ...many])), /^HTTP\/1\.1 431 /);
  for (const path of ['/nope', '/v1/../../etc/passwd', '/%2e%2e%2fetc', '/%ff', '/__proto__']) {
    const answer = await rawHttp(rig.port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 40[04] [\s\S]*"jsonrpc":"2\.0"/, path);
  }
  const proto = await rawHttp(rig.port, request(['Host: localhost', '__proto__: x', 'Content-Type: application/json']));
  assert.match(proto, /^HTTP\/1\.1 200 /);
});

test('reads need no token on loopback, writes always need one of their scope', async (t) => {
  const rig = await startRig(t);
  assert.ok((await rig.call('node_status', undefined, '')).result);
  const write = ['session_open', sessionParams()] as const;
  assert.equal((await rig.refused(...write, '')).type, 'auth.missing');
  for (const token of ['wrong', OPERATOR.slice(0, -1), `${OPERATOR}x`, OPERATOR.toUpperCase()]) {
    assert.equal((await rig.refused(...write, token)).type, 'auth.missing', token);
  }
  assert.equal((await rig.refused('space_create', { id: 'lab', title: 'Lab' }, OPERATOR)).type, 'auth.forbidden');
  assert.equal(rig.api.submitted.length, 0);
  await rig.result('space_create', { id: 'lab', title: 'Lab' }, ADMIN);
  await rig.result(...write, ADMIN);
  const { status } = await rig.post(
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'session_close', params: ['main', 's1'] }),
  );
  assert.equal(status, 401);
});

test('every element of a batch asks for itself', async (t) => {
  const rig = await startRig(t);
  const batch = [
    { jsonrpc: '2.0', id: 1, method: 'node_status' },
    { jsonrpc: '2.0', id: 2, method: 'session_open', params: sessionParams() },
    { jsonrpc: '2.0', id: 3, method: 'space_create', params: { id: 'lab', title: 'Lab' } },
    { jsonrpc: '2.0', method: 'space_create', params: { id: 'lab2', title: 'Lab' } },
  ];
  const codes = async (headers: Record<string, string>) =>
    ((await rig.post(JSON.stringify(batch), headers)).json as RpcAnswer[]).map((one) => one.error?.code ?? 'ok');
  assert.deepEqual(await codes({}), ['ok', -32001, -32001]);
  assert.equal(rig.api.submitted.length, 0);
  assert.deepEqual(await codes({ authorization: `Bearer ${OPERATOR}` }), ['ok', 'ok', -32002]);
  assert.equal(rig.api.submitted.length, 1);
  assert.equal(rig.api.state().spaces.has('lab2'), false);
});

test('guessing is slowed, a proven token passes all the same', async (t) => {
  const rig = await startRig(t);
  await openSession(rig);
  const guess = async (token: string) => (await rig.refused('session_close', ['main', 's1'], token)).type;
  for (let at = 0; at < RPC_LIMITS.guessesMax; at++) assert.equal(await guess(`guess-${at}`), 'auth.missing');
  assert.equal(await guess('guess-more'), 'request.rate-limited');
  assert.equal((await rig.refused('space_create', { id: 'lab', title: 'Lab' }, ADMIN)).type, 'request.rate-limited');
  await rig.result('ballot_submit', ballotParams('m0', [9, 3]));
  rig.api.nowMs += RPC_LIMITS.guessWindowMs;
  await rig.result('space_create', { id: 'lab', title: 'Lab' }, ADMIN);
});

test('over WebSocket the token of the upgrade holds for every call', async (t) => {
  const rig = await startRig(t);
  const open = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'session_open', params: sessionParams() });
  const without = await openSocket(t, rig);
  without.send(open);
  assert.equal((await without.next()).error?.code, -32001);
  const withToken = await openSocket(t, rig, { authorization: `Bearer ${OPERATOR}` });
  withToken.send(open);
  assert.equal((await withToken.next()).error, undefined);
});

test('from elsewhere than loopback reads need a token too', () => {
  for (const address of ['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1'])
    assert.equal(isLoopback(address), true, address);
  for (const address of [
    undefined,
    '',
    '10.0.0.1',
    '128.0.0.1',
    '::ffff:10.0.0.1',
    'fe80::1',
    '127.0.0.1.example',
    '::2',
  ]) {
    assert.equal(isLoopback(address), false, String(address));
  }
});

test('health names its reason, metrics count every refusal', async (t) => {
  const rig = await startRig(t);
  const get = async (path: string) => {
    const response = await fetch(rig.url + path);
    return { status: response.status, text: await response.text() };
  };
  assert.deepEqual(await get('/readyz'), { status: 200, text: '{"ready":true}' });
  rig.api.statusChange = { ready: false, notReadyReason: 'no quorum: 2 of 4' };
  assert.deepEqual(await get('/readyz'), { status: 503, text: '{"ready":false,"reason":"no quorum: 2 of 4"}' });
  rig.api.statusChange = { writable: false };
  assert.equal((await get('/readyz')).status, 503);
  assert.equal((await get('/livez')).status, 200);
  await rig.call('nope');
  const { text } = await get('/metrics');
  assert.match(text, /^waggle_test 1$/m);
  assert.match(text, /^waggle_rpc_calls_total\{method="none",outcome="method\.unknown"\} 1$/m);
});
