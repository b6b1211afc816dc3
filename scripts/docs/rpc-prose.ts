import type { Rate, Rates } from '../../node/rpc/limits.ts';
import { fence } from './markdown.ts';

/* What no schema says. */

export const CALLING: readonly string[] = [
  'JSON-RPC 2.0 to the letter, on one port of each daemon:',
  [
    '| where | what |',
    '| --- | --- |',
    '| `POST /`, `POST /v1` | one call or a batch, `content-type: application/json` |',
    '| `/v1/ws` | WebSocket: the same, and [subscriptions](#subscriptions) |',
    '| `GET /v1/<method>?<param>=<value>` | a read: its result as JSON, errors as `application/problem+json` (RFC 9457), `ETag` and 304 |',
    '| `GET /openrpc.json` | this page for programs; `rpc.discover` has what the caller may call |',
    '| `GET /metrics`, `/livez`, `/readyz` | for machines |',
  ].join('\n'),
  fence(
    'sh',
    [
      "curl -s -H 'content-type: application/json' \\",
      '  -d \'{"jsonrpc":"2.0","id":1,"method":"node_status"}\' http://127.0.0.1:PORT/',
    ].join('\n'),
  ),
  [
    'Params by name, or by position in the order of the tables below, where `null` stands for one that is left out. A call without `id` is a',
    'notification: nothing comes back (HTTP 204). An `id` comes back with its type and digits; one that would not is refused with `id: null`.',
    'A batch is answered in the order of its calls; limits and costs count per call. An object with one key twice is refused.',
  ].join('\n'),
  [
    'Reads need no token on loopback, and any token from elsewhere. Writes need `authorization: Bearer …` with the content of',
    '`<home>/tokens/operator.token`, or of `admin.token`, which may do what `operator` may. Tokens are of one node; what counts on the',
    'ledger are signatures. `Host` and `Origin` must be on the lists of `config.yaml`.',
  ].join('\n'),
];

/** Of what is spent, and when it is there again. */
export function costsText({ anonymous, authenticated }: Rates): string {
  const line = ({ perS, burst }: Rate) =>
    `${perS.toLocaleString('en-US')} units a second, ${burst.toLocaleString('en-US')} at once`;
  return [
    'Every call costs units: a read of one record 1, the others as their method says. A token may spend',
    `${line(authenticated)}; all callers without one at an address together`,
    `${line(anonymous)}. Calls beyond that are refused with −32005 and \`data.retryAfterMs\`, of a batch`,
    'those calls alone.',
  ].join('\n');
}

export const ANSWERS: readonly string[] = [
  '## Errors',
  [
    'Errors are JSON-RPC objects whatever the HTTP status; `data.type` is what to compare, `data.retryable` says whether the same call may',
    'succeed later, `data.path` names the fault in the params. [errors.md](errors.md) has them all, `npx waggle explain CODE` each.',
  ].join('\n'),
];

export const TYPES = [
  '- **id**: 1…64 of `a-z 0-9 . _ -`, a letter or digit first.',
  '- **hex of N**: N digits in lower case without `0x`: 64 for hashes and keys, 128 for signatures. **public key**: an ed25519 key in 64.',
  '- **time**: RFC 3339 in UTC, `2026-01-31T12:00:00.000Z`; answers have milliseconds.',
  '- **whole number**: written without fraction or exponent. **fraction**: `{num, den}`, exact.',
  '- Texts are Unicode NFC without control characters; their limits are in bytes of UTF-8.',
  '- Names ending in `…Ms` are milliseconds. Opaque bytes are base64.',
  '- Lists come in pages: `{items, next, at: {height}}`; hand `next` back as `cursor`, null is the end.',
].join('\n');

export const SUBSCRIPTIONS: readonly string[] = [
  '## Subscriptions',
  [
    'Over WebSocket, `sub_subscribe {topic, filter?, fromSeq?}` answers `{subscription, seq}`. From then on events come as',
    'notifications. For every topic of the ledger `seq` is the height of the block, so `fromSeq` resumes after what was seen, over',
    'another connection, after a restart, and at another node. A block that has nothing for the filter sends no event.',
  ].join('\n'),
  [
    '| topic | filter | result of an event |',
    '| --- | --- | --- |',
    '| `head` | | the block, as `chain_head` |',
    '| `ballots` | `space`, `session?`, `voter?` | `{height, time, ballots: [{ballot, space, session, voter, outcome}]}` |',
    '| `session` | `space?`, `session?` | `{height, time, sessions: [{space, session, status, reason?}]}`: opened, changed or ended in this block |',
    '| `tally` | `space`, `session` | as `tally_get`, after a block that touched it; a slow reader gets the newest alone, which is all there is to know |',
    '| `agent` | | an item of `agent_history`, as the metrics agent decided it; `seq` counts since `epoch`, a start of the node |',
    '| `alert` | | `{time, kind, text}`, kind being `ready`, `not-ready`, `writable` or `read-only`; `seq` counts since `epoch`, a start of the node |',
  ].join('\n'),
  fence(
    'json',
    '{"jsonrpc":"2.0","method":"sub_event","params":{"subscription":"head-1","seq":4,"result":{"height":4,"hash":"…"}}}',
  ),
  'A reader that falls too far behind is told what it missed, and never loses anything in silence:',
  fence(
    'json',
    '{"jsonrpc":"2.0","method":"sub_event","params":{"subscription":"head-1","seq":9,"lagged":{"from":5,"to":9}}}',
  ),
];
