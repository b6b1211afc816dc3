import { RPC_LIMITS } from '../../rpc/limits.ts';
import { bad, head, INVALID, PARSE, type RpcCase, withParams } from './case.ts';

/** Bytes that are JSON or not, deep, wide and long ones among them. */

const bytes = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Uint8Array.from(part))));

const inMethod = (...wrong: readonly number[]): Uint8Array => bytes('{"jsonrpc":"2.0","method":"', wrong, '","id":1}');

const NOT_UTF8: readonly RpcCase[] = [
  { name: 'invalid UTF-8', body: bytes('"', [0xff, 0xfe], '"'), expected: PARSE },
  { name: 'an overlong slash', body: inMethod(0xc0, 0xaf), expected: PARSE },
  { name: 'a surrogate in UTF-8', body: inMethod(0xed, 0xa0, 0x80), expected: PARSE },
  { name: 'a code point beyond Unicode', body: inMethod(0xf4, 0x90, 0x80, 0x80), expected: PARSE },
  { name: 'a cut off sequence', body: inMethod(0xe2, 0x82), expected: PARSE },
  { name: 'a lone continuation byte', body: inMethod(0x80), expected: PARSE },
  { name: 'UTF-16', body: Uint8Array.from(Buffer.from(head('1'), 'utf16le')), expected: PARSE },
  {
    name: 'UTF-16 with its mark',
    body: Uint8Array.from(Buffer.from(`\ufeff${head('1')}`, 'utf16le')),
    expected: PARSE,
  },
  { name: 'gzip', body: Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), expected: PARSE },
];

const NOT_JSON: readonly RpcCase[] = [
  { name: 'nothing at all', body: '', expected: PARSE },
  { name: 'white space alone', body: ' \n', expected: PARSE },
  { name: 'a word', body: 'foo', expected: PARSE },
  { name: 'a form', body: 'jsonrpc=2.0&method=chain_head&id=1', expected: PARSE },
  { name: 'XML', body: '<?xml version="1.0"?><methodCall/>', expected: PARSE },
  { name: 'single quotes', body: "{'jsonrpc':'2.0','method':'chain_head','id':1}", expected: PARSE },
  { name: 'names without quotes', body: '{jsonrpc:"2.0",method:"chain_head",id:1}', expected: PARSE },
  { name: 'a comment', body: `/* a */${head('1')}`, expected: PARSE },
  { name: 'a comma too many in an object', body: '{"jsonrpc":"2.0","method":"chain_head","id":1,}', expected: PARSE },
  { name: 'a comma too many in a list', body: `[${head('1')},]`, expected: PARSE },
  { name: 'a byte order mark', body: `\ufeff${head('1')}`, expected: PARSE },
  { name: 'two documents', body: `${head('1')}${head('2')}`, expected: PARSE },
  { name: 'two documents by lines', body: `${head('1')}\n${head('2')}`, expected: PARSE },
  { name: 'garbage behind', body: `${head('1')}x`, expected: PARSE },
  { name: 'NUL behind', body: `${head('1')}\u0000`, expected: PARSE },
  { name: 'NUL in front', body: `\u0000${head('1')}`, expected: PARSE },
  { name: 'NUL in a text', body: '"a\u0000b"', expected: PARSE },
  { name: 'a control character in a text', body: '"a\u0001b"', expected: PARSE },
  { name: 'a line feed in a text', body: head('"a\nb"'), expected: PARSE },
  { name: 'an escape that is none', body: head('"\\x41"'), expected: PARSE },
  { name: 'half a unicode escape', body: head('"\\u12"'), expected: PARSE },
  { name: 'NaN', body: head('NaN'), expected: PARSE },
  { name: 'Infinity', body: head('Infinity'), expected: PARSE },
  { name: 'undefined', body: head('undefined'), expected: PARSE },
  { name: 'True', body: head('True'), expected: PARSE },
  { name: 'a leading zero', body: head('01'), expected: PARSE },
  { name: 'a plus sign', body: head('+1'), expected: PARSE },
  { name: 'hex digits', body: head('0x10'), expected: PARSE },
  { name: 'a bare point', body: head('.5'), expected: PARSE },
  { name: 'a point without digits', body: head('1.'), expected: PARSE },
  { name: 'an exponent without digits', body: head('1e'), expected: PARSE },
  { name: 'cut off in a text', body: '{"jsonrpc":"2.0","method":"chain', expected: PARSE },
  { name: 'cut off in an object', body: '{"jsonrpc":"2.0","method":"chain_head"', expected: PARSE },
  { name: 'a closing bracket too many', body: `${head('1')}]`, expected: PARSE },
  { name: 'brackets crossed', body: '[{"jsonrpc":"2.0"]}', expected: PARSE },
];

const nested = (open: string, close: string, levels: number): string => `${open.repeat(levels)}${close.repeat(levels)}`;
const { depthMax, elementsMax, bodyBytesMax } = RPC_LIMITS;
const REFUSED = bad(-32602, 1);

const DEEP_AND_WIDE: readonly RpcCase[] = [
  { name: 'the cap of levels', body: withParams(nested('[', ']', depthMax - 1)), expected: REFUSED },
  { name: 'a level beyond the cap', body: withParams(nested('[', ']', depthMax)), expected: INVALID },
  {
    name: 'objects to the cap',
    body: withParams(`${'{"a":'.repeat(depthMax - 2)}{}${'}'.repeat(depthMax - 2)}`),
    expected: REFUSED,
  },
  {
    name: 'objects beyond the cap',
    body: withParams(`${'{"a":'.repeat(depthMax)}1${'}'.repeat(depthMax)}`),
    expected: INVALID,
  },
  { name: '100,000 levels', body: withParams(nested('[', ']', 100_000)), expected: INVALID },
  { name: '100,000 levels of objects', body: `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, expected: INVALID },
  { name: '500,000 brackets', body: '['.repeat(500_000), expected: INVALID },
  { name: 'elements to the cap', body: withParams(`[${'0,'.repeat(elementsMax - 5)}0]`), expected: REFUSED },
  { name: 'an element too many', body: withParams(`[${'0,'.repeat(elementsMax)}0]`), expected: INVALID },
  {
    name: '40,000 names',
    body: withParams(`{${Array.from({ length: 40_000 }, (_, at) => `"n${at}":0`).join()}}`),
    expected: REFUSED,
  },
  {
    name: '60,000 names',
    body: withParams(`{${Array.from({ length: 60_000 }, (_, at) => `"n${at}":0`).join()}}`),
    expected: INVALID,
  },
  { name: 'a text of the whole body', body: `"${'x'.repeat(bodyBytesMax - 2)}"`, expected: INVALID },
  {
    name: 'a number of 100,000 digits',
    body: withParams(`[${'9'.repeat(100_000)}]`, 'chain_getBlock'),
    expected: REFUSED,
  },
  { name: 'an id of 100,000 digits', body: head('9'.repeat(100_000)), expected: INVALID },
  { name: 'a megabyte of white space', body: `${' '.repeat(bodyBytesMax - 100)}${head('1')}`, expected: { ok: 1 } },
  {
    name: 'a method of half a megabyte',
    body: JSON.stringify({ jsonrpc: '2.0', method: 'm'.repeat(500_000), id: 1 }),
    expected: bad(-32601, 1),
  },
  { name: 'half a megabyte of escapes', body: head(`"${'\\u0061'.repeat(80_000)}"`), expected: INVALID },
];

export const DOCUMENTS: readonly RpcCase[] = [...NOT_UTF8, ...NOT_JSON, ...DEEP_AND_WIDE];
