import { CALL, type HttpCase, JSON_TYPE, rawRequest } from './http-case.ts';

/** Requests that two readers would cut differently. One answer, and nothing of a second request in it. */

const START = ['POST / HTTP/1.1', 'Host: localhost', JSON_TYPE];
const SECOND = `POST / HTTP/1.1\r\nHost: localhost\r\n${JSON_TYPE}\r\nContent-Length: ${CALL.length}\r\n\r\n${CALL}`;
const refused = (name: string, headers: readonly string[], body: string): HttpCase => ({
  name,
  request: rawRequest([...START, ...headers], body),
  status: 400,
  code: -32600,
});

export const SMUGGLING: readonly HttpCase[] = [
  refused('a length and chunks', ['Content-Length: 4', 'Transfer-Encoding: chunked'], `0\r\n\r\n${SECOND}`),
  refused('chunks and a length', ['Transfer-Encoding: chunked', 'Content-Length: 4'], `0\r\n\r\n${SECOND}`),
  refused('two lengths', ['Content-Length: 2', `Content-Length: ${CALL.length}`], CALL),
  refused('two equal lengths', [`Content-Length: ${CALL.length}`, `Content-Length: ${CALL.length}`], CALL),
  refused('a list of lengths', ['Content-Length: 2, 46'], CALL),
  refused('a length with a sign', [`Content-Length: +${CALL.length}`], CALL),
  refused('a negative length', ['Content-Length: -1'], CALL),
  refused('a length in hex', ['Content-Length: 0x2e'], CALL),
  refused('a length with a fraction', ['Content-Length: 46.0'], CALL),
  refused('a length of nothing', ['Content-Length: '], CALL),
  refused('chunks of another name', ['Transfer-Encoding: xchunked'], CALL),
  refused('chunks that are not last', ['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${SECOND}`),
  refused('chunks twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], `0\r\n\r\n${SECOND}`),
  refused('chunks behind a tab', ['Transfer-Encoding:\tchunked', 'Content-Length: 4'], `0\r\n\r\n${SECOND}`),
  refused('a space before the colon', ['Transfer-Encoding : chunked'], `0\r\n\r\n${SECOND}`),
  refused('a folded header', ['X: a', ' Transfer-Encoding: chunked', 'Content-Length: 4'], `0\r\n\r\n${SECOND}`),
  refused('a chunk size that is none', ['Transfer-Encoding: chunked'], `zz\r\n${CALL}\r\n0\r\n\r\n`),
  refused('a chunk size with a sign', ['Transfer-Encoding: chunked'], `-1\r\n${CALL}\r\n0\r\n\r\n`),
  refused(
    'a chunk size beyond all bounds',
    ['Transfer-Encoding: chunked'],
    `${'f'.repeat(20)}\r\n${CALL}\r\n0\r\n\r\n`,
  ),
  refused('a chunk longer than its size', ['Transfer-Encoding: chunked'], `2\r\n${CALL}\r\n0\r\n\r\n`),
  refused('NUL in a header', ['X: a\u0000b', `Content-Length: ${CALL.length}`], CALL),
  refused('a bare CR in a header', ['X: a\rb', `Content-Length: ${CALL.length}`], CALL),
  {
    name: 'lines that end without CR',
    request: `POST / HTTP/1.1\nHost: localhost\n${JSON_TYPE}\nContent-Length: ${CALL.length}\n\n${CALL}`,
    status: 400,
    code: -32600,
  },
  { name: 'no HTTP', request: 'GARBAGE\r\n\r\n', status: 400, code: -32600 },
  { name: 'HTTP/2 by its first bytes', request: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', status: 400, code: -32600 },
  { name: 'TLS', request: '\u0016\u0003\u0001\u0002\u0000\u0001\u0000', status: 400, code: -32600 },
  { name: 'HTTP/9.9', request: rawRequest(['POST / HTTP/9.9', 'Host: localhost'], ''), status: 400, code: -32600 },
  { name: 'the method alone', request: 'POST\r\n\r\n', status: 400, code: -32600 },
  {
    name: 'a space in the address',
    request: rawRequest(['POST /v1 x HTTP/1.1', 'Host: localhost'], ''),
    status: 400,
    code: -32600,
  },
  { name: 'no JSON-RPC but its text alone', request: `${CALL}\r\n\r\n`, status: 400, code: -32600 },
];
