import { failureOf } from '../../node/cli/failures.ts';
import { codeOf } from '../../protocol/errors.ts';
import type { AuthMode } from '../../protocol/governance/types.ts';
import type { Progress } from '../network/control.ts';
import { readGenesisFile } from '../network/genesis-file.ts';
import type { OpenTestnet } from '../network/open.ts';
import { concurrently } from '../voting/concurrently.ts';
import { membersOf } from '../voting/members.ts';
import { registerModels } from '../voting/registry.ts';
import { closeSession, ensureSpace, freeSessionId, openSession } from '../voting/sessions.ts';
import { type SubmitContext, submitBallot } from '../voting/submit.ts';
import { type Agreement, proposalsOf, talliesOf } from '../voting/tallies.ts';
import { type Comparison, compareTallies } from './compare.ts';
import type { ReplayBallot } from './read-ballot.ts';
import type { ReplaySession } from './read-session.ts';

export interface ReplayOptions {
  readonly auth: AuthMode;
  readonly space: string;
}

export interface Replayed {
  readonly session: string;
  readonly counted: number;
  readonly agreement: Agreement;
  readonly comparison: Comparison | undefined;
}

/** Ballots in flight: enough to keep every node busy, few enough to follow. */
const CONCURRENCY = 8;

/** Open the session on a running network, vote it again, close it, and ask every node for the count. */
export async function replaySession(
  testnet: OpenTestnet,
  session: ReplaySession,
  { auth, space }: ReplayOptions,
  progress: Progress,
): Promise<Replayed> {
  const members = await membersOf(testnet.file);
  const genesis = await readGenesisFile(testnet.file.genesis);
  await ensureSpace(members, space, genesis.openers);
  const labels = new Map(session.ballots.map(({ voter, label }) => [voter, label]));
  const wanted = session.electorate.map(({ voter }) => {
    const label = labels.get(voter);
    return { id: voter, ...(label === undefined ? {} : { label }) };
  });
  const voters = await registerModels(members, wanted, auth);
  const id = await freeSessionId(members, space, session.minute);
  if (id !== session.minute) progress(`session ${session.minute} exists in ${space}; this one is ${id}`);
  const { title, proposals, rule, electorate } = session;
  await openSession(members, { space, session: id, title, proposals, rule, electorate });
  progress(`session ${space}/${id} is open: ${proposals.length} proposals, ${electorate.length} electors`);
  const context: SubmitContext = {
    chain: testnet.file.chain,
    space,
    session: id,
    members,
    revisable: false,
    lastFinalMs: performance.now(),
  };
  const outcomes = await concurrently(session.ballots, CONCURRENCY, async (ballot) => {
    const voter = voters.get(ballot.voter);
    if (voter === undefined) return 'no-voter';
    try {
      const { outcome, finalMs } = await submitBallot(context, voter, ballot.entries);
      progress(line(ballot, voter.operator.name, outcome, finalMs));
      return outcome;
    } catch (error) {
      // One ballot that the ledger refuses is a fact about that ballot; the others are still voted.
      if (codeOf(error) !== 'WAGGLE_RPC_REFUSED') throw error;
      const { line: reason } = failureOf(error);
      progress(`${ballot.voter} through ${voter.operator.name}: refused, ${reason}`);
      return 'refused';
    }
  });
  await closeSession(members, space, id, 'all recorded ballots are in');
  const agreement = await talliesOf(members, space, id);
  return {
    session: id,
    counted: outcomes.filter((one) => one === 'counted' || one === 'duplicate').length,
    agreement,
    comparison: session.expected && compareTallies(session.expected, proposalsOf(agreement)),
  };
}

function line({ voter, entries }: ReplayBallot, node: string, outcome: string, finalMs: number): string {
  return `${voter} through ${node}: ${entries.length} entries ${outcome}, final after ${finalMs.toFixed(0)} ms`;
}
