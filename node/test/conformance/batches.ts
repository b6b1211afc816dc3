import { RPC_LIMITS } from '../../rpc/limits.ts';
import { bad, head, INVALID, NOTIFICATION, PARSE, type RpcCase } from './case.ts';

const { batchMax } = RPC_LIMITS;
const list = (...items: readonly string[]): string => `[${items.join()}]`;
const many = <Item>(count: number, item: (at: number) => Item): Item[] =>
  Array.from({ length: count }, (_, at) => item(at));
const UNKNOWN = '{"jsonrpc":"2.0","method":"nope","id":"u"}';
const WRONG = '{"jsonrpc":"2.0","method":"session_get","params":[1],"id":"w"}';
const FORBIDDEN = '{"jsonrpc":"2.0","method":"session_close","params":["main","s1"],"id":"f"}';

/** Every element for itself, answers in the order of the calls. */
export const BATCHES: readonly RpcCase[] = [
  { name: 'one call', body: list(head('1')), expected: [{ ok: 1 }] },
  { name: 'white space in an empty batch', body: '[ \n ]', expected: INVALID },
  { name: '[null]', body: '[null]', expected: [INVALID] },
  { name: '[{}]', body: '[{}]', expected: [INVALID] },
  { name: '[[]]', body: '[[]]', expected: [INVALID] },
  { name: 'a batch in a batch', body: list(list(head('1'))), expected: [INVALID] },
  { name: 'a batch beside a call', body: list(list(head('1')), head('2')), expected: [INVALID, { ok: 2 }] },
  { name: 'values of all kinds', body: '[1,"a",true,null,1.5,[],{}]', expected: many(7, () => INVALID) },
  {
    name: 'a notification between two calls',
    body: list(head('1'), NOTIFICATION, head('2')),
    expected: [{ ok: 1 }, { ok: 2 }],
  },
  { name: 'two notifications', body: list(NOTIFICATION, NOTIFICATION), expected: 'nothing' },
  {
    name: 'a batch of one notification of no method',
    body: list('{"jsonrpc":"2.0","method":"nope"}'),
    expected: 'nothing',
  },
  { name: 'a notification and what is no request', body: list(NOTIFICATION, '1'), expected: [INVALID] },
  { name: 'the same id twice', body: list(head('1'), head('1')), expected: [{ ok: 1 }, { ok: 1 }] },
  { name: '1 and "1"', body: list(head('1'), head('"1"')), expected: [{ ok: 1 }, { ok: '1' }] },
  { name: 'id null twice', body: list(head('null'), head('null')), expected: [{ ok: null }, { ok: null }] },
  {
    name: 'good and bad ids',
    body: list(head('1e400'), head('2'), head('[]')),
    expected: [INVALID, { ok: 2 }, INVALID],
  },
  {
    name: 'every kind of failure',
    body: list(UNKNOWN, WRONG, FORBIDDEN, head('1')),
    expected: [bad(-32601, 'u'), bad(-32602, 'w'), bad(-32001, 'f'), { ok: 1 }],
  },
  { name: 'one that is no JSON spoils all', body: `[${head('1')},{"jsonrpc"}]`, expected: PARSE },
  {
    name: 'as many as may be',
    body: list(...many(batchMax, (at) => head(String(at)))),
    expected: many(batchMax, (at) => ({ ok: at })),
  },
  { name: 'one too many', body: list(...many(batchMax + 1, (at) => head(String(at)))), expected: INVALID },
  { name: 'one too many of notifications', body: list(...many(batchMax + 1, () => NOTIFICATION)), expected: INVALID },
  { name: 'as many notifications as may be', body: list(...many(batchMax, () => NOTIFICATION)), expected: 'nothing' },
  { name: '10,000 numbers', body: list(...many(10_000, String)), expected: INVALID },
  {
    name: 'slow reads and quick ones in their order',
    body: list(
      '{"jsonrpc":"2.0","method":"session_list","id":"slow"}',
      head('1'),
      '{"jsonrpc":"2.0","method":"rpc.discover","id":"slower"}',
      head('2'),
    ),
    expected: [{ ok: 'slow' }, { ok: 1 }, { ok: 'slower' }, { ok: 2 }],
  },
  {
    name: 'notifications and calls in turn',
    body: list(...many(batchMax, (at) => (at % 2 === 0 ? NOTIFICATION : head(String(at))))),
    expected: many(batchMax / 2, (at) => ({ ok: at * 2 + 1 })),
  },
  { name: 'an object of calls is no batch', body: `{"0":${head('1')},"length":1}`, expected: INVALID },
];
