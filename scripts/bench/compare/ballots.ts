import type { SessionPlan } from '../../../consensus/sim/checkers/recount.ts';
import { type People, SPACE, type Voter } from '../../../consensus/sim/electorate.ts';
import { openOperation } from '../../../consensus/sim/sessions.ts';
import type { Input } from '../../../consensus/types.ts';
import { ITEM_KINDS } from '../../../protocol/chain/segment.ts';
import { encodeSignedBallot, signBallot } from '../../../protocol/governance/ballot.ts';
import { encodeSignedOperation } from '../../../protocol/governance/operation.ts';
import { sessionKey } from '../../../protocol/governance/row-keys.ts';
import { parseId, shardOf } from '../../../protocol/ids.ts';

type Submit = Extract<Input, { kind: 'submit' }>;

const NAME = 'bench';
const PROPOSAL = parseId('p1');
const COMMENT = 'a made-up comment of one hundred bytes '.padEnd(100, '.');
const OPEN_FOR_MS = 60_000;

/** Where its progress stands in the state of a node. */
export const SESSION_KEY = sessionKey(SPACE, NAME);

/** What opens the one session of a load, in which every voter of the world may vote once. */
export function openSession(people: People, timeMs: number): Submit {
  const electorate = people.voters.map(({ model }) => ({ voter: model.id, role: 'voter', weight: 1 }));
  const rule = { method: 'score', threshold: null, revisable: false, complete: true, close: 'opener' } as const;
  const session: SessionPlan = { name: NAME, rule, electorate, proposals: [PROPOSAL], closesAtMs: undefined };
  const signed = openOperation(people, session, 1, timeMs);
  const item = { kind: ITEM_KINDS.operation, bytes: encodeSignedOperation(signed) };
  return { kind: 'submit', shard: 0, item, id: signed.id };
}

/** A ballot of one entry and about 200 bytes, with its voter's signature where the voter signs. */
export function castBallot(people: People, { model, signer }: Voter, weight: number, timeMs: number): Submit {
  const choice = { method: 'score', weight } as const;
  const signed = signBallot(
    {
      ...{ chain: people.chain, space: SPACE, session: parseId(NAME), voter: model.id },
      ...{ previous: undefined, notAfterMs: timeMs + OPEN_FOR_MS, timeMs },
      entries: [{ proposal: PROPOSAL, choice, comment: COMMENT }],
    },
    model.auth === 'voter' ? signer?.sign : undefined,
  );
  const shard = shardOf(SPACE, model.id, people.genesis.params.shards);
  const item = { kind: ITEM_KINDS.ballot, bytes: encodeSignedBallot(signed) };
  return { kind: 'submit', shard, item, id: signed.id };
}
