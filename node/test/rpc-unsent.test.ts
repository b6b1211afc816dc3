import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { RpcCounters } from '../rpc/counters.ts';
import { Desk } from '../rpc/desk.ts';
import { Dispatcher } from '../rpc/dispatcher.ts';
import { createApp } from '../rpc/http/app.ts';
import { addGuard } from '../rpc/http/guard.ts';
import type { Rooms } from '../rpc/http/rooms.ts';
import { UnsentBytes } from '../rpc/http/unsent.ts';
import { HostGuard } from '../rpc/http-guard.ts';
import { doorLimits } from '../rpc/limits.ts';
import { FakeNodeApi } from './harness/fake-node-api.ts';

const ANSWER = JSON.stringify('x'.repeat(998));
const request = (path: string) => `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`;

/** A guarded server whose `/late` answers when its client is gone, and whose `/quick` answers at once. */
async function startGuarded(t: TestContext) {
  const counters = new RpcCounters();
  const dispatcher = new Dispatcher(new Map(), new Desk(new FakeNodeApi(), {}), counters);
  const limits = doorLimits({ sendTimeoutMs: 0 });
  const unsent = new UnsentBytes(limits.unsentBytesMax);
  const app = createApp(dispatcher, limits);
  addGuard(app, new HostGuard([], []), {
    counters,
    dispatcher,
    limits,
    unsent,
    methods: new Map(),
  } as Partial<Rooms> as Rooms);
  const asked = Promise.withResolvers<void>();
  const sent = { '/late': Promise.withResolvers<void>(), '/quick': Promise.withResolvers<void>() };
  app.addHook('onSend', ({ url }, _reply, _payload, done) => {
    sent[url as keyof typeof sent].resolve();
    done();
  });
  app.post('/late', async (_request, reply) => {
    asked.resolve();
    await once(reply.raw, 'close');
    return reply.send(ANSWER);
  });
  app.post('/quick', (_request, reply) => {
    // As by a Node that ends an answer only once it has a connection, which one that stands behind another never gets.
    t.mock.method(reply.raw, 'destroy', () => reply.raw);
    return reply.send(ANSWER);
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => app.close());
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const client = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  t.after(() => client.destroy());
  const isCut = () => counters.text().includes('slow-reader');
  return { client, asked: asked.promise, late: sent['/late'].promise, quick: sent['/quick'].promise, unsent, isCut };
}

test('an answer whose client left before it holds nothing, and no reader was slow', async (t) => {
  const { client, asked, late, unsent, isCut } = await startGuarded(t);
  client.write(request('/late'));
  await asked;
  client.destroy();
  await late;
  assert.equal(unsent.held, 0);
  t.mock.timers.tick(1);
  assert.equal(isCut(), false);
});

test('an answer behind another one of a connection that ended is held until its time is over, no longer', async (t) => {
  const { client, asked, late, quick, unsent, isCut } = await startGuarded(t);
  client.write(request('/late') + request('/quick'));
  await Promise.all([asked, quick]);
  assert.equal(unsent.held, ANSWER.length);
  client.destroy();
  await late;
  t.mock.timers.tick(1);
  assert.equal(isCut(), true);
  assert.equal(unsent.held, 0);
});
