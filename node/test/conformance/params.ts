import { bad, INVALID, type RpcCase, withParams } from './case.ts';

const REFUSED = bad(-32602, 1);
const OK = { ok: 1 };

const by = (name: string, json: string, method: string, expected: RpcCase['expected']): RpcCase => ({
  name,
  body: withParams(json, method),
  expected,
});

const SHAPES: readonly RpcCase[] = [
  by('none by position', '[]', 'chain_head', OK),
  by('none by name', '{}', 'chain_head', OK),
  by('one too many by position', '[1]', 'chain_head', REFUSED),
  by('one too many by name', '{"topic":"head"}', 'chain_head', REFUSED),
  by('too many by position', '["main","s1","more"]', 'session_get', REFUSED),
  by('too few by position', '["main"]', 'session_get', REFUSED),
  by('too few by name', '{"space":"main"}', 'session_get', REFUSED),
  { name: 'none where some are needed', body: '{"jsonrpc":"2.0","method":"session_get","id":1}', expected: REFUSED },
  by('null by position is left out', '[null,0]', 'chain_getChains', OK),
  by('null by name is no value', '{"shard":null}', 'chain_getChains', REFUSED),
  by('a name in another case', '{"SHARD":1}', 'chain_getChains', REFUSED),
  by('a name by its place', '{"0":1}', 'chain_getChains', REFUSED),
  by('a list in the list', '[["main","s1"]]', 'session_get', REFUSED),
  by('a thousand by position', `[${'null,'.repeat(999)}null]`, 'session_get', REFUSED),
];

const TYPES: readonly RpcCase[] = [
  by('a number for a text', '{"space":"main","session":1}', 'session_get', REFUSED),
  by('a text for a number', '["1"]', 'chain_getBlock', REFUSED),
  by('true for a number', '[true]', 'chain_getBlock', REFUSED),
  by('a negative height', '[-1]', 'chain_getBlock', REFUSED),
  by('a fraction', '[1.5]', 'chain_getBlock', REFUSED),
  by('a fraction that would round to a whole', '[1.0000000000000000001]', 'chain_getBlock', REFUSED),
  by('a number that would be rounded', '[9007199254740993]', 'chain_getBlock', REFUSED),
  by('infinity', '[1e400]', 'chain_getBlock', REFUSED),
  by('minus zero', '[-0]', 'chain_getBlock', REFUSED),
  by('an exponent', '[1e0]', 'chain_getBlock', REFUSED),
  by('both of two', `{"height":1,"hash":"${'0'.repeat(64)}"}`, 'chain_getBlock', REFUSED),
  by('none of two', '{}', 'chain_getBlock', REFUSED),
  by('hex in upper case', `{"hash":"${'A'.repeat(64)}"}`, 'chain_getBlock', REFUSED),
  by('hex that is too short', `{"hash":"${'a'.repeat(63)}"}`, 'chain_getBlock', REFUSED),
  by('a limit of 0', '{"limit":0}', 'space_list', REFUSED),
  by('a limit of 1,001', '{"limit":1001}', 'space_list', REFUSED),
  by('a limit of 1,000', '{"limit":1000}', 'space_list', OK),
  by('a cursor that is none', '{"cursor":"main"}', 'space_list', REFUSED),
  by('a cursor of nothing', '{"cursor":""}', 'space_list', REFUSED),
  by('an id with a homoglyph', '["m\u0430in","s1"]', 'session_get', REFUSED),
  by('an id with a lone surrogate', '["main","\\udfff"]', 'session_get', REFUSED),
  by('an id with NUL', '["main","\\u0000"]', 'session_get', REFUSED),
  by('an id that is a path', '["../..","s1"]', 'session_get', REFUSED),
  by('a well-formed question without an answer', '["nowhere","s1"]', 'session_get', bad(2001, 1)),
];

/** Names that objects have without being given any. */
const INHERITED = [
  'constructor',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'isPrototypeOf',
  '__defineGetter__',
  '__lookupGetter__',
  'prototype',
];

const NAMES: readonly RpcCase[] = [
  ...INHERITED.map((name) =>
    by(`a param ${name}`, `{"space":"main","session":"s1","${name}":1}`, 'session_get', REFUSED),
  ),
  ...INHERITED.map((name) => ({
    name: `a method ${name}`,
    body: JSON.stringify({ jsonrpc: '2.0', method: name, id: 1 }),
    expected: bad(-32601, 1),
  })),
  {
    name: 'a method __proto__',
    body: '{"jsonrpc":"2.0","method":"__proto__","id":1}',
    expected: bad(-32601, 1),
  },
  by('a param __proto__', '{"space":"main","session":"s1","__proto__":{"a":1}}', 'session_get', INVALID),
  by('a param __proto__ in escapes', '{"space":"main","session":"s1","__pr\\u006fto__":1}', 'session_get', INVALID),
  {
    name: 'a member __proto__',
    body: '{"jsonrpc":"2.0","method":"chain_head","id":1,"__proto__":{"id":2}}',
    expected: INVALID,
  },
  by('__proto__ deep inside', '[{"a":[{"__proto__":null}]}]', 'chain_head', INVALID),
  by('__proto__ as a value', '["__proto__","s1"]', 'session_get', REFUSED),
  by('a param twice', '{"space":"main","session":"s1","space":"lab"}', 'session_get', INVALID),
  by('a key twice deep inside', '[[{"a":1,"a":1}]]', 'chain_head', INVALID),
  {
    name: 'the key method twice',
    body: '{"jsonrpc":"2.0","method":"chain_head","id":1,"method":"session_close"}',
    expected: INVALID,
  },
  ...[
    '',
    ' ',
    'chain_head ',
    'CHAIN_HEAD',
    'chain.head',
    'rpc.other',
    'rpc.',
    '/',
    'chain_head\u0000',
    'x'.repeat(10_000),
  ].map((method) => ({
    name: `a method ${JSON.stringify(method.slice(0, 20))}`,
    body: JSON.stringify({ jsonrpc: '2.0', method, id: 1 }),
    expected: bad(-32601, 1),
  })),
];

export const PARAMS: readonly RpcCase[] = [...SHAPES, ...TYPES, ...NAMES];
