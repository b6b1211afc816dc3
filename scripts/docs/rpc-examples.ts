/** A call whose answer the page shows; run in this order on one made-up network of which `node1` is asked. */
export interface Example {
  readonly method: string;
  readonly params?: unknown;
  /** Fields of a long answer that are shown. */
  readonly show?: readonly string[];
  /** Not on the page: what later ones build on. */
  readonly isHidden?: true;
}

const s1 = { space: 'main', session: 'lunch' };
const KEY = '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c';
const rule = {
  method: 'score',
  threshold: { op: '>=', percent: { num: 60, den: 1 } },
  close: 'deadline',
};

/** `$ballot` and `$segment` stand for what the calls before made, `$operation` for a change that an admin signed. */
export const EXAMPLES: readonly Example[] = [
  { method: 'node_status' },
  { method: 'node_peers' },
  { method: 'chain_genesis', show: ['v', 'network', 'createdAt', 'params'] },
  {
    method: 'session_open',
    params: {
      ...s1,
      title: 'What shall we eat',
      proposals: [
        { id: 'pizza', title: 'Pizza' },
        { id: 'soup', title: 'Soup', category: 'light' },
      ],
      rule,
      electorate: [{ voter: 'm0' }, { voter: 'm1' }, { voter: 'm2', weight: 2 }],
      closesAt: '2026-03-01T18:00:00Z',
    },
  },
  {
    method: 'ballot_submit',
    params: {
      ...s1,
      voter: 'm0',
      entries: [
        { proposal: 'pizza', choice: 8, comment: 'again' },
        { proposal: 'soup', choice: 3 },
      ],
    },
  },
  { method: 'ballot_get', params: { ballot: '$ballot' } },
  { method: 'ballot_list', params: { ...s1, voter: 'm0', limit: 10 }, show: ['next', 'at'] },
  { method: 'tally_get', params: s1 },
  { method: 'session_get', params: s1 },
  { method: 'session_list', params: { space: 'main', status: 'active' } },
  { method: 'proposal_get', params: { ...s1, proposal: 'soup' } },
  { method: 'proposal_list', params: { space: 'main', session: 'lunch', limit: 1 } },
  { method: 'chain_head' },
  { method: 'chain_getBlock', params: { height: 2 } },
  { method: 'chain_getSegment', params: { id: '$segment' } },
  { method: 'chain_getChains', params: { shard: 1 } },
  { method: 'chain_getCheckpoint', params: { height: 2 } },
  { method: 'chain_getEpochs', params: { from: 0 } },
  { method: 'session_extend', params: { ...s1, reason: 'late guests', closesAt: '2026-03-01T19:00:00Z' } },
  { method: 'session_close', params: { ...s1, reason: 'all are hungry' } },
  {
    method: 'session_open',
    params: {
      ...s1,
      session: 'dinner',
      rule: { method: 'stance', close: 'opener' },
      electorate: [{ voter: 'm0' }],
      draft: true,
    },
    isHidden: true,
  },
  { method: 'proposal_add', params: { ...s1, session: 'dinner', proposal: { id: 'out', title: 'We go out' } } },
  { method: 'session_activate', params: { ...s1, session: 'dinner' } },
  { method: 'session_cancel', params: { ...s1, session: 'dinner', reason: 'nobody has time' } },
  { method: 'model_list', params: { limit: 1 } },
  { method: 'model_get', params: { model: 'm0' } },
  { method: 'model_register', params: { id: 'gpt-5', key: KEY, provider: 'openai', aliases: ['GPT 5'] } },
  { method: 'model_update', params: { id: 'gpt-5', role: 'general' } },
  { method: 'space_list' },
  { method: 'space_get', params: { space: 'main' } },
  { method: 'space_create', params: { id: 'kitchen', title: 'The kitchen' } },
  {
    method: 'observer_admit',
    params: { name: 'guest', peer: `12D3KooW${'A'.repeat(44)}` },
    show: ['operation', 'outcome', 'height'],
  },
  { method: 'observer_list' },
  { method: 'observer_remove', params: { name: 'guest' } },
  { method: 'operation_submit', params: { operation: '$operation' } },
  { method: 'network_get', show: ['epoch', 'sealedHeight', 'params', 'change'] },
  { method: 'agent_status' },
  { method: 'agent_history', params: { limit: 1 } },
  { method: 'agent_findings' },
  { method: 'sub_subscribe', params: { topic: 'head', fromSeq: 3 } },
  { method: 'sub_unsubscribe', params: { subscription: 'head-1' } },
  { method: 'rpc.discover', show: ['openrpc', 'info'] },
];
