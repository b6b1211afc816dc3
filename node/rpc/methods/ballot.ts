import { z } from 'zod';
import { sessionKey } from '../../../protocol/governance/row-keys.ts';
import type { HeadRow } from '../../../protocol/governance/state.ts';
import { hashesEqual } from '../../../protocol/hash.ts';
import { toHex } from '../../../protocol/hex.ts';
import { OUTCOMES, type Outcome } from '../../../protocol/outcome.ts';
import type { Desk } from '../desk.ts';
import { hash, id, out, page, pageOf } from '../fields.ts';
import { defineMethod } from '../method.ts';
import type { BallotFacts } from '../node-api.ts';
import { notFound } from '../not-found.ts';
import { defined, renderEntry, toTime } from '../render.ts';
import { findSession } from './session.ts';

const entry = z.strictObject({
  proposal: out.id,
  choice: z.union([z.int(), z.enum(['approve', 'reject', 'abstain'])]),
  comment: z.string().optional(),
  veto: z.string().optional(),
});

const facts = z.strictObject({
  ballot: out.hex,
  space: out.id,
  session: out.id,
  voter: out.id,
  previous: out.hex.nullable(),
  notAfter: out.time,
  time: out.time,
  entries: z.array(entry),
  /** How it is authenticated: by the voter's own signature, or by its operator's segment. */
  auth: z.enum(['voter', 'operator']),
  signature: out.hex.optional(),
  outcome: z.enum(Object.keys(OUTCOMES) as [string, ...string[]]),
  height: out.height,
  shard: z.int().min(1),
  author: z.string(),
  /** The ballot of this voter that counts instead; absent where this one does. */
  supersededBy: out.hex.optional(),
});

export const ballotGet = defineMethod('ballot_get', {
  summary: 'A final ballot, its outcome, and the ballot that replaced it.',
  params: z.strictObject({ ballot: hash }),
  result: facts,
  handle: async ({ ballot }, desk) => {
    const found = await desk.api.ballot(ballot);
    if (found === undefined) throw await notFound(desk.api, { ballot }, 'ballot.unknown', 'ballot');
    return await renderBallot(desk, found);
  },
});

export const ballotList = defineMethod('ballot_list', {
  summary: 'Final ballots of a session with all outcomes, by voter, height and place.',
  params: z.strictObject({ space: id, session: id, voter: id.optional(), ...page }),
  result: pageOf(facts),
  heavy: true,
  handle: async ({ space, session, voter, limit, cursor }, desk) => {
    findSession(desk.api.state(), space, session);
    const after = cursor === undefined ? {} : { after: cursor };
    const of = voter === undefined ? {} : { voter };
    const found = await desk.api.ballots(space, session, { ...of, ...after, limit: limit + 1 });
    const shown = found.slice(0, limit);
    const next = found.length > limit ? (shown.at(-1)?.cursor ?? null) : null;
    const items = await Promise.all(shown.map((one) => renderBallot(desk, one)));
    return { items, next, at: { height: desk.api.head().height } };
  },
});

async function renderBallot(desk: Desk, { ballot: signed, outcome, height, shard, author }: BallotFacts) {
  const { ballot, id: ballotId, signature } = signed;
  const { space, session, voter, previous, notAfterMs, timeMs, entries } = ballot;
  const head = await replacementOf(desk, { outcome, space, session, voter });
  const isReplaced = head !== undefined && !hashesEqual(head.ballot, ballotId);
  return defined({
    ballot: toHex(ballotId),
    space,
    session,
    voter,
    previous: previous === undefined ? null : toHex(previous),
    notAfter: toTime(notAfterMs),
    time: toTime(timeMs),
    entries: entries.map(renderEntry),
    auth: signature === undefined ? ('operator' as const) : ('voter' as const),
    signature: signature === undefined ? undefined : toHex(signature),
    outcome,
    height,
    shard,
    author,
    supersededBy: isReplaced ? toHex(head.ballot) : undefined,
  });
}

/** The head of the voter, where another ballot than the counted one may have become it. */
async function replacementOf(
  desk: Desk,
  { outcome, space, session, voter }: { outcome: Outcome; space: string; session: string; voter: string },
): Promise<HeadRow | undefined> {
  const isRevisable = desk.api.state().sessions.get(sessionKey(space, session))?.rule.revisable === true;
  return outcome === 'counted' && isRevisable ? await desk.api.headOf(space, session, voter) : undefined;
}
