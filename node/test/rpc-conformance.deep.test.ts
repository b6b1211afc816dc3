import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { RPC_LIMITS } from '../rpc/limits.ts';
import { BATCHES } from './conformance/batches.ts';
import { checkAnswer, head, type RpcCase } from './conformance/case.ts';
import { DOCUMENTS } from './conformance/documents.ts';
import { IDS } from './conformance/ids.ts';
import { PARAMS } from './conformance/params.ts';
import { SPECIFICATION } from './conformance/specification.ts';
import { within } from './harness/deadline.ts';
import { plainCalls } from './harness/plain-calls.ts';
import { openSocket, type Rig, startRig } from './harness/rpc-client.ts';

/*
 * The table: what is sent as one document, and what must come back over POST /, POST /v1 and WebSocket alike. After each a
 * plain call must still be answered.
 */

const CASES: readonly RpcCase[] = [...SPECIFICATION, ...IDS, ...PARAMS, ...DOCUMENTS, ...BATCHES];
const DEADLINE_MS = 10_000;

async function checkHttp(rig: Rig, { body, expected, idText }: RpcCase, path: string): Promise<void> {
  const reply = await rig.post(body, {}, path);
  if (expected === 'nothing') {
    assert.equal(reply.status, 204);
    assert.equal(reply.text, '');
    return;
  }
  assert.match(reply.headers.get('content-type') ?? '', /^application\/json/);
  checkAnswer(reply.json, expected);
  if (idText !== undefined) assert.ok(reply.text.endsWith(`,"id":${idText}}`), reply.text.slice(-40));
}

/** Every case a test of its own, and the slowest plain call after one of them. */
async function runAll(t: TestContext, rig: Rig, cases: readonly RpcCase[], run: (one: RpcCase) => Promise<void>) {
  const plain = plainCalls(rig);
  for (const one of cases) {
    await t.test(one.name, async () => {
      await run(one);
      await plain.check();
    });
  }
  t.diagnostic(`${cases.length} cases, worst plain call ${plain.worstMs.toFixed(1)} ms`);
  assert.deepEqual(rig.internal, []);
}

test('no two cases are one', () => {
  assert.ok(CASES.length >= 120);
  const names = CASES.map(({ name }) => name);
  assert.deepEqual(
    names.filter((name, at) => names.indexOf(name) !== at),
    [],
  );
});

for (const path of ['/', '/v1']) {
  test(`the table over POST ${path}`, async (t) => {
    const rig = await startRig(t);
    await runAll(t, rig, CASES, (one) => checkHttp(rig, one, path));
  });
}

test('the table over WebSocket', async (t) => {
  const rig = await startRig(t);
  const socket = await openSocket(t, rig);
  // What is no UTF-8 cannot be a text frame: the protocol itself forbids it, see below.
  const texts = CASES.filter(({ body }) => typeof body === 'string');
  await runAll(t, rig, texts, async ({ body, expected }) => {
    socket.send(String(body));
    if (expected !== 'nothing') checkAnswer(await socket.next(), expected);
    socket.send(head('"after"'));
    checkAnswer(await socket.next(), { ok: 'after' });
  });
});

const FRAMES: readonly (readonly [name: string, send: (socket: import('ws').WebSocket) => void, close: number])[] = [
  ['a text frame that is no UTF-8', (socket) => socket.send(Buffer.from([0x22, 0xff, 0x22]), { binary: false }), 1007],
  ['a binary frame', (socket) => socket.send(Buffer.from(head('1')), { binary: true }), 1003],
  ['a message beyond the cap', (socket) => socket.send(' '.repeat(RPC_LIMITS.bodyBytesMax + 1)), 1009],
  [
    'fragments beyond the cap',
    (socket) => {
      for (let at = 0; at < 20; at++) socket.send(' '.repeat(RPC_LIMITS.bodyBytesMax / 16), { fin: false });
    },
    1009,
  ],
];

for (const [name, send, close] of FRAMES) {
  test(`${name} ends its own connection and no other`, async (t) => {
    const rig = await startRig(t);
    const [one, other] = [await openSocket(t, rig), await openSocket(t, rig)];
    one.socket.on('error', () => undefined);
    const closed = within(DEADLINE_MS, once(one.socket, 'close'), 'the connection closes');
    send(one.socket);
    assert.equal((await closed)[0], close);
    other.send(head('"other"'));
    checkAnswer(await other.next(), { ok: 'other' });
    await plainCalls(rig).check();
  });
}
