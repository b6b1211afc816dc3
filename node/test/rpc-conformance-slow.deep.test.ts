import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { DoorLimits } from '../rpc/limits.ts';
import { CALL, JSON_TYPE } from './conformance/http-case.ts';
import { eventually, within } from './harness/deadline.ts';
import { plainCalls } from './harness/plain-calls.ts';
import { openSocket, type Rig, startRig } from './harness/rpc-client.ts';
import { drip, openSlow } from './harness/slow-clients.ts';

/** Clients that are slow, silent or half gone: each is ended in its time, and others are served meanwhile. */

const DEADLINE_MS = 10_000;
const SHORT: Partial<DoorLimits> = { headersTimeoutMs: 200, bodyTimeoutMs: 400, sendTimeoutMs: 300, keepAliveMs: 200 };
const LONG: Partial<DoorLimits> = { pingMs: 3_600_000, tokenCheckMs: 3_600_000 };
const HEAD = `POST / HTTP/1.1\r\nHost: localhost\r\n${JSON_TYPE}\r\n`;

async function startShort(t: TestContext, more: Partial<DoorLimits> = {}): Promise<Rig> {
  return await startRig(t, { limits: { ...LONG, ...SHORT, ...more } });
}

/** The server has given a connection up, which a client that reads nothing cannot see. */
async function untilCut(rig: Rig, reason: string): Promise<void> {
  const isCut = async () => {
    const text = await fetch(`${rig.url}/metrics`).then(
      (response) => response.text(),
      () => '',
    );
    return text.includes(`waggle_rpc_cuts_total{reason="${reason}"}`);
  };
  await eventually(isCut, DEADLINE_MS, `a connection is cut: ${reason}`);
}

test('headers that never end', async (t) => {
  const rig = await startShort(t);
  const slow = await openSlow(t, rig.port);
  slow.socket.write(HEAD);
  await plainCalls(rig).check();
  assert.match(await slow.ended(), /^HTTP\/1\.1 408 [\s\S]*"code":-32600/);
});

test('headers byte by byte', async (t) => {
  const rig = await startShort(t);
  const slow = await openSlow(t, rig.port);
  assert.match(await drip(slow, 'X-Slow: 1\r\n', 10), /^(?:$|HTTP\/1\.1 40[08] )/);
  await plainCalls(rig).check();
});

test('no byte at all', async (t) => {
  const rig = await startShort(t);
  const slow = await openSlow(t, rig.port);
  await plainCalls(rig).check();
  await slow.ended();
});

test('a body that never ends', async (t) => {
  const rig = await startShort(t);
  const slow = await openSlow(t, rig.port);
  slow.socket.write(`${HEAD}Content-Length: ${CALL.length}\r\n\r\n${CALL.slice(0, -1)}`);
  await plainCalls(rig).check();
  assert.match(await slow.ended(), /^HTTP\/1\.1 408 /);
});

test('a body byte by byte', async (t) => {
  const rig = await startShort(t);
  const slow = await openSlow(t, rig.port);
  slow.socket.write(`${HEAD}Content-Length: 100000\r\n\r\n`);
  assert.match(await drip(slow, CALL, 10), /^HTTP\/1\.1 408 /);
  await plainCalls(rig).check();
});

