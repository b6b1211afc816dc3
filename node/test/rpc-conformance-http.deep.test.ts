import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { HttpCase } from './conformance/http-case.ts';
import { CONTENT } from './conformance/http-content.ts';
import { HOSTS, LOADS, UPGRADES } from './conformance/http-hosts.ts';
import { SMUGGLING } from './conformance/http-smuggling.ts';
import { plainCalls } from './harness/plain-calls.ts';
import { type RpcAnswer, rawHttp, startRig } from './harness/rpc-client.ts';

/** Bytes in, one answer out: its status, and a JSON-RPC error (of a read by URL: a problem) in its body. */
function check(answer: string, { status, code, has = [], lacks = [], request }: HttpCase): void {
  const end = answer.indexOf('\r\n\r\n');
  const [head, body] = [answer.slice(0, end + 2), answer.slice(end + 4)];
  assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `));
  for (const line of has) assert.match(head, line);
  for (const line of lacks) assert.doesNotMatch(head, line);
  if (status === 100) return;
  assert.doesNotMatch(body, /HTTP\/1\.1 \d/, 'one answer');
  if (request.startsWith('HEAD')) assert.equal(body, '');
  else if (code !== undefined) checkError(head, body, code);
}

function checkError(head: string, body: string, code: number): void {
  const json = JSON.parse(body) as RpcAnswer & { readonly code?: number };
  if (/^content-type: application\/problem\+json/im.test(head)) assert.equal(json.code, code);
  else {
    assert.deepEqual([json.jsonrpc, json.id, json.error?.code], ['2.0', null, code]);
    assert.match(head, /^content-type: application\/json/im);
  }
}

async function runAll(t: TestContext, cases: readonly HttpCase[]): Promise<void> {
  const rig = await startRig(t);
  const plain = plainCalls(rig);
  for (const one of cases) {
    await t.test(one.name, async () => {
      check(await rawHttp(rig.port, one.request), one);
      await plain.check();
    });
  }
  t.diagnostic(`${cases.length} cases, worst plain call ${plain.worstMs.toFixed(1)} ms`);
  assert.deepEqual(rig.internal, []);
}

test('names of this host and origins of pages', async (t) => runAll(t, [...HOSTS, ...LOADS]));
test('upgrades to WebSocket', async (t) => runAll(t, UPGRADES));
test('types, encodings, sizes, paths and methods', async (t) => runAll(t, CONTENT));
test('requests that two readers would cut differently', async (t) => runAll(t, SMUGGLING));
