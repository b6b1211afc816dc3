import { type HttpCase, JSON_TYPE, rawRequest, requestOf } from './http-case.ts';

/** Names this host may be called by, and pages that may call it: DNS rebinding and foreign origins end here. */

const NO_CORS = [/^access-control/im];

const OWN_HOSTS = [
  'localhost',
  'localhost:1',
  '127.0.0.1',
  '127.0.0.1:8440',
  '[::1]',
  '[::1]:80',
  'LOCALHOST',
  'waggle.example',
  'Waggle.Example:443',
];
const FOREIGN_HOSTS = [
  'evil.example',
  'evil.example:8440',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'localhost.',
  'localhost:1:2',
  'localhost:',
  'localhost:999999',
  'localhost:80/x',
  'x@localhost',
  'localhost@evil.example',
  '0.0.0.0',
  '127.1',
  '2130706433',
  '0x7f000001',
  '::1',
  '[::]',
  '[::ffff:127.0.0.1]',
  'waggle.example.evil.example',
  'xn--localhost-',
  '',
];
const OWN_ORIGINS = ['https://dash.example', 'http://localhost', 'https://localhost'];
const FOREIGN_ORIGINS = [
  'https://evil.example',
  'null',
  'http://localhost:3000',
  'http://127.0.0.1',
  'https://dash.example.evil.example',
  'https://dash.example:444',
  'http://dash.example',
  'HTTPS://DASH.EXAMPLE',
  'https://dash.example/',
  'https://dash.example, https://evil.example',
  'file://',
  'chrome-extension://abcdef',
  '*',
];

const withHost = (host: string) => requestOf({ headers: [`Host: ${host}`, JSON_TYPE] });
const withOrigin = (origin: string) => requestOf({ headers: [JSON_TYPE, `Origin: ${origin}`] });

const preflight = (origin: string) =>
  requestOf({
    method: 'OPTIONS',
    headers: [
      `Origin: ${origin}`,
      'Access-Control-Request-Method: POST',
      'Access-Control-Request-Headers: content-type',
    ],
    body: '',
  });

export const HOSTS: readonly HttpCase[] = [
  ...OWN_HOSTS.map((host) => ({ name: `Host ${host}`, request: withHost(host), status: 200, lacks: NO_CORS })),
  ...FOREIGN_HOSTS.map((host) => ({
    name: `foreign Host ${host}`,
    request: withHost(host),
    status: 403,
    code: -32002,
    lacks: NO_CORS,
  })),
  {
    name: 'no Host',
    request: rawRequest(['POST / HTTP/1.1', JSON_TYPE, 'Content-Length: 2'], '{}'),
    status: 400,
    code: -32600,
  },
  {
    name: 'two Hosts',
    request: rawRequest(
      ['POST / HTTP/1.1', 'Host: localhost', 'Host: evil.example', JSON_TYPE, 'Content-Length: 2', 'Connection: close'],
      '{}',
    ),
    status: 400,
    code: -32600,
  },
  ...OWN_ORIGINS.map((origin) => ({
    name: `Origin ${origin}`,
    request: withOrigin(origin),
    status: 200,
    has: [new RegExp(`^access-control-allow-origin: ${origin}\\r$`, 'im'), /^vary: Origin/im],
  })),
  ...FOREIGN_ORIGINS.map((origin) => ({
    name: `foreign Origin ${origin}`,
    request: withOrigin(origin),
    status: 403,
    code: -32002,
    lacks: NO_CORS,
  })),
  {
    name: 'a preflight of a foreign page',
    request: preflight('https://evil.example'),
    status: 403,
    code: -32002,
    lacks: NO_CORS,
  },
  {
    name: 'a preflight of a page that may',
    request: preflight('https://dash.example'),
    status: 204,
    has: [/^access-control-allow-origin: https:\/\/dash\.example\r$/im, /^access-control-allow-methods: POST\r$/im],
    lacks: [/^access-control-allow-credentials/im],
  },
  {
    name: 'a foreign page that reads by URL',
    request: requestOf({ method: 'GET', path: '/v1/chain_head', headers: ['Origin: https://evil.example'], body: '' }),
    status: 403,
    code: -32002,
    lacks: NO_CORS,
  },
  {
    name: 'a foreign Host that reads by URL',
    request: requestOf({ method: 'GET', path: '/v1/chain_head', headers: ['Host: evil.example'], body: '' }),
    status: 403,
    code: -32002,
    has: [/^content-type: application\/problem\+json/im],
  },
  ...['/openrpc.json', '/metrics', '/livez', '/readyz'].map((path) => ({
    name: `a foreign Host at ${path}`,
    request: requestOf({ method: 'GET', path, headers: ['Host: evil.example'], body: '' }),
    status: 403,
    code: -32002,
  })),
];

