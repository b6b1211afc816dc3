import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RpcCounters } from '../rpc/counters.ts';
import { Desk } from '../rpc/desk.ts';
import { Dispatcher } from '../rpc/dispatcher.ts';
import { ERRORS } from '../rpc/error-codes.ts';
import { callerOf } from '../rpc/http-guard.ts';
import { scanJson } from '../rpc/json-scan.ts';
import { RPC_LIMITS } from '../rpc/limits.ts';
import { allMethods } from '../rpc/methods/all.ts';
import { createTokenVerifier, TokenGate } from '../rpc/tokens.ts';
import { FakeNodeApi } from './harness/fake-node-api.ts';
import { openSocket, startRig } from './harness/rpc-client.ts';

const METHODS = allMethods('0.0.0');
const CODES = new Set<number>(Object.values(ERRORS).map(({ code }) => code));

/** A dispatcher without a transport, called without a token, and what it could not explain. */
function createDispatcher() {
  const internal: unknown[] = [];
  const desk = new Desk(new FakeNodeApi(), { timing: { settleMs: 0 } });
  const dispatcher = new Dispatcher(METHODS, desk, new RpcCounters((_method, error) => internal.push(error)));
  const gate = new TokenGate(
    createTokenVerifier(() => []),
    () => 0,
  );
  const caller = callerOf(gate, { authorization: undefined, address: '127.0.0.1' });
  return { internal, answer: async (body: Uint8Array) => (await dispatcher.answer(body, caller)).text };
}

function checkAnswer(answer: unknown): void {
  const list = Array.isArray(answer) ? answer : [answer];
  assert.ok(list.length > 0);
  for (const one of list) {
    assert.equal(one.jsonrpc, '2.0');
    assert.ok(['number', 'string'].includes(typeof one.id) || one.id === null);
    assert.notEqual(Object.hasOwn(one, 'result'), Object.hasOwn(one, 'error'));
    if (one.error === undefined) continue;
    assert.ok(CODES.has(one.error.code));
    assert.equal(typeof one.error.message, 'string');
    assert.ok(Object.hasOwn(ERRORS, one.error.data.type));
  }
}

async function checkBytes(bodies: fc.Arbitrary<Uint8Array>, numRuns: number): Promise<void> {
  const { internal, answer } = createDispatcher();
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      const text = await answer(body);
      if (text !== undefined) checkAnswer(JSON.parse(text));
    }),
    { numRuns },
  );
  assert.deepEqual(internal, []);
}

const text = (arbitrary: fc.Arbitrary<string>) => arbitrary.map((value) => new TextEncoder().encode(value));

test('any bytes in: valid JSON-RPC out, or nothing', async () => {
  await checkBytes(fc.uint8Array({ maxLength: 200 }), 500);
});

test('any JSON in: valid JSON-RPC out, or nothing', async () => {
  await checkBytes(text(fc.json({ maxDepth: 5 })), 500);
});

test('any request-like JSON in: valid JSON-RPC out, or nothing', async () => {
  const name = fc.constantFrom(...METHODS.keys(), 'constructor', '__proto__', 'nope');
  const field = fc.constantFrom(
    'space',
    'session',
    'voter',
    'limit',
    'cursor',
    'height',
    'hash',
    'id',
    'entries',
    '__proto__',
  );
  const params = fc.oneof(
    fc.array(fc.jsonValue(), { maxLength: 8 }),
    fc.dictionary(field, fc.jsonValue()),
    fc.jsonValue(),
  );
  const request = fc.record(
    { jsonrpc: fc.constantFrom('2.0', '1.0', 2), method: name, params, id: fc.jsonValue({ maxDepth: 1 }) },
    { requiredKeys: [] },
  );
  const bodies = fc.oneof(request, fc.array(request, { maxLength: 5 })).map((value) => JSON.stringify(value));
  await checkBytes(text(bodies), 1_000);
});

/** Elements of a batch whose ids are exact: calls, notifications, and what is neither. */
const element = fc.oneof(
  fc.record({
    jsonrpc: fc.constant('2.0'),
    method: fc.constantFrom('chain_head', 'nope', 'session_get', 'session_list', 'rpc.discover'),
    id: fc.oneof(fc.maxSafeInteger(), fc.string({ maxLength: 30 }), fc.constant(null)),
  }),
  fc.record({ jsonrpc: fc.constant('2.0'), method: fc.constantFrom('chain_head', 'nope', 'session_close') }),
  fc.constantFrom(1, 'x', null, true, [], {}, [{}]),
);

interface Element {
  readonly jsonrpc?: string;
  readonly id?: unknown;
}

/** The ids of the answers to a batch, in their order: of a call its own, of a notification none, else null. */
function idsOf(batch: readonly unknown[]): unknown[] {
  return batch.flatMap((one) => {
    const { jsonrpc, id } = (one ?? {}) as Element;
    if (jsonrpc === undefined) return [null];
    return id === undefined ? [] : [id];
  });
}

function checkBatch(batch: readonly unknown[], text: string | undefined): void {
  const expected = idsOf(batch);
  if (expected.length === 0) {
    assert.equal(text, undefined);
    return;
  }
  const answers = JSON.parse(text ?? '') as { readonly id: unknown }[];
  checkAnswer(answers);
  // Strictly: 1 is not "1", and -0 never gets here.
  assert.deepEqual(
    answers.map(({ id }) => id),
    expected,
  );
}

