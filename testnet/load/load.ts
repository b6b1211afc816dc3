import type { SessionResult } from '../../node/cli/rpc-shapes.ts';
import type { AuthMode } from '../../protocol/governance/types.ts';
import { type Id, parseId } from '../../protocol/ids.ts';
import type { OpenTestnet } from '../network/open.ts';
import { concurrently, percentile } from '../voting/concurrently.ts';
import { isNoAnswer, type Member, membersOf, QUORUM_WAIT_MS } from '../voting/members.ts';
import { registerModels, type Voter } from '../voting/registry.ts';
import { closeSession, freeSessionId, openSession } from '../voting/sessions.ts';
import { type SubmitContext, submitBallot } from '../voting/submit.ts';

export interface LoadOptions {
  readonly voters: number;
  readonly ballots: number;
  readonly concurrency: number;
  readonly auth: AuthMode;
}

/** What `-o json` prints (interface.md, `testnet load`). */
export interface LoadResult {
  readonly space: string;
  readonly session: string;
  readonly submitted: number;
  /** Ballots that every node which answers has executed as counted. */
  readonly counted: number;
  /** In the order of the nodes; null for one that does not answer. */
  readonly countedPerNode: readonly (number | null)[];
  readonly perS: number;
  readonly finalMsP50: number;
  readonly finalMsP99: number;
}

const SPACE = 'main';
const PROPOSAL = parseId('p1');
/** With the rest of a ballot about 200 bytes (goals.md, Workload W). */
const COMMENT_BYTES = 100;
const POLL_MS = 50;

/** Made-up voters vote in a new session. @throws WaggleError WAGGLE_CLI_UNAVAILABLE nothing became final for 20 s */
export async function runLoad(
  testnet: OpenTestnet,
  options: LoadOptions,
  progress: (text: string) => void,
  onFinal: (count: number) => void = () => undefined,
): Promise<LoadResult> {
  const members = await membersOf(testnet.file);
  const ids = Array.from({ length: options.voters }, (_, at) => parseId(`${options.auth}-${at + 1}`));
  progress(`registering ${options.voters} voters, auth ${options.auth}`);
  const wanted = ids.map((id) => ({ id, role: 'general' }));
  const voters = [...(await registerModels(members, wanted, options.auth)).values()];
  const session = await freeSessionId(members, SPACE, 'load');
  const revisable = options.ballots > options.voters;
  await openSession(members, sessionParams(session, ids, revisable));
  progress(`session ${session} is open; ${options.ballots} ballots, ${options.concurrency} at once`);
  const context: SubmitContext = {
    chain: testnet.file.chain,
    space: SPACE,
    session,
    members,
    revisable,
    lastFinalMs: performance.now(),
  };
  const startedMs = performance.now();
  const latencies = await submitAll(context, voters, options, onFinal);
  const countedPerNode = await countOn(members, session, latencies.length);
  const elapsedMs = performance.now() - startedMs;
  await closeSession(members, SPACE, session, 'the load is over');
  const counted = Math.min(...countedPerNode.filter((one) => one !== null));
  return {
    space: SPACE,
    session,
    submitted: options.ballots,
    counted: Number.isFinite(counted) ? counted : 0,
    countedPerNode,
    perS: Math.round((latencies.length / elapsedMs) * 10_000) / 10,
    finalMsP50: percentile(latencies, 0.5),
    finalMsP99: percentile(latencies, 0.99),
  };
}

function sessionParams(session: string, voters: readonly Id[], revisable: boolean): object {
  return {
    space: SPACE,
    session,
    title: 'Load',
    proposals: [{ id: PROPOSAL, title: 'Made-up proposal' }],
    rule: { method: 'score', threshold: null, revisable, complete: true, close: 'opener' },
    electorate: voters.map((voter) => ({ voter, role: 'general', weight: 1 })),
  };
}

/** A voter's ballots go one after the other, so that each knows the one before; voters go side by side. */
async function submitAll(
  context: SubmitContext,
  voters: readonly Voter[],
  options: LoadOptions,
  onFinal: (count: number) => void,
): Promise<number[]> {
  const latencies: number[] = [];
  const rounds = Math.ceil(options.ballots / voters.length);
  await concurrently(voters, options.concurrency, async (voter, at) => {
    for (let round = 0; round < rounds && at + round * voters.length < options.ballots; round++) {
      const weight = 1 + ((at + round) % 10);
      const comment = `made-up comment ${at}/${round} `.padEnd(COMMENT_BYTES, '.');
      const { finalMs } = await submitBallot(context, voter, [{ proposal: PROPOSAL, choice: weight, comment }]);
      latencies.push(finalMs);
      onFinal(latencies.length);
    }
  });
  return latencies;
}

/** Counted ballots of the session on each node, waited for until all that answer have `wanted`. */
async function countOn(members: readonly Member[], session: string, wanted: number): Promise<(number | null)[]> {
  const deadlineMs = performance.now() + QUORUM_WAIT_MS;
  for (;;) {
    const counts = await Promise.all(members.map((member) => countOf(member, session)));
    const done = counts.every((count) => count === null || count >= wanted);
    if (done || performance.now() >= deadlineMs) return counts;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function countOf({ client }: Member, session: string): Promise<number | null> {
  try {
    const { progress } = await client.call<SessionResult>(
      'session_get',
      { space: SPACE, session },
      { timeoutMs: 5_000, attempts: 1 },
    );
    return progress?.ballots ?? 0;
  } catch (error) {
    if (isNoAnswer(error)) return null;
    throw error;
  }
}
