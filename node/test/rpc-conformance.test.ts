import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RPC_LIMITS } from '../rpc/limits.ts';
import { openSocket, type Rig, type RpcAnswer, startRig } from './harness/rpc-client.ts';

/*
 * The JSON-RPC 2.0 specification as a table: what is sent, and what must come back over HTTP and over WebSocket alike.
 * `chain_head` stands for any method that answers, `session_get` for one with params.
 */

type Expected =
  | 'nothing'
  | { readonly code: number; readonly id: unknown }
  | { readonly ok: unknown }
  | readonly Exclude<Expected, 'nothing'>[];

interface Case {
  readonly name: string;
  readonly body: string | Uint8Array;
  readonly expected: Expected;
}

const head = (id: string) => `{"jsonrpc":"2.0","method":"chain_head","id":${id}}`;
const NOTIFICATION = '{"jsonrpc":"2.0","method":"chain_head"}';
const nested = (depth: number) =>
  `{"jsonrpc":"2.0","method":"chain_head","params":${'['.repeat(depth)}${']'.repeat(depth)},"id":1}`;
const params = (json: string, method = 'session_get') =>
  `{"jsonrpc":"2.0","method":"${method}","params":${json},"id":1}`;
const bad = (code: number, id: unknown = null) => ({ code, id });
const PARSE = bad(-32700);
const INVALID = bad(-32600);

