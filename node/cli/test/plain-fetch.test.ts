import assert from 'node:assert/strict';
import dns from 'node:dns';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { codeOf } from '../../../protocol/errors.ts';
import { plainFetch } from '../plain-fetch.ts';
import { createRpcClient, isBrokenOff, isUnreachable } from '../rpc-client.ts';

async function serve(t: TestContext, answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer);
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { server, url: `http://127.0.0.1:${port}`, connections: () => connections };
}

const post = (url: string, body = '{}', signal = new AbortController().signal) =>
  plainFetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal });

test('a body goes and comes as it is, with its headers, over one connection', async (t) => {
  const seen: (string | undefined)[] = [];
  const { url, connections } = await serve(t, (request, response) => {
    seen.push(
      `${request.method} ${request.url} ${request.headers['content-type']} ${request.headers['content-length']}`,
    );
    request.pipe(response.writeHead(429));
  });
  const bodies = ['"é"', JSON.stringify('x'.repeat(300_000)), ''];
  for (const body of bodies) {
    const response = await post(`${url}/v1?a=b`, body);
    assert.equal(response.status, 429);
    assert.equal(await response.text(), body);
  }
  assert.deepEqual(
    seen,
    bodies.map((body) => `POST /v1?a=b application/json ${Buffer.byteLength(body)}`),
  );
  assert.equal(connections(), 1);
});

test('a connection that nobody takes says why, and one that ends early is broken off', async (t) => {
  const { url, server } = await serve(t, (_request, response) => void response.destroy());
  const rpc = createRpcClient({ url });
  await assert.rejects(rpc.call('x'), isBrokenOff);
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(rpc.call('x'), (error) => isUnreachable(error) && !isBrokenOff(error));
});

test('an answer that ends early is broken off too', async (t) => {
  const { url } = await serve(t, (_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{', () => response.destroy());
  });
  await assert.rejects(createRpcClient({ url }).call('x'), isBrokenOff);
});

test('who waits no longer ends the call', async (t) => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const { url } = await serve(t, () => resolve());
  const stop = new AbortController();
  const call = post(url, '{}', stop.signal);
  await asked;
  stop.abort();
  await assert.rejects(call, TypeError);
  const late = createRpcClient({ url, timeoutMs: 1 }).call('x');
  await assert.rejects(late, (error) => codeOf(error) === 'WAGGLE_RPC_TIMEOUT');
});

const CONNECT_MS = 10_000;

test('a connection that does not come about in its time was never made: nothing was sent', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  // A name that is looked up for ever keeps its connection from being made.
  t.mock.method(dns, 'lookup', () => undefined);
  const rpc = createRpcClient({ url: 'http://silent.example', fetch: plainFetch });
  const call = assert.rejects(rpc.call('x'), (error) => isUnreachable(error) && !isBrokenOff(error));
  // By then the call has its socket.
  await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(CONNECT_MS);
  await call;
});

test('an answer may take longer than a connection', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { url } = await serve(t, (_request, response) => {
    t.mock.timers.tick(CONNECT_MS);
    response.end('{}');
  });
  assert.equal(await (await post(url)).text(), '{}');
});

test('what is no address is no answer', async () => {
  await assert.rejects(post('nowhere'), TypeError);
});
