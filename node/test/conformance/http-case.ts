/** One exchange by raw bytes, and the one answer it must get. */
export interface HttpCase {
  readonly name: string;
  readonly request: string;
  readonly status: number;
  /** Of the JSON-RPC error, or of the problem. */
  readonly code?: number;
  /** Lines that must stand in the head of the answer. */
  readonly has?: readonly RegExp[];
  readonly lacks?: readonly RegExp[];
}

export const CALL = '{"jsonrpc":"2.0","method":"chain_head","id":1}';
export const JSON_TYPE = 'Content-Type: application/json';
const HOST = 'Host: localhost';

interface Parts {
  readonly method?: string;
  readonly path?: string;
  /** The Host header stands in front unless one of them is another. */
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** Closes after the answer, has a length, and is otherwise what is given. */
export function requestOf({ method = 'POST', path = '/v1', headers = [JSON_TYPE], body = CALL }: Parts): string {
  const own = headers.some((line) => /^host:/i.test(line)) ? [] : [HOST];
  const length = body === '' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  const lines = [`${method} ${path} HTTP/1.1`, ...own, ...headers, ...length, 'Connection: close'];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** As it stands, for requests that are wrong by a byte. */
export function rawRequest(lines: readonly string[], body = ''): string {
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