const CASES: readonly Case[] = [
  // Parse errors
  { name: 'nothing at all', body: '', expected: PARSE },
  { name: 'no JSON', body: 'foo', expected: PARSE },
  { name: 'cut off', body: '{"jsonrpc":"2.0","method":"foobar, "params":"bar","baz]', expected: PARSE },
  {
    name: 'a cut off batch',
    body: '[{"jsonrpc":"2.0","method":"chain_head","id":1},{"jsonrpc":"2.0","method"]',
    expected: PARSE,
  },
  { name: 'two values', body: `${head('1')}${head('2')}`, expected: PARSE },
  { name: 'a byte order mark', body: `\ufeff${head('1')}`, expected: PARSE },
  { name: 'invalid UTF-8', body: Uint8Array.from([0x22, 0xff, 0xfe, 0x22]), expected: PARSE },
  {
    name: 'an overlong encoding',
    body: Buffer.concat([
      Buffer.from('{"jsonrpc":"2.0","method":"'),
      Uint8Array.of(0xc0, 0xaf),
      Buffer.from('","id":1}'),
    ]),
    expected: PARSE,
  },
  { name: 'a raw control character', body: '"a\u0001b"', expected: PARSE },
  { name: 'NaN', body: '{"jsonrpc":"2.0","method":"chain_head","id":NaN}', expected: PARSE },
  { name: 'a leading zero', body: head('01'), expected: PARSE },

  // Not a request
  { name: 'null', body: 'null', expected: INVALID },
  { name: 'a number', body: '1', expected: INVALID },
  { name: 'a string', body: '"chain_head"', expected: INVALID },
  { name: 'an empty object', body: '{}', expected: INVALID },
  { name: 'no version', body: '{"method":"chain_head","id":1}', expected: bad(-32600, 1) },
  { name: 'version 1.0', body: '{"jsonrpc":"1.0","method":"chain_head","id":1}', expected: bad(-32600, 1) },
  { name: 'version as number', body: '{"jsonrpc":2.0,"method":"chain_head","id":1}', expected: bad(-32600, 1) },
  { name: 'no method', body: '{"jsonrpc":"2.0","id":"a"}', expected: bad(-32600, 'a') },
  { name: 'method 1', body: '{"jsonrpc":"2.0","method":1,"params":"bar"}', expected: INVALID },
  {
    name: 'params as text',
    body: '{"jsonrpc":"2.0","method":"chain_head","params":"bar","id":1}',
    expected: bad(-32600, 1),
  },
  {
    name: 'params null',
    body: '{"jsonrpc":"2.0","method":"chain_head","params":null,"id":1}',
    expected: bad(-32600, 1),
  },
  {
    name: 'params as number without id',
    body: '{"jsonrpc":"2.0","method":"chain_head","params":5}',
    expected: INVALID,
  },

  // Ids
  { name: 'id 0', body: head('0'), expected: { ok: 0 } },
  { name: 'id −7', body: head('-7'), expected: { ok: -7 } },
  { name: 'id 2⁵³−1', body: head('9007199254740991'), expected: { ok: 9007199254740991 } },
  { name: 'id 2⁵³+1', body: head('9007199254740993'), expected: INVALID },
  { name: 'id 1e400', body: head('1e400'), expected: INVALID },
  { name: 'id 1e2', body: head('1e2'), expected: INVALID },
  { name: 'id 1.0', body: head('1.0'), expected: INVALID },
  { name: 'id 1.5', body: head('1.5'), expected: INVALID },
  { name: 'id −0', body: head('-0'), expected: INVALID },
  { name: 'id null', body: head('null'), expected: { ok: null } },
  { name: 'id ""', body: head('""'), expected: { ok: '' } },
  { name: 'id "1" stays a string', body: head('"1"'), expected: { ok: '1' } },
  { name: 'id of 128 bytes', body: head(`"${'é'.repeat(64)}"`), expected: { ok: 'é'.repeat(64) } },
  { name: 'id of 129 bytes', body: head(`"${'é'.repeat(64)}x"`), expected: INVALID },
  { name: 'id __proto__', body: head('"__proto__"'), expected: { ok: '__proto__' } },
  { name: 'id in NFD', body: head('"e\u0301"'), expected: { ok: 'e\u0301' } },
  { name: 'id a lone surrogate', body: head('"\\ud800"'), expected: { ok: '\ud800' } },
  { name: 'id true', body: head('true'), expected: INVALID },
  { name: 'id a list', body: head('[1]'), expected: INVALID },
  { name: 'id an object', body: head('{}'), expected: INVALID },

  // Methods and params
  { name: 'an unknown method', body: '{"jsonrpc":"2.0","method":"foobar","id":"1"}', expected: bad(-32601, '1') },
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'rpc.other', 'CHAIN_HEAD', 'chain_head '].map(
    (name) => ({
      name: `method ${JSON.stringify(name)}`,
      body: JSON.stringify({ jsonrpc: '2.0', method: name, id: 1 }),
      expected: bad(-32601, 1),
    }),
  ),
  { name: 'params by name', body: params('{"topic":"head"}', 'chain_head'), expected: bad(-32602, 1) },
  { name: 'params by position', body: params('[]', 'chain_head'), expected: { ok: 1 } },
  { name: 'too many by position', body: params('["main","s1","more"]'), expected: bad(-32602, 1) },
  { name: 'too few', body: params('["main"]'), expected: bad(-32602, 1) },
  { name: 'params missing', body: '{"jsonrpc":"2.0","method":"session_get","id":1}', expected: bad(-32602, 1) },
  { name: 'an unknown param', body: params('{"space":"main","session":"s1","toString":1}'), expected: bad(-32602, 1) },
  { name: 'a wrong type', body: params('{"space":"main","session":1}'), expected: bad(-32602, 1) },
  {
    name: 'a key __proto__ in params',
    body: params('{"space":"main","session":"s1","__proto__":{"a":1}}'),
    expected: INVALID,
  },
  {
    name: 'a key __proto__ in escapes',
    body: params('{"space":"main","session":"s1","__pr\\u006fto__":1}'),
    expected: INVALID,
  },
  { name: 'a homoglyph in an id', body: params('["m\u0430in","s1"]'), expected: bad(-32602, 1) },
  { name: 'a lone surrogate in an id', body: params('["main","\\udfff"]'), expected: bad(-32602, 1) },
  { name: 'a number that is rounded', body: params('[9007199254740993]', 'chain_getBlock'), expected: bad(-32602, 1) },
  {
    name: 'a fraction that would round to a whole',
    body: params('[1.0000000000000000001]', 'chain_getBlock'),
    expected: bad(-32602, 1),
  },
  {
    name: 'unknown members beside',
    body: '{"jsonrpc":"2.0","method":"chain_head","id":1,"trace":"x"}',
    expected: { ok: 1 },
  },

  // Notifications
  { name: 'a notification', body: NOTIFICATION, expected: 'nothing' },
  { name: 'a notification of an unknown method', body: '{"jsonrpc":"2.0","method":"nope"}', expected: 'nothing' },
  {
    name: 'a notification with wrong params',
    body: '{"jsonrpc":"2.0","method":"session_get","params":[1]}',
    expected: 'nothing',
  },
  { name: 'a batch of notifications', body: `[${NOTIFICATION},${NOTIFICATION}]`, expected: 'nothing' },

  // Batches
  { name: 'an empty batch', body: '[]', expected: INVALID },
  { name: '[1]', body: '[1]', expected: [INVALID] },
  { name: '[null]', body: '[null]', expected: [INVALID] },
  { name: '[1,2,3]', body: '[1,2,3]', expected: [INVALID, INVALID, INVALID] },
  { name: 'a batch in a batch', body: `[[${head('1')}]]`, expected: [INVALID] },
  {
    name: 'the mixed batch',
    body: `[${head('"a"')},${NOTIFICATION},1,{"foo":"boo"},{"jsonrpc":"2.0","method":"nope","id":"5"},${head('9')}]`,
    expected: [{ ok: 'a' }, INVALID, INVALID, bad(-32601, '5'), { ok: 9 }],
  },
  { name: 'the same id twice', body: `[${head('1')},${head('1')}]`, expected: [{ ok: 1 }, { ok: 1 }] },
  { name: 'good and bad ids', body: `[${head('1e400')},${head('2')}]`, expected: [INVALID, { ok: 2 }] },
  {
    name: '100 calls',
    body: `[${Array.from({ length: 100 }, (_, at) => head(String(at))).join()}]`,
    expected: Array.from({ length: 100 }, (_, at) => ({ ok: at })),
  },
  {
    name: '101 calls',
    body: `[${Array.from({ length: 101 }, (_, at) => head(String(at))).join()}]`,
    expected: INVALID,
  },

  // Size and depth
  { name: 'nesting at the cap', body: nested(RPC_LIMITS.depthMax - 1), expected: bad(-32602, 1) },
  { name: 'nesting beyond the cap', body: nested(RPC_LIMITS.depthMax), expected: INVALID },
  { name: '500,000 brackets', body: '['.repeat(500_000), expected: INVALID },
  { name: 'brackets in a string are none', body: head(`"${'['.repeat(100)}"`), expected: { ok: '['.repeat(100) } },
  { name: 'a quote in a string', body: head('"\\\\\\"[[["'), expected: { ok: '\\"[[[' } },
  { name: 'too many elements', body: params(`[${'0,'.repeat(RPC_LIMITS.elementsMax)}0]`), expected: INVALID },
];