const loaded = (site: string, mode: string) =>
  requestOf({
    method: 'GET',
    path: '/v1/chain_head',
    headers: [`Sec-Fetch-Site: ${site}`, `Sec-Fetch-Mode: ${mode}`],
    body: '',
  });

/** Loads that browsers send without an Origin. */
export const LOADS: readonly HttpCase[] = [
  { name: 'a picture of a foreign page', request: loaded('cross-site', 'no-cors'), status: 403, code: -32002 },
  { name: 'a script of another port here', request: loaded('same-site', 'no-cors'), status: 403, code: -32002 },
  { name: 'a link of a foreign page', request: loaded('cross-site', 'navigate'), status: 200 },
  { name: 'a load of an own page', request: loaded('same-origin', 'cors'), status: 200 },
  { name: 'an address that somebody typed', request: loaded('none', 'navigate'), status: 200 },
];

const upgrade = (path: string, more: readonly string[]): string =>
  rawRequest([
    `GET ${path} HTTP/1.1`,
    ...(more.some((line) => line.startsWith('Host')) ? [] : ['Host: localhost']),
    'Connection: Upgrade',
    ...(more.some((line) => line.startsWith('Upgrade')) ? [] : ['Upgrade: websocket']),
    ...(more.some((line) => line.startsWith('Sec-WebSocket-Key'))
      ? []
      : ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==']),
    ...(more.some((line) => line.startsWith('Sec-WebSocket-Version')) ? [] : ['Sec-WebSocket-Version: 13']),
    ...more,
  ]);

/** The same guard for the upgrade to WebSocket. */
export const UPGRADES: readonly HttpCase[] = [
  ...['https://evil.example', 'null', 'http://localhost:3000'].map((origin) => ({
    name: `an upgrade of the foreign Origin ${origin}`,
    request: upgrade('/v1/ws', [`Origin: ${origin}`]),
    status: 403,
    code: -32002,
  })),
  {
    name: 'an upgrade with a foreign Host',
    request: upgrade('/v1/ws', ['Host: evil.example']),
    status: 403,
    code: -32002,
  },
  { name: 'an upgrade elsewhere', request: upgrade('/v1', []), status: 400, code: -32600 },
  { name: 'an upgrade at the root', request: upgrade('/', []), status: 400, code: -32600 },
  { name: 'an upgrade nowhere', request: upgrade('/nope', []), status: 400, code: -32600 },
  { name: 'an upgrade of a read', request: upgrade('/v1/chain_head', []), status: 400, code: -32600 },
  {
    name: 'an upgrade of version 12',
    request: upgrade('/v1/ws', ['Sec-WebSocket-Version: 12']),
    status: 400,
    code: -32600,
  },
  {
    name: 'an upgrade with a bad key',
    request: upgrade('/v1/ws', ['Sec-WebSocket-Key: short']),
    status: 400,
    code: -32600,
  },
  {
    name: 'a WebSocket that does not upgrade',
    request: requestOf({ method: 'GET', path: '/v1/ws', headers: [], body: '' }),
    status: 426,
    code: -32600,
    has: [/^upgrade: websocket\r$/im],
  },
  {
    name: 'another protocol is not taken, and the call is answered',
    request: rawRequest(
      [
        'POST / HTTP/1.1',
        'Host: localhost',
        'Connection: Upgrade, close',
        'Upgrade: h2c',
        JSON_TYPE,
        'Content-Length: 46',
      ],
      '{"jsonrpc":"2.0","method":"chain_head","id":1}',
    ),
    status: 200,
  },
];
