/** One line of the public table of errors. */
export interface ErrorEntry {
  /** The specification's codes, −320xx of this door, or a positive four-digit number (interface.md, Errors). */
  readonly code: number;
  readonly meaning: string;
  /** What to do next, for people. */
  readonly hint: string;
  /** Whether nothing was taken and the same call may succeed later. */
  readonly retryable: boolean;
}

function entry(code: number, meaning: string, hint: string, retryable = false): ErrorEntry {
  return { code, meaning, hint, retryable };
}

/**
 * Every error a client can see, by its type. Append only: a number and its meaning never change, a type is never
 * reused. 1xxx chain, 2xxx space and session, 3xxx proposal, 4xxx ballot, 5xxx tally and proof, 6xxx identity and
 * permission, 7xxx network, 8xxx storage.
 */
export const ERRORS = {
  'request.parse': entry(-32700, 'not JSON', 'send one JSON-RPC 2.0 object or a list of them, in UTF-8'),
  'request.invalid': entry(-32600, 'not a JSON-RPC 2.0 request', 'see the JSON-RPC 2.0 specification'),
  'method.unknown': entry(-32601, 'no such method', 'rpc.discover lists the methods'),
  'params.invalid': entry(-32602, 'invalid params', 'data.path names the fault; rpc.discover has the schema'),
  internal: entry(-32603, 'internal error', 'the log of the node has the details'),
  'auth.missing': entry(-32001, 'unauthenticated', 'send "authorization: Bearer" with a token of this node'),
  'auth.forbidden': entry(-32002, 'forbidden', 'this host, origin or token may not do that'),
  'response.too-large': entry(-32003, 'response too large', 'ask for less: a smaller limit, or a smaller batch'),
  'node.not-ready': entry(-32004, 'not ready', 'node_status says why', true),
  'request.rate-limited': entry(-32005, 'rate limited', 'wait, then try again', true),
  'request.too-large': entry(-32006, 'request too large', 'rpc.discover has the limits'),
  'request.timeout': entry(
    -32007,
    'not final yet',
    'it stays submitted: ask for its outcome, or send the same bytes',
    true,
  ),

  'chain.block-unknown': entry(1001, 'no such block here', 'chain_head has the height'),
  'chain.segment-unknown': entry(1002, 'no such segment here', 'chain_getChains has the tips'),
  'chain.checkpoint-unknown': entry(1003, 'no checkpoint of that height', 'only non-empty blocks have one'),
  'chain.pruned': entry(
    1004,
    'this node does not keep that part of the history',
    'data.from is the first height it keeps; ask a node that keeps more',
  ),

  'space.unknown': entry(2001, 'no such space', 'space_list has the spaces'),
  'space.exists': entry(2002, 'the space exists', 'space_get shows it'),
  'session.unknown': entry(2003, 'no such session', 'session_list has the sessions of a space'),
  'session.exists': entry(2004, 'another session has this id', 'session_get shows it; take another id'),
  'session.invalid': entry(2005, 'the ledger refuses this record', 'data.path names the fault'),
  'session.closed': entry(2006, 'the session has ended, or its deadline would be in the past', 'session_get shows it'),
  'session.not-draft': entry(2007, 'the session is no draft any more', 'what is opened is never changed'),
  'session.not-open': entry(
    2008,
    'the session is not open yet',
    'session_get has its status and the time; session_activate opens a draft',
  ),
  'session.no-proposals': entry(2009, 'a session needs a proposal', 'proposal_add first'),
  'session.rule-forbids': entry(
    2010,
    'not allowed for this key, or not by the closing rule of the session',
    'the opener or the admins may, with a reason',
  ),

  'proposal.unknown': entry(3001, 'no such proposal', 'proposal_list has the proposals of a session'),
  'proposal.exists': entry(3002, 'the session has this proposal', 'take another id'),

  'ballot.closed': entry(4001, 'the session is closed', 'session_get shows when and why'),
  'ballot.not-open': entry(4002, 'the session is not open yet', 'session_get shows its status and when it opens'),
  'ballot.not-eligible': entry(4003, 'the voter is not in the electorate', 'session_get has the electorate'),
  'ballot.already-voted': entry(
    4004,
    'the voter has voted, and the session takes no second ballot',
    'ballot_get shows the ballot that counts',
  ),
  'ballot.conflict': entry(
    4005,
    'previous is not the ballot of this voter that counts',
    'build a new ballot on data.counted',
  ),
  'ballot.bad-signature': entry(
    4006,
    'nothing authenticates this ballot',
    'sign the id with the registered key, or submit at its operator',
  ),
  'ballot.incomplete': entry(
    4007,
    'the ballot must answer every proposal',
    'data.missing names proposals without an answer',
  ),
  'ballot.unknown-proposal': entry(4008, 'the session has no such proposal', 'data.path names the entry'),
  'ballot.invalid-choice': entry(
    4009,
    'the choice is not one of this session',
    'a whole number 1…10, or approve, reject, abstain; data.path names it',
  ),
  'ballot.expired': entry(4010, 'the time of the ballot is over', 'build a new ballot with a later notAfter'),
  'ballot.wrong-chain': entry(4011, 'the ballot is for another network', 'sign for the chain that node_status names'),
  'ballot.wrong-shard': entry(4012, 'the ballot stood in the wrong shard', 'submit it again', true),
  'ballot.malformed': entry(
    4013,
    'the ledger could not read the ballot',
    'compare the versions of client and nodes: node_status',
  ),
  'ballot.unknown': entry(4014, 'no such ballot here', 'it may not be final yet'),
  'ballot.duplicate-proposal': entry(4015, 'a proposal is answered twice', 'data.path names the second entry'),
  'ballot.too-large': entry(4016, 'the ballot is too large', 'shorten its comments'),
  'ballot.not-after': entry(4017, 'notAfter is too far', 'at most ten minutes from now'),
  'ballot.not-operated': entry(
    4018,
    'this node does not operate the voter',
    'submit at its operator, or with a signature',
  ),
  'ballot.no-key': entry(
    4019,
    'this node has no key that the registry knows for the voter',
    'import the key, or submit with a signature',
  ),

  'receipt.unavailable': entry(5001, 'receipts are not available yet', 'await "final"'),

  'model.unknown': entry(6001, 'no such model in the registry', 'model_list has the models; model_register adds one'),
  'model.exists': entry(6002, 'the model is registered', 'model_update changes it'),
  'model.operator-unknown': entry(
    6003,
    'no such model, or the operator is neither a validator nor, for models with a key, an observer',
    'model_list and chain_genesis have them',
  ),
  'model.key-used': entry(6004, 'the model has or had this key', 'make a new key, and give that one'),
  'operation.forbidden': entry(
    6005,
    'the key of this node may not do that on the ledger',
    'openers open sessions, admins keep registry and spaces',
  ),
  'operation.stale': entry(6006, 'another operation of this key came first', 'try again', true),
  'operation.bad-signature': entry(
    6007,
    'a signature of the operation does not hold',
    'the operator key of the node may be damaged: restore it from a backup',
  ),
  'operation.expired': entry(6008, 'the operation was not ordered in time', 'try again', true),
  'operation.malformed': entry(6009, 'the ledger could not read the operation', 'data.path names the fault'),
  'operation.wrong-chain': entry(
    6010,
    'the operation is for another network',
    'node_status names the chain of this node',
  ),
  'operation.too-large': entry(
    6011,
    'the operation is too large',
    'fewer electors, models or proposals, or shorter texts',
  ),

  'observer.unknown': entry(6012, 'no observer of that name', 'observer_list has them'),
  'observer.exists': entry(6013, 'the name or the peer is in use', 'observer_list and chain_genesis have both'),
  'observer.refused': entry(
    6014,
    'the key of this node may not admit observers, or all its places are taken',
    'a validator admits; observer_remove makes room',
  ),
  'validator.unknown': entry(6015, 'no validator of that name', 'network_get has them'),
  'change.exists': entry(
    6016,
    'a change of the network is open, or the proposal is for another epoch',
    'network_get has both; change.withdraw makes room while the open one waits',
  ),
  'change.refused': entry(
    6017,
    'the network may not change like this, or too few of its admins signed',
    'docs/GUIDE.md says what a change may do; network_get has the admins',
  ),
  'change.unknown': entry(6018, 'no such change is open', 'network_get has the open one'),
  'change.approved': entry(6019, 'the change is approved: any block may end the epoch with it', 'propose the next one'),

  'network.busy': entry(7001, 'this node has too much to do', 'wait, then try again', true),

  'storage.read-only': entry(
    8001,
    'this node takes no writes: its disk or journal failed',
    'use another node; node_status and the log of this one say why',
  ),
  'storage.damaged': entry(
    8002,
    'a record is damaged on the disk of this node',
    'use another node; this one repairs it, and node_status says how far it is',
    true,
  ),
} as const satisfies Readonly<Record<string, ErrorEntry>>;

export type ErrorType = keyof typeof ERRORS;