test('a body in chunks that never ends', async (t) => {
  const rig = await startShort(t);
  const slow = await openSlow(t, rig.port);
  slow.socket.write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`);
  assert.match(await drip(slow, '1\r\n \r\n', 5), /^HTTP\/1\.1 40[08] /);
  await plainCalls(rig).check();
});

test('a client that goes away in the middle of its body', async (t) => {
  const rig = await startShort(t);
  const slow = await openSlow(t, rig.port);
  slow.socket.write(`${HEAD}Content-Length: 100\r\n\r\n{`);
  slow.socket.destroy();
  await plainCalls(rig).check();
  assert.deepEqual(rig.internal, []);
});

test('a client that sends no more but reads is answered', async (t) => {
  const rig = await startShort(t);
  const half = await openSlow(t, rig.port);
  half.socket.end(`${HEAD}Content-Length: ${CALL.length}\r\nConnection: close\r\n\r\n${CALL}`);
  assert.match(await half.ended(), /^HTTP\/1\.1 200 /);
});

test('a connection kept open without a request', async (t) => {
  const rig = await startShort(t);
  const idle = await openSlow(t, rig.port);
  idle.socket.write(`${HEAD}Content-Length: ${CALL.length}\r\n\r\n${CALL}`);
  assert.match(await idle.ended(), /^HTTP\/1\.1 200 /);
});

/** Larger than what the two ends of a connection hold between them. */
const LARGE = JSON.stringify(Array.from({ length: 100 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'rpc.discover' })));

test('a reader that takes nothing of its answer', async (t) => {
  const rig = await startShort(t);
  const slow = await openSlow(t, rig.port);
  slow.socket.pause();
  slow.socket.write(`${HEAD}Content-Length: ${LARGE.length}\r\n\r\n${LARGE}`);
  await plainCalls(rig).check();
  await untilCut(rig, 'slow-reader');
  slow.socket.resume();
  const answer = await slow.ended();
  const length = Number(/content-length: (\d+)/i.exec(answer)?.[1]);
  assert.ok(Buffer.byteLength(answer) < length, 'it was cut off');
  await plainCalls(rig).check();
});

test('answers that nobody takes are bounded all together', async (t) => {
  const rig = await startShort(t, { sendTimeoutMs: 60_000, unsentBytesMax: 1_000_000 });
  const slow = await openSlow(t, rig.port);
  slow.socket.pause();
  slow.socket.write(`${HEAD}Content-Length: ${LARGE.length}\r\n\r\n${LARGE}`);
  const refused = async () => (await rig.post(LARGE)).status === 429;
  let isRefused = false;
  for (let at = 0; at < 20 && !isRefused; at++) isRefused = await refused();
  assert.ok(isRefused);
  slow.socket.destroy();
});

test('a WebSocket that answers no ping is ended, one that does is not', async (t) => {
  const rig = await startRig(t, { limits: { ...LONG, pingMs: 100 } });
  const live = await openSocket(t, rig);
  const gone = await openSocket(t, rig);
  gone.socket.on('error', () => undefined);
  const closed = once(gone.socket, 'close');
  gone.socket.pause();
  await untilCut(rig, 'no-pong');
  gone.socket.resume();
  await within(DEADLINE_MS, closed, 'the silent one is ended');
  live.send('{"jsonrpc":"2.0","id":1,"method":"chain_head"}');
  assert.ok((await live.next()).result);
});

test('a WebSocket that takes none of its answers', async (t) => {
  const rig = await startRig(t, { limits: { ...LONG, pingMs: 200 } });
  const slow = await openSocket(t, rig);
  slow.socket.on('error', () => undefined);
  const closed = once(slow.socket, 'close');
  slow.socket.pause();
  for (let at = 0; at < 4; at++) slow.send(LARGE);
  const plain = plainCalls(rig);
  for (let at = 0; at < 5; at++) await plain.check();
  await untilCut(rig, 'no-pong');
  slow.socket.resume();
  await within(DEADLINE_MS, closed, 'it is ended');
  await plain.check();
  t.diagnostic(`worst plain call ${plain.worstMs.toFixed(1)} ms`);
});

test('200 silent connections keep nobody from being served', async (t) => {
  const rig = await startShort(t, { headersTimeoutMs: 5_000, bodyTimeoutMs: 10_000 });
  const silent = await Promise.all(Array.from({ length: 200 }, () => openSlow(t, rig.port)));
  for (const { socket } of silent) socket.write('POST / HTTP/1.1\r\n');
  const plain = plainCalls(rig);
  for (let at = 0; at < 20; at++) await plain.check();
  t.diagnostic(`worst plain call ${plain.worstMs.toFixed(1)} ms`);
});

test('a connection too many is not taken, and a WebSocket too many is told to come back', async (t) => {
  const rig = await startShort(t, { socketsMax: 2, connectionsMax: 6, keepAliveMs: 10_000, headersTimeoutMs: 10_000 });
  const first = await openSocket(t, rig);
  await openSocket(t, rig);
  const third = await openSocket(t, rig);
  assert.equal((await within(DEADLINE_MS, once(third.socket, 'close'), 'the third is closed'))[0], 1013);
  const many = await Promise.all(Array.from({ length: 8 }, () => openSlow(t, rig.port)));
  const isDropped = () => many.filter(({ socket }) => socket.closed).length >= 4;
  await eventually(isDropped, DEADLINE_MS, 'four of eight are not taken: six less two WebSockets are');
  first.send('{"jsonrpc":"2.0","id":1,"method":"chain_head"}');
  assert.ok((await first.next()).result, 'who is in stays in');
  for (const { socket } of many) socket.destroy();
  await untilCut(rig, 'sockets');
  await untilCut(rig, 'connections');
});
