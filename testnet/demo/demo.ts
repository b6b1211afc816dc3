import type { OpenTestnet } from '../network/open.ts';
import { concurrently, percentile } from '../voting/concurrently.ts';
import { membersOf } from '../voting/members.ts';
import { registerModels } from '../voting/registry.ts';
import { closeSession, freeSessionId, openSession } from '../voting/sessions.ts';
import { type SubmitContext, submitBallot } from '../voting/submit.ts';
import { type Agreement, talliesOf } from '../voting/tallies.ts';
import { DEMO_MODELS, DEMO_SPACE, demoBallot, demoSession } from './session.ts';

/** The last line of `npm start -- --once --json` (interface.md, First five minutes). */
export interface DemoResult {
  readonly chain: string;
  readonly nodes: number;
  readonly validators: number;
  readonly shards: number;
  readonly session: string;
  readonly ballots: number;
  readonly counted: number;
  readonly finalMsP50: number;
  readonly finalMsP99: number;
  readonly receiptsVerified: number;
  readonly resultsAgree: boolean;
}

const CONCURRENCY = 4;

/** Register, open, vote, close, count on every node. */
export async function runDemo(
  testnet: OpenTestnet,
  progress: (text: string) => void,
): Promise<{ readonly result: DemoResult; readonly agreement: Agreement }> {
  const { file } = testnet;
  const members = await membersOf(file);
  const wanted = DEMO_MODELS.map((id) => ({ id, role: 'general', provider: 'made-up' }));
  const voters = await registerModels(members, wanted, 'voter');
  progress(`${voters.size} models are registered, spread over ${members.length} operators`);
  const session = await freeSessionId(members, DEMO_SPACE, 'demo');
  await openSession(members, demoSession(session));
  progress(`session ${session} is open`);
  const context: SubmitContext = {
    chain: file.chain,
    space: DEMO_SPACE,
    session,
    members,
    revisable: false,
    lastFinalMs: performance.now(),
  };
  const submitted = await concurrently(DEMO_MODELS, CONCURRENCY, async (id, at) => {
    const voter = voters.get(id);
    if (voter === undefined) return { outcome: 'no-voter', finalMs: 0 };
    const answer = await submitBallot(context, voter, demoBallot(at));
    progress(`${id} through ${voter.operator.name}: ${answer.outcome}, final after ${answer.finalMs.toFixed(0)} ms`);
    return answer;
  });
  await closeSession(members, DEMO_SPACE, session, 'the demonstration is over');
  const agreement = await talliesOf(members, DEMO_SPACE, session);
  const latencies = submitted.map(({ finalMs }) => finalMs);
  const status = testnet.status[0];
  return {
    agreement,
    result: {
      chain: file.chain,
      nodes: file.nodes.length,
      validators: file.nodes.length,
      shards: status?.shards ?? 0,
      session,
      ballots: DEMO_MODELS.length,
      counted: submitted.filter(({ outcome }) => outcome === 'counted').length,
      finalMsP50: percentile(latencies, 0.5),
      finalMsP99: percentile(latencies, 0.99),
      // Receipts are not made yet: a count above zero would show a skipped check as passed.
      receiptsVerified: 0,
      resultsAgree: agreement.agree,
    },
  };
}