test('as many answers as there are elements that are no notifications, in their order, under their ids', async () => {
  const { internal, answer } = createDispatcher();
  await fc.assert(
    fc.asyncProperty(fc.array(element, { minLength: 1, maxLength: 20 }), async (batch) => {
      checkBatch(batch, await answer(new TextEncoder().encode(JSON.stringify(batch))));
    }),
    { numRuns: 300 },
  );
  assert.deepEqual(internal, []);
});

test('the same over WebSocket, messages of one connection answered each under its own id', async (t) => {
  const rig = await startRig(t);
  const socket = await openSocket(t, rig);
  await fc.assert(
    fc.asyncProperty(fc.array(element, { minLength: 1, maxLength: 20 }), async (batch) => {
      socket.send(JSON.stringify(batch));
      if (idsOf(batch).length > 0) checkBatch(batch, JSON.stringify(await socket.next()));
    }),
    { numRuns: 150 },
  );
  const values = fc.oneof(
    fc.json({ maxDepth: 4 }),
    fc.string(),
    fc
      .jsonValue({ maxDepth: 2 })
      .map((params) => JSON.stringify({ jsonrpc: '2.0', method: 'session_get', params, id: 1 })),
  );
  await fc.assert(
    fc.asyncProperty(values, async (body) => {
      socket.send(body);
      socket.send('{"jsonrpc":"2.0","method":"chain_head","id":"fence"}');
      const answers = [await socket.next()];
      // Whatever is answered comes before or after the fence; nothing else comes.
      if (answers[0]?.id === 'fence' && isAnswered(body)) answers.push(await socket.next());
      else if (answers[0]?.id !== 'fence') answers.push(await socket.next());
      for (const one of answers) checkAnswer(one);
      assert.equal(answers.filter((one) => one.id === 'fence').length, 1);
    }),
    { numRuns: 300 },
  );
  assert.deepEqual(rig.internal, []);
});

/** Unless it is a notification, or a batch of them. */
function isAnswered(body: string): boolean {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return true;
  }
  const isNotification = (one: unknown) => {
    const { jsonrpc, id } = (one ?? {}) as Element;
    return jsonrpc === '2.0' && id === undefined;
  };
  return Array.isArray(value) ? value.length === 0 || !value.every(isNotification) : !isNotification(value);
}

test('params are taken by name as by position', async () => {
  const { answer } = createDispatcher();
  const of = async (params: unknown) => {
    const text = await answer(
      new TextEncoder().encode(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'chain_getChains', params })),
    );
    const { result, error } = JSON.parse(text ?? '');
    return { result, code: error?.code };
  };
  const place = fc.integer({ min: -2, max: 70 });
  await fc.assert(
    fc.asyncProperty(place, place, async (shard, author) => {
      assert.deepEqual(await of([shard, author]), await of({ author, shard }));
    }),
    { numRuns: 50 },
  );
});

test('a key that stands twice is refused, wherever it stands', async () => {
  const { answer } = createDispatcher();
  const key = fc.string({ maxLength: 8 }).filter((name) => name !== '__proto__');
  // A key __proto__ is refused for itself (seed 1964845559).
  const value = fc.jsonValue({ maxDepth: 2 }).filter((one) => !JSON.stringify(one).includes('__proto__'));
  await fc.assert(
    fc.asyncProperty(key, value, fc.nat({ max: 5 }), fc.boolean(), async (name, inner, depth, isTwice) => {
      const entry = `${JSON.stringify(name)}:${JSON.stringify(inner)}`;
      const object = isTwice ? `{${entry},${entry}}` : `{${entry}}`;
      const params = `${'['.repeat(depth + 1)}${object}${']'.repeat(depth + 1)}`;
      const text = await answer(
        new TextEncoder().encode(`{"jsonrpc":"2.0","id":1,"method":"model_get","params":${params}}`),
      );
      assert.equal(JSON.parse(text ?? '').error.code, isTwice ? -32600 : -32602);
    }),
  );
});

test('any change of a valid request: valid JSON-RPC out, or nothing', async () => {
  const valid = new TextEncoder().encode('[{"jsonrpc":"2.0","id":12,"method":"chain_getBlock","params":{"height":1}}]');
  const place = fc.nat({ max: valid.length - 1 });
  const changed = fc.array(fc.tuple(place, fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }).map((changes) => {
    const bytes = Uint8Array.from(valid);
    for (const [at, byte] of changes) bytes[at] = byte;
    return bytes;
  });
  await checkBytes(changed, 1_000);
});

test('the scan finds the depth of any JSON, and calls no number plain that is not', () => {
  const depthOf = (value: unknown): number =>
    typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
  const isPlain = (value: unknown): boolean => {
    if (typeof value === 'number') return /^\d{1,15}$/.test(JSON.stringify(value));
    return typeof value !== 'object' || value === null || Object.values(value).every(isPlain);
  };
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat({ max: 70 }), (value, more) => {
      const bytes = new TextEncoder().encode(`${'['.repeat(more)}${JSON.stringify(value)}${']'.repeat(more)}`);
      const shape = scanJson(bytes);
      assert.equal(shape.refused === 'depth', depthOf(value) + more > RPC_LIMITS.depthMax);
      if (shape.refused === undefined) assert.equal(shape.isPlain, isPlain(value));
    }),
  );
});
