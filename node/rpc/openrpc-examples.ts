import { keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { encodeSignedOperation, signOperation } from '../../protocol/governance/operation.ts';
import { paramsProposeBody } from '../../protocol/governance/operations/network-change.ts';
import { toHex } from '../../protocol/hex.ts';

const inSession = { space: 'main', session: 'lunch' };
const HASH = 'b5'.repeat(32);
const KEY = '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c';

/** Well-formed, and of no network: it is refused as `wrong-chain`. */
const EXAMPLE_OPERATION = exampleOperation();

function exampleOperation(): string {
  const key = keyPairFromSeed(new Uint8Array(32).fill(7));
  const facts = { chain: new Uint8Array(32), actor: key.publicKey, seq: 1, notAfterMs: 1, timeMs: 0 } as const;
  const body = paramsProposeBody({ epoch: 0, shards: 8 });
  return toHex(encodeSignedOperation(signOperation({ ...facts, kind: 'params.propose', body }, [key])));
}

/** Params of one call of each method, for readers and tools of the OpenRPC document. A method without params has `{}`. */
export const EXAMPLES: ReadonlyMap<string, Readonly<Record<string, unknown>>> = new Map<
  string,
  Readonly<Record<string, unknown>>
>([
  ['rpc.discover', {}],
  ['node_status', {}],
  ['node_peers', {}],
  ['chain_genesis', {}],
  ['chain_head', {}],
  ['chain_getBlock', { height: 2 }],
  ['chain_getSegment', { id: HASH }],
  ['chain_getChains', { shard: 1 }],
  ['chain_getCheckpoint', { height: 2 }],
  ['chain_getEpochs', { from: 0 }],
  [
    'session_open',
    {
      ...inSession,
      title: 'What shall we eat',
      proposals: [
        { id: 'pizza', title: 'Pizza' },
        { id: 'soup', title: 'Soup' },
      ],
      rule: { method: 'score', threshold: { op: '>=', percent: { num: 60, den: 1 } }, close: 'deadline' },
      electorate: [{ voter: 'm0' }, { voter: 'm1', weight: 2 }],
      closesAt: '2026-03-01T18:00:00Z',
    },
  ],
  ['session_get', inSession],
  ['session_list', { space: 'main', status: 'active' }],
  ['session_activate', inSession],
  ['session_close', { ...inSession, reason: 'all are hungry' }],
  ['session_cancel', { ...inSession, reason: 'nobody has time' }],
  ['session_extend', { ...inSession, reason: 'late guests', closesAt: '2026-03-01T19:00:00Z' }],
  ['proposal_add', { ...inSession, proposal: { id: 'out', title: 'We go out' } }],
  ['proposal_get', { ...inSession, proposal: 'soup' }],
  ['proposal_list', { space: 'main', limit: 10 }],
  [
    'ballot_submit',
    {
      ...inSession,
      voter: 'm0',
      entries: [
        { proposal: 'pizza', choice: 8, comment: 'again' },
        { proposal: 'soup', choice: 3 },
      ],
    },
  ],
  ['ballot_get', { ballot: HASH }],
  ['ballot_list', { ...inSession, voter: 'm0' }],
  ['tally_get', inSession],
  ['model_list', { limit: 10 }],
  ['model_get', { model: 'm0' }],
  ['model_register', { id: 'gpt-5', key: KEY, provider: 'openai', aliases: ['GPT 5'] }],
  ['model_update', { id: 'gpt-5', role: 'general' }],
  ['observer_list', {}],
  ['network_get', {}],
  ['operation_submit', { operation: EXAMPLE_OPERATION }],
  ['observer_admit', { name: 'guest', peer: `12D3KooW${'A'.repeat(44)}` }],
  ['observer_remove', { name: 'guest' }],
  ['space_list', {}],
  ['space_get', { space: 'main' }],
  ['space_create', { id: 'kitchen', title: 'The kitchen' }],
  ['agent_status', {}],
  ['agent_history', { limit: 10 }],
  ['agent_findings', {}],
  ['sub_subscribe', { topic: 'head' }],
  ['sub_unsubscribe', { subscription: 'head-1' }],
]);
