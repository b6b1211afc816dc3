import { bad, head, INVALID, NOTIFICATION, PARSE, type RpcCase } from './case.ts';

/*
 * The examples of the specification (https://www.jsonrpc.org/specification, section 7), with methods of this node in the
 * place of `subtract`, `update` and `sum`; and its sentences, one by one.
 */

const chains = (params: string, id: string) =>
  `{"jsonrpc": "2.0", "method": "chain_getChains", "params": ${params}, "id": ${id}}`;

const EXAMPLES: readonly RpcCase[] = [
  { name: 'positional parameters', body: chains('[1, 0]', '1'), expected: { ok: 1 } },
  { name: 'positional parameters again', body: chains('[0, 1]', '2'), expected: { ok: 2 } },
  { name: 'named parameters', body: chains('{"shard": 1, "author": 0}', '3'), expected: { ok: 3 } },
  { name: 'named parameters in another order', body: chains('{"author": 0, "shard": 1}', '4'), expected: { ok: 4 } },
  {
    name: 'a notification with params',
    body: '{"jsonrpc": "2.0", "method": "chain_getChains", "params": [1,2]}',
    expected: 'nothing',
  },
  { name: 'a notification of no method', body: '{"jsonrpc": "2.0", "method": "foobar"}', expected: 'nothing' },
  {
    name: 'a call of a non-existent method',
    body: '{"jsonrpc": "2.0", "method": "foobar", "id": "1"}',
    expected: bad(-32601, '1'),
  },
  {
    name: 'a call with invalid JSON',
    body: '{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]',
    expected: PARSE,
  },
  {
    name: 'a call with an invalid request object',
    body: '{"jsonrpc": "2.0", "method": 1, "params": "bar"}',
    expected: INVALID,
  },
  {
    name: 'a batch with invalid JSON',
    body: '[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"}, {"jsonrpc": "2.0", "method"]',
    expected: PARSE,
  },
  { name: 'an empty array', body: '[]', expected: INVALID },
  { name: 'an invalid batch, not empty', body: '[1]', expected: [INVALID] },
  { name: 'an invalid batch', body: '[1,2,3]', expected: [INVALID, INVALID, INVALID] },
  {
    name: 'the batch of all kinds',
    body: `[${head('"1"')}, {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}, ${chains('[1]', '"2"')},
      {"foo": "boo"}, {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"}, ${head('"9"')}]`,
    expected: [{ ok: '1' }, { ok: '2' }, INVALID, bad(-32601, '5'), { ok: '9' }],
  },
  {
    name: 'a batch of notifications only',
    body: '[{"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]}, {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}]',
    expected: 'nothing',
  },
];

const call = (members: string): string => `{${members}}`;

/** Section 4: what a request object is. */
const REQUEST_OBJECT: readonly RpcCase[] = [
  ...['null', 'true', '1', '1.5', '"chain_head"'].map((json) => ({
    name: `${json} alone`,
    body: json,
    expected: INVALID,
  })),
  { name: 'an empty object', body: '{}', expected: INVALID },
  { name: 'a response object', body: '{"jsonrpc":"2.0","result":1,"id":1}', expected: bad(-32600, 1) },
  { name: 'no version', body: call('"method":"chain_head","id":1'), expected: bad(-32600, 1) },
  ...['"1.0"', '"2"', '"2.0 "', '""', '2.0', '2', 'null', 'true', '["2.0"]', '{"v":"2.0"}'].map((version) => ({
    name: `version ${version}`,
    body: call(`"jsonrpc":${version},"method":"chain_head","id":1`),
    expected: bad(-32600, 1),
  })),
  {
    name: 'the version in upper case',
    body: call('"JSONRPC":"2.0","method":"chain_head","id":1'),
    expected: bad(-32600, 1),
  },
  { name: 'no method', body: call('"jsonrpc":"2.0","id":"a"'), expected: bad(-32600, 'a') },
  ...['1', 'null', 'true', '["chain_head"]', '{"name":"chain_head"}'].map((method) => ({
    name: `method ${method}`,
    body: call(`"jsonrpc":"2.0","method":${method},"id":7`),
    expected: bad(-32600, 7),
  })),
  ...['"bar"', 'null', '5', 'true', '""', '0', 'false'].map((params) => ({
    name: `params ${params}`,
    body: call(`"jsonrpc":"2.0","method":"chain_head","params":${params},"id":1`),
    expected: bad(-32600, 1),
  })),
  {
    name: 'params of a wrong kind without an id: no notification, but no request',
    body: call('"jsonrpc":"2.0","method":"chain_head","params":5'),
    expected: INVALID,
  },
  { name: 'no version and no id', body: call('"method":"chain_head"'), expected: INVALID },
  {
    name: 'members beside',
    body: call('"jsonrpc":"2.0","method":"chain_head","id":1,"trace":{"a":[1]}'),
    expected: { ok: 1 },
  },
  { name: 'members in another order', body: call('"id":1,"method":"chain_head","jsonrpc":"2.0"'), expected: { ok: 1 } },
  { name: 'white space around', body: `\t\r\n ${head('1')}\n\n`, expected: { ok: 1 } },
];

/** Section 4.1: a notification is unanswered, whatever becomes of it. */
const NOTIFICATIONS: readonly RpcCase[] = [
  { name: 'a notification', body: NOTIFICATION, expected: 'nothing' },
  {
    name: 'a notification with wrong params',
    body: '{"jsonrpc":"2.0","method":"session_get","params":[1]}',
    expected: 'nothing',
  },
  {
    name: 'a notification that may not be',
    body: '{"jsonrpc":"2.0","method":"session_close","params":["main","s1"]}',
    expected: 'nothing',
  },
  { name: 'id null is no notification', body: head('null'), expected: { ok: null } },
];

export const SPECIFICATION: readonly RpcCase[] = [...EXAMPLES, ...REQUEST_OBJECT, ...NOTIFICATIONS];
