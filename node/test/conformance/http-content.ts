import { RPC_LIMITS } from '../../rpc/limits.ts';
import { CALL, type HttpCase, JSON_TYPE, rawRequest, requestOf } from './http-case.ts';

/** What kind of body is taken, how large, and by which method at which path. */

const TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json;charset=UTF-8',
  'application/json; charset="utf-8"',
  'APPLICATION/JSON',
  'application/json; x=y',
];
const OTHER_TYPES = [
  'text/plain',
  'text/plain; charset=utf-8',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/json',
  'application/jsonx',
  'application/json-rpc',
  'application/problem+json',
  'application/cbor',
  'application/json, text/plain',
  'application/json\tx',
  'json',
  '*/*',
];

const BODY = RPC_LIMITS.bodyBytesMax;

const TYPED: readonly HttpCase[] = [
  ...TYPES.map((type) => ({
    name: `type ${type}`,
    request: requestOf({ headers: [`Content-Type: ${type}`] }),
    status: 200,
  })),
  ...OTHER_TYPES.map((type) => ({
    name: `type ${type}`,
    request: requestOf({ headers: [`Content-Type: ${type}`] }),
    status: 415,
    code: -32600,
  })),
  { name: 'no type', request: requestOf({ headers: [] }), status: 415, code: -32600 },
  ...['gzip', 'br', 'deflate', 'identity, gzip', 'x'].map((encoding) => ({
    name: `encoding ${encoding}`,
    request: requestOf({ headers: [JSON_TYPE, `Content-Encoding: ${encoding}`] }),
    status: 415,
    code: -32600,
  })),
  {
    name: 'encoding identity',
    request: requestOf({ headers: [JSON_TYPE, 'Content-Encoding: identity'] }),
    status: 200,
  },
  { name: 'any Accept', request: requestOf({ headers: [JSON_TYPE, 'Accept: text/html'] }), status: 200 },
  {
    name: 'Accept-Encoding is not followed',
    request: requestOf({ headers: [JSON_TYPE, 'Accept-Encoding: gzip'] }),
    status: 200,
    lacks: [/^content-encoding/im],
  },
  { name: 'no body', request: requestOf({ body: '' }), status: 400, code: -32700 },
  {
    name: 'a length of 0',
    request: rawRequest(['POST / HTTP/1.1', 'Host: localhost', JSON_TYPE, 'Content-Length: 0', 'Connection: close']),
    status: 400,
    code: -32700,
  },
  {
    name: 'a notification has no body to answer',
    request: requestOf({ body: '{"jsonrpc":"2.0","method":"chain_head"}' }),
    status: 204,
  },
  { name: 'a header __proto__', request: requestOf({ headers: [JSON_TYPE, '__proto__: x'] }), status: 200 },
  { name: 'a header constructor', request: requestOf({ headers: [JSON_TYPE, 'constructor: x'] }), status: 200 },
  { name: 'a wait for 100', request: requestOf({ headers: [JSON_TYPE, 'Expect: 100-continue'] }), status: 100 },
];