function check(answer: unknown, expected: Exclude<Expected, 'nothing'>): void {
  if (Array.isArray(expected)) {
    assert.ok(Array.isArray(answer));
    assert.equal(answer.length, expected.length);
    for (const [at, one] of expected.entries()) check(answer[at], one);
    return;
  }
  const one = answer as RpcAnswer;
  assert.equal(one.jsonrpc, '2.0');
  assert.ok(Object.hasOwn(one, 'id'));
  if ('ok' in expected) {
    assert.deepEqual(Object.keys(one).sort(), ['id', 'jsonrpc', 'result']);
    assert.deepEqual(one.id, expected.ok);
    return;
  }
  assert.deepEqual(Object.keys(one).sort(), ['error', 'id', 'jsonrpc']);
  assert.equal(one.error?.code, (expected as { code: number }).code);
  assert.deepEqual(one.id, (expected as { id: unknown }).id);
  assert.equal(typeof one.error?.message, 'string');
}

async function checkHttp(rig: Rig, { body, expected }: Case): Promise<void> {
  const reply = await rig.post(body, {}, '/v1');
  if (expected === 'nothing') {
    assert.equal(reply.status, 204);
    assert.equal(reply.text, '');
  } else check(reply.json, expected);
}

test('the table of the specification, over HTTP', async (t) => {
  const rig = await startRig(t);
  for (const one of CASES) {
    await t.test(one.name, async () => {
      await checkHttp(rig, one);
      check((await rig.post(head('1'))).json, { ok: 1 });
    });
  }
  assert.deepEqual(rig.internal, []);
});

test('the table of the specification, over WebSocket', async (t) => {
  const rig = await startRig(t);
  const socket = await openSocket(t, rig);
  // A binary frame is another thing than a text that is not UTF-8, which the protocol itself forbids.
  const texts = CASES.filter(({ body }) => typeof body === 'string' && body !== '');
  for (const { name, body, expected } of texts) {
    await t.test(name, async () => {
      socket.send(String(body));
      if (expected !== 'nothing') check(await socket.next(), expected);
      socket.send(head('"after"'));
      check(await socket.next(), { ok: 'after' });
    });
  }
});

test('a number comes back with the digits it had', async (t) => {
  const rig = await startRig(t);
  const { text } = await rig.post(head('9007199254740991'));
  assert.ok(text.endsWith('"id":9007199254740991}'));
});

test('by name and by position are one call', async (t) => {
  const rig = await startRig(t);
  const byName = await rig.result('chain_getChains', { shard: 1 });
  assert.deepEqual(await rig.result('chain_getChains', [1]), byName);
  assert.deepEqual(await rig.result('chain_getChains', [null, 0]), await rig.result('chain_getChains', { author: 0 }));
});
