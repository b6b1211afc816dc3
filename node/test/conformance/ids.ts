import { head, INVALID, type RpcCase } from './case.ts';

/** Ids come back with their type and digits, or the request is refused with id null; nothing is rounded or merged. */

const WHOLE = ['0', '1', '-1', '-7', '100', '4294967296', '999999999999999', '9007199254740991', '-9007199254740991'];

const NOT_EXACT = [
  '-0',
  '1.0',
  '1.5',
  '0.1',
  '1e2',
  '1E2',
  '1e-2',
  '100e-2',
  '1e400',
  '-1e400',
  '9007199254740992',
  '9007199254740993',
  '-9007199254740993',
  '18446744073709551615',
  '123456789012345678901234567890',
  '0.30000000000000004',
];

const TEXTS: readonly (readonly [name: string, json: string, value: string])[] = [
  ['an empty text', '""', ''],
  ['"1", not 1', '"1"', '1'],
  ['"null"', '"null"', 'null'],
  ['"__proto__"', '"__proto__"', '__proto__'],
  ['"constructor"', '"constructor"', 'constructor'],
  ['an emoji', '"🐝"', '🐝'],
  ['an emoji in escapes', '"\\ud83d\\udc1d"', '🐝'],
  ['NFC', '"\u00e9"', '\u00e9'],
  ['NFD, not made NFC', '"e\u0301"', 'e\u0301'],
  ['a lone surrogate', '"\\ud800"', '\ud800'],
  ['two lone surrogates the wrong way round', '"\\udc1d\\ud83d"', '\udc1d\ud83d'],
  ['NUL in an escape', '"\\u0000"', '\u0000'],
  ['a quote and a backslash', '"\\"\\\\"', '"\\'],
  ['an escaped slash', '"\\/"', '/'],
  ['a line separator', '"\u2028"', '\u2028'],
  ['a bidi override', '"\u202e"', '\u202e'],
  ['128 bytes of ASCII', `"${'x'.repeat(128)}"`, 'x'.repeat(128)],
  ['128 bytes of UTF-8', `"${'é'.repeat(64)}"`, 'é'.repeat(64)],
  ['32 emoji, 128 bytes', `"${'🐝'.repeat(32)}"`, '🐝'.repeat(32)],
  ['brackets in a text', `"${'['.repeat(100)}"`, '['.repeat(100)],
  ['a text of quotes and brackets', '"\\\\\\"[[["', '\\"[[['],
];

const REFUSED: readonly (readonly [name: string, json: string])[] = [
  ['129 bytes of ASCII', `"${'x'.repeat(129)}"`],
  ['129 bytes of UTF-8', `"${'é'.repeat(64)}x"`],
  ['33 emoji', `"${'🐝'.repeat(33)}"`],
  ['true', 'true'],
  ['false', 'false'],
  ['a list', '[1]'],
  ['an empty list', '[]'],
  ['an object', '{}'],
  ['an object with an id', '{"id":1}'],
];

export const IDS: readonly RpcCase[] = [
  { name: 'id null', body: head('null'), expected: { ok: null }, idText: 'null' },
  ...WHOLE.map((id) => ({ name: `id ${id}`, body: head(id), expected: { ok: Number(id) }, idText: id })),
  ...NOT_EXACT.map((id) => ({ name: `id ${id} is not exact`, body: head(id), expected: INVALID })),
  ...TEXTS.map(([name, json, value]) => ({ name: `id of ${name}`, body: head(json), expected: { ok: value } })),
  ...REFUSED.map(([name, json]) => ({ name: `id of ${name}`, body: head(json), expected: INVALID })),
  {
    name: 'the key id twice',
    body: '{"jsonrpc":"2.0","method":"chain_head","id":1,"id":"x"}',
    expected: INVALID,
  },
  {
    name: 'the key id twice, once in escapes',
    body: '{"jsonrpc":"2.0","method":"chain_head","id":1,"\\u0069d":2}',
    expected: INVALID,
  },
  {
    name: 'an id in upper case is none',
    body: '{"jsonrpc":"2.0","method":"chain_head","ID":1}',
    expected: 'nothing',
  },
];