const chunked = (chunks: readonly string[]): string =>
  chunks.map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`).join('');

const SIZED: readonly HttpCase[] = [
  {
    name: 'a body of the whole cap',
    request: requestOf({ body: `"${'x'.repeat(BODY - 2)}"` }),
    status: 400,
    code: -32600,
  },
  { name: 'a body beyond the cap', request: requestOf({ body: `"${'x'.repeat(BODY)}"` }), status: 413, code: -32006 },
  {
    name: 'a length beyond the cap, and no body',
    request: rawRequest(['POST / HTTP/1.1', 'Host: localhost', JSON_TYPE, `Content-Length: ${10 * BODY}`], ''),
    status: 413,
    code: -32006,
  },
  {
    name: 'a length that no number holds',
    request: rawRequest(['POST / HTTP/1.1', 'Host: localhost', JSON_TYPE, `Content-Length: ${'9'.repeat(40)}`], '{}'),
    status: 400,
    code: -32600,
  },
  {
    name: 'in chunks',
    request: rawRequest(
      ['POST / HTTP/1.1', 'Host: localhost', JSON_TYPE, 'Transfer-Encoding: chunked', 'Connection: close'],
      chunked([CALL.slice(0, 10), CALL.slice(10), '']),
    ),
    status: 200,
  },
  {
    name: 'in chunks beyond the cap',
    request: rawRequest(
      ['POST / HTTP/1.1', 'Host: localhost', JSON_TYPE, 'Transfer-Encoding: chunked', 'Connection: close'],
      chunked([...Array.from({ length: 33 }, () => ' '.repeat(BODY / 32)), '']),
    ),
    status: 413,
    code: -32006,
  },
  {
    name: 'a batch beyond the cap of bytes',
    request: requestOf({
      body: `[${Array.from({ length: 100 }, () => `{"jsonrpc":"2.0","method":"chain_head","params":["${'x'.repeat(12_000)}"],"id":1}`).join()}]`,
    }),
    status: 413,
    code: -32006,
  },
  {
    name: '2,100 headers',
    request: requestOf({
      headers: [JSON_TYPE, ...Array.from({ length: 2_100 }, (_, at) => `X-${at}: ${'y'.repeat(20)}`)],
    }),
    status: 431,
    code: -32600,
  },
  {
    name: 'a header of 64 KiB',
    request: requestOf({ headers: [JSON_TYPE, `X: ${'y'.repeat(65_536)}`] }),
    status: 431,
    code: -32600,
  },
  { name: 'an address of 32 KiB', request: requestOf({ path: `/${'y'.repeat(32_768)}` }), status: 431, code: -32600 },
];

const NOWHERE = [
  '/nope',
  '/v1/../../etc/passwd',
  '/..%2f..%2fetc%2fpasswd',
  '/%2e%2e/',
  '/v1/v1',
  '//',
  '/v1//',
  '/index.html',
  '/.git/config',
  '/__proto__',
  '/%00',
  `/${'a'.repeat(2_000)}`,
];

const PLACES: readonly HttpCase[] = [
  { name: 'at the root', request: requestOf({ path: '/' }), status: 200 },
  { name: 'at /v1', request: requestOf({ path: '/v1' }), status: 200 },
  { name: 'with a query', request: requestOf({ path: '/v1?method=session_close&id=2' }), status: 200 },
  { name: 'at the path of a method', request: requestOf({ path: '/v1/session_open' }), status: 200 },
  ...NOWHERE.map((path) => ({
    name: `at ${path.slice(0, 40)}`,
    request: requestOf({ path }),
    status: 404,
    code: -32600,
  })),
  { name: 'at a path of bad escapes', request: requestOf({ path: '/%ff' }), status: 400, code: -32600 },
  { name: 'at the path of no method', request: requestOf({ path: '/v1/nope' }), status: 404, code: -32600 },
  ...['GET', 'PUT', 'PATCH', 'DELETE', 'TRACE'].map((method) => ({
    name: `${method} at the root`,
    request: requestOf({ method, path: '/', body: '', headers: [] }),
    status: 405,
    code: -32600,
    has: [/^allow: POST\r$/im],
  })),
  { name: 'HEAD at /v1', request: requestOf({ method: 'HEAD', path: '/v1', body: '', headers: [] }), status: 405 },
  {
    name: 'OPTIONS',
    request: requestOf({ method: 'OPTIONS', path: '/v1', body: '', headers: [] }),
    status: 204,
    has: [/^allow: POST\r$/im],
    lacks: [/^access-control/im],
  },
  {
    name: 'DELETE of a read',
    request: requestOf({ method: 'DELETE', path: '/v1/chain_head', body: '', headers: [] }),
    status: 405,
    code: -32600,
    has: [/^allow: GET, HEAD, POST\r$/im],
  },
  {
    name: 'POST of a page',
    request: requestOf({ path: '/openrpc.json' }),
    status: 405,
    code: -32600,
    has: [/^allow: GET, HEAD\r$/im],
  },
  { name: 'a method in lower case', request: requestOf({ method: 'post' }), status: 400, code: -32600 },
  { name: 'a method that is none', request: requestOf({ method: 'STEAL' }), status: 400, code: -32600 },
  {
    name: 'an address of another host',
    request: requestOf({ path: 'http://evil.example/v1' }),
    status: 403,
    code: -32002,
  },
  { name: 'an address of this host', request: requestOf({ path: 'http://localhost/v1' }), status: 200 },
  { name: 'an address without a slash', request: requestOf({ path: 'v1' }), status: 400, code: -32600 },
];

export const CONTENT: readonly HttpCase[] = [...TYPED, ...SIZED, ...PLACES];
