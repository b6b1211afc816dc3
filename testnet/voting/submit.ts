import { isRetryable } from '../../node/cli/rpc-client.ts';
import type { SubmitResult } from '../../node/cli/rpc-shapes.ts';
import { type SignedBallot, signBallot } from '../../protocol/governance/ballot.ts';
import type { Choice, Entry } from '../../protocol/governance/types.ts';
import { fromHex, toHex } from '../../protocol/hex.ts';
import { type Id, parseId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { isNoQuorum, type Member, noQuorum, QUORUM_WAIT_MS } from './members.ts';
import type { Voter } from './registry.ts';

/** An entry as JSON-RPC takes it. */
export interface EntryParams {
  readonly proposal: Id;
  readonly choice: number | 'approve' | 'reject' | 'abstain';
  readonly comment?: string;
  readonly veto?: string;
}

export interface SubmitContext {
  readonly chain: string;
  readonly space: string;
  readonly session: string;
  readonly members: readonly Member[];
  readonly revisable: boolean;
  /** When anything of this run became final last; performance.now(). */
  lastFinalMs: number;
}

export interface Submitted {
  readonly outcome: string;
  readonly finalMs: number;
}

/** A busy node takes nothing and says when to come back. */
const BUSY_ATTEMPTS = 20;
const RETRY_MS = 200;
/** How long one node is waited for where another may take its place. */
const FAILOVER_MS = 5_000;

/**
 * Submit a ballot through the node that operates its voter, until it is final. When that node does not answer, a voter
 * whose key is at hand signs here and another node carries the same bytes; otherwise the node is waited for.
 * @throws WaggleError WAGGLE_CLI_UNAVAILABLE nothing at all became final for 20 s; WAGGLE_RPC_REFUSED
 */
export async function submitBallot(
  context: SubmitContext,
  voter: Voter,
  entries: readonly EntryParams[],
): Promise<Submitted> {
  const { space, session, members } = context;
  const startedMs = performance.now();
  const others = members.filter((member) => member !== voter.operator);
  const unsigned = { space, session, voter: voter.id, entries, await: 'final' };
  // A second ballot of a voter names the first as previous, which only the operating node keeps for it.
  const canSignHere = voter.key !== undefined && others.length > 0 && !context.revisable;
  const patience = { attempts: BUSY_ATTEMPTS, timeoutMs: canSignHere ? FAILOVER_MS : QUORUM_WAIT_MS };
  let own: { readonly signed: SignedBallot; readonly params: object } | undefined;
  for (let attempt = 0; ; attempt++) {
    const carrier =
      own === undefined ? voter.operator : ([...others, voter.operator][attempt % members.length] ?? voter.operator);
    try {
      const answer = await carrier.client.call<SubmitResult>('ballot_submit', own?.params ?? unsigned, patience);
      context.lastFinalMs = performance.now();
      return { outcome: answer.outcome ?? answer.status, finalMs: context.lastFinalMs - startedMs };
    } catch (error) {
      if (!mayPass(error)) throw error;
    }
    const now = performance.now();
    if (now - Math.max(context.lastFinalMs, startedMs) > QUORUM_WAIT_MS) throw noQuorum(members.length);
    if (canSignHere) own = freshEnough(own, context, voter, entries);
    if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** The ballot may be in no ledger yet, and trying again cannot make it two. */
function mayPass(error: unknown): boolean {
  return isNoQuorum(error) || isRetryable(error);
}

/** The same bytes again while they may still be ordered, else the ballot with a new lifetime. */
function freshEnough(
  own: { readonly signed: SignedBallot; readonly params: object } | undefined,
  context: SubmitContext,
  voter: Voter,
  entries: readonly EntryParams[],
): typeof own {
  if (own !== undefined && own.signed.ballot.notAfterMs > Date.now()) return own;
  const timeMs = Date.now();
  const ballot = {
    chain: fromHex(context.chain, 32),
    space: parseId(context.space),
    session: parseId(context.session),
    voter: voter.id,
    previous: undefined,
    notAfterMs: timeMs + LIMITS.ballotLifetimeMs,
    timeMs,
    entries: entries.map(toEntry).sort((a, b) => (a.proposal < b.proposal ? -1 : 1)),
  };
  const signed = signBallot(ballot, voter.key?.sign);
  const params = {
    space: context.space,
    session: context.session,
    voter: voter.id,
    entries,
    notAfter: new Date(ballot.notAfterMs).toISOString(),
    time: new Date(timeMs).toISOString(),
    signature: toHex(signed.signature ?? new Uint8Array()),
    await: 'final',
  };
  return { signed, params };
}

function toEntry({ proposal, choice, comment, veto }: EntryParams): Entry {
  const cast: Choice =
    typeof choice === 'number' ? { method: 'score', weight: choice } : { method: 'stance', stance: choice };
  return {
    proposal,
    choice: cast,
    ...(comment === undefined ? {} : { comment }),
    ...(veto === undefined ? {} : { veto }),
  };
}
