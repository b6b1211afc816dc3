import type { ErrorType } from './error-codes.ts';
import type { ErrorDetail } from './rpc-error.ts';

/** What the table of errors has no room for: how it comes about, what to type, and how it looks. For people only. */
export interface ErrorGuide {
  /** What usually happened. */
  readonly cause: string;
  /** What to type next, where a command helps. */
  readonly command?: string;
  /** The part of an error that depends on the call, as in a typical answer. Every answer of the type has these fields. */
  readonly example?: ErrorDetail;
}

const HEX = '5f'.repeat(32);
const ENTRY = 'entries[0]';
const show = 'waggle session show SESSION';
const network = 'waggle admin show';
const status = 'waggle status';

function guide(cause: string, command?: string, example?: ErrorDetail): ErrorGuide {
  return { cause, ...(command === undefined ? {} : { command }), ...(example === undefined ? {} : { example }) };
}

const refused = (outcome: string): ErrorDetail => ({ facts: { ballot: HEX, outcome } });
const notApplied = (outcome: string): ErrorDetail => ({ facts: { operation: HEX, outcome, height: 7 } });

export const ERROR_GUIDE: Readonly<Record<ErrorType, ErrorGuide>> = {
  'request.parse': guide('the body was cut off, is not UTF-8, or has something after the JSON'),
  'request.invalid': guide(
    'a member is missing or of a wrong type, an id does not survive a round trip, a batch is empty or too long, or the HTTP request is not one this door takes',
    undefined,
    { path: 'id' },
  ),
  'method.unknown': guide('a misspelt method, or a subscription asked for over plain HTTP', 'waggle --help', {
    detail: 'did you mean ballot_submit?',
  }),
  'params.invalid': guide('a param is missing, misspelt, of a wrong type or out of its range', 'waggle --help', {
    path: 'space',
    detail:
      'missing: expected an id of 1…64 lower-case letters, digits, dots, hyphens, underscores, a letter or digit first',
  }),
  internal: guide('a fault of this software; what was asked may or may not have been done', status),
  'auth.missing': guide(
    'a write, or a read from another host, came without a token or with one this node does not know',
    'waggle status --home DIR',
  ),
  'auth.forbidden': guide(
    'the token has a smaller scope than the method needs, or the Host or Origin is not on the list of this node',
    'waggle status --home DIR',
    { detail: 'scope admin is needed' },
  ),
  'response.too-large': guide('the answers of one request together pass the cap'),
  'node.not-ready': guide('the node is syncing, starting or stopping, or its network has no quorum', status, {
    detail: 'no quorum: 2 of 4 validators are reachable, 3 are needed',
    retryAfterMs: 1_000,
  }),
  'request.rate-limited': guide('too many calls at once, too many wrong tokens, or too many subscriptions', undefined, {
    retryAfterMs: 60_000,
  }),
  'request.too-large': guide('the body of a request passes the cap'),
  'request.timeout': guide(
    'the network had no quorum for a while, or is slow: what was submitted may still become final',
    'waggle status --cluster',
    { facts: { ballot: HEX } },
  ),

  'chain.block-unknown': guide(
    'the height is not reached yet, or the hash is not of a final block',
    'waggle chain head',
    {
      path: 'height',
    },
  ),
  'chain.segment-unknown': guide(
    'the segment is not final yet, or the id is of something else',
    'waggle chain chains',
    {
      path: 'id',
    },
  ),
  'chain.checkpoint-unknown': guide('the height is not reached yet, or its block was empty', 'waggle chain head', {
    path: 'height',
  }),
  'chain.pruned': guide(
    'the node began from a snapshot, or gave up old blocks by its retention',
    'waggle status --cluster',
    { path: 'height', facts: { from: 8 } },
  ),

  'space.unknown': guide('a misspelt space, or one of another network', 'waggle space list', { path: 'space' }),
  'space.exists': guide(
    'the space was created before, perhaps by a retry',
    'waggle space show SPACE',
    notApplied('conflict'),
  ),
  'session.unknown': guide('a misspelt session, or one of another space', 'waggle session list', { path: 'session' }),
  'session.exists': guide('the id was used before with another record', show, notApplied('conflict')),
  'session.invalid': guide(
    'two electors or proposals with one id, no proposals, a threshold for a proposal or category that is not there, a quorum that cannot be reached, or a deadline that is missing or before the opening',
    undefined,
    { path: 'electorate', ...notApplied('malformed') },
  ),
  'session.closed': guide('somebody closed or cancelled it, its deadline passed, or closesAt is over', show, {
    ...notApplied('closed'),
  }),
  'session.not-draft': guide('the session was activated, or was never a draft', show, notApplied('closed')),
  'session.not-open': guide('the session is a draft, or opens later', show, notApplied('not-open')),
  'session.no-proposals': guide(
    'a draft without proposals was to be activated',
    'waggle proposal add SESSION PROPOSAL',
    notApplied('incomplete'),
  ),
  'session.rule-forbids': guide(
    'another key opened the session, no reason was given where the rule needs one, or the new deadline is not a later one',
    show,
    { path: 'closesAt', detail: 'a deadline only moves to later', ...notApplied('forbidden') },
  ),

  'proposal.unknown': guide('a misspelt proposal, or one of another session', 'waggle proposal list', {
    path: 'proposal',
  }),
  'proposal.exists': guide('the draft has a proposal with this id', 'waggle proposal list', notApplied('conflict')),

  'ballot.closed': guide('the deadline passed, all had voted, or somebody closed or cancelled the session', show, {
    ...refused('closed'),
  }),
  'ballot.not-open': guide('the session is a draft, or opens later', show, refused('not-open')),
  'ballot.not-eligible': guide('the electorate was signed without this voter', show, refused('not-eligible')),
  'ballot.already-voted': guide(
    'another ballot of this voter counts, and the rule says revisable: false',
    'waggle ballot list SESSION',
    { facts: { ballot: HEX, outcome: 'already-voted', counted: HEX } },
  ),
  'ballot.conflict': guide(
    'another ballot of this voter was counted first, or previous names one that was replaced',
    'waggle ballot list SESSION',
    refused('conflict'),
  ),
  'ballot.bad-signature': guide(
    'the signature is over other bytes or by another key, or the voter has no key in the registry',
    'waggle model list',
    refused('bad-signature'),
  ),
  'ballot.incomplete': guide(
    'the rule says complete: true, and a proposal has no answer',
    'waggle ballot submit FILE',
    { path: 'entries', facts: { ballot: HEX, outcome: 'incomplete', missing: ['p2'] } },
  ),
  'ballot.unknown-proposal': guide('a misspelt proposal, or one of another session', 'waggle proposal list', {
    path: `${ENTRY}.proposal`,
    ...refused('unknown-proposal'),
  }),
  'ballot.invalid-choice': guide(
    'a weight out of 1…10, a word the method of the session does not have, or a comment or veto the rule asks for or forbids',
    show,
    { path: `${ENTRY}.choice`, detail: 'expected a whole number 1…10, or one of approve, reject, abstain' },
  ),
  'ballot.expired': guide('notAfter passed before a block ordered the ballot', undefined, refused('expired')),
  'ballot.wrong-chain': guide('the ballot was signed for another network', status, refused('wrong-chain')),
  'ballot.wrong-shard': guide('the shards were dealt anew while the ballot was on its way', undefined, {
    ...refused('wrong-shard'),
  }),
  'ballot.malformed': guide('a node of another version carried the ballot', status, refused('malformed')),
  'ballot.unknown': guide('the id is mistyped, or the ballot is not final here yet', 'waggle ballot list SESSION', {
    path: 'ballot',
  }),
  'ballot.duplicate-proposal': guide('two entries name one proposal', 'waggle ballot submit FILE', {
    path: 'entries[1].proposal',
  }),
  'ballot.too-large': guide('comments and veto texts together pass 64 KiB', 'waggle ballot submit FILE'),
  'ballot.not-after': guide('notAfter is more than ten minutes away, or the clock of the client is', undefined, {
    path: 'notAfter',
  }),
  'ballot.not-operated': guide(
    'the registry names another operator for this voter, and only its node may sign for it',
    'waggle vote SESSION PROPOSAL CHOICE --as MODEL --node OPERATOR',
    { path: 'voter', detail: 'node2 operates it', facts: { operator: 'node2' } },
  ),
  'ballot.no-key': guide('the key of the model is not in the home of this node, or is an old one', 'waggle keys list', {
    path: 'voter',
  }),

  'receipt.unavailable': guide('await: "receipt" was asked for', undefined, { path: 'await' }),

  'model.unknown': guide('a misspelt model, or one nobody registered', 'waggle model list', { path: 'voter' }),
  'model.exists': guide(
    'the model was registered before, perhaps by a retry',
    'waggle model show MODEL',
    notApplied('conflict'),
  ),
  'model.operator-unknown': guide('a misspelt model or operator', 'waggle model list', {
    ...notApplied('not-eligible'),
  }),
  'model.key-used': guide('a key that was given up never comes back', 'waggle keys new MODEL', {
    path: 'key',
    ...notApplied('conflict'),
  }),
  'operation.forbidden': guide(
    'the operator key of this node is no opener of the space, or not among the admins',
    'waggle space list',
    { path: 'space', ...notApplied('forbidden') },
  ),
  'operation.stale': guide('another process signs with the same operator key', status, notApplied('stale')),
  'operation.bad-signature': guide('the operator key of this node is damaged', status, notApplied('bad-signature')),
  'operation.expired': guide('the network had no quorum, or the clock of this node is behind', status, {
    ...notApplied('expired'),
  }),
  'operation.malformed': guide(
    'a value the schema allows and the ledger does not: two proposals or openers alike, or a reason of the ledger’s own',
    undefined,
    {
      path: 'openers',
      ...notApplied('malformed'),
    },
  ),
  'operation.wrong-chain': guide('the node was moved to another network while it ran', status, {
    ...notApplied('wrong-chain'),
  }),
  'operation.too-large': guide('the signed record passes 512 KiB'),
  'observer.unknown': guide('a misspelt name, or an observer that was removed', undefined, {
    ...notApplied('not-eligible'),
  }),
  'observer.exists': guide('a validator or an admitted observer has the name or the peer id', undefined, {
    ...notApplied('conflict'),
  }),
  'observer.refused': guide('this node is no validator, or all places are taken', status, notApplied('forbidden')),
  'validator.unknown': guide('a misspelt name, or one that lost its seat', network, notApplied('not-eligible')),
  'change.exists': guide('a proposal was made before the last change took effect', network, notApplied('conflict')),
  'change.refused': guide(
    'signatures of admins are missing, a key is used twice or no point, or more members change than may at once',
    network,
    notApplied('forbidden'),
  ),
  'change.unknown': guide('it took effect, or was withdrawn', network, notApplied('not-eligible')),
  'change.approved': guide('the last new key has said that it is ready', network, notApplied('conflict')),

  'network.busy': guide('more ballots or operations wait here than the node takes', 'waggle status --cluster', {
    retryAfterMs: 200,
  }),

  'storage.read-only': guide('the disk is full or a write to it failed', status),
  'storage.damaged': guide('the disk of this node failed in part, or a file of it was changed', status, {
    retryAfterMs: 5_000,
  }),
};
