import type { WaggleClientError } from '../../client/errors.ts';
import type { BallotListResult } from '../../client/generated/methods.ts';
import type { VoteResult } from '../../client/vote/answers.ts';
import type { Member } from '../voting/members.ts';

/** What a voter was told. */
export type Told = { readonly voter: string } & (
  | { readonly result: VoteResult }
  | { readonly error: WaggleClientError }
);

export interface Audit {
  /** Counted ballots of the session on each node. */
  readonly countedPerNode: readonly number[];
  /** Voters with more than one counted ballot, on any node. */
  readonly doubled: number;
  /** Promises that say otherwise than any node's ledger: counted and not there or elsewhere, refused and there. */
  readonly untrue: number;
}

const PAGE = 1_000;

/** Every promise against every node's ledger. */
export async function auditPromises(
  members: readonly Member[],
  space: string,
  session: string,
  told: readonly Told[],
): Promise<Audit> {
  const ledgers = await Promise.all(members.map((member) => countedOn(member, space, session)));
  const doubled = new Set(
    ledgers.flatMap((ledger) => [...ledger].flatMap(([voter, all]) => (all.length > 1 ? voter : []))),
  );
  const untrue = told.filter((one) => !ledgers.every((ledger) => isTrue(one, ledger.get(one.voter) ?? [])));
  return {
    countedPerNode: ledgers.map((ledger) => [...ledger.values()].reduce((sum, all) => sum + all.length, 0)),
    doubled: doubled.size,
    untrue: untrue.length,
  };
}

function isTrue(told: Told, counted: readonly BallotListResult['items'][number][]): boolean {
  if ('result' in told) {
    const found = counted.find(({ ballot }) => ballot === told.result.ballot);
    return found !== undefined && (told.result.height === undefined || found.height === told.result.height);
  }
  // Undecided claims nothing; a refusal says that it never counts.
  return told.error.code === 'WAGGLE_CLIENT_UNDECIDED' || counted.length === 0;
}

/** The counted ballots of a session as one node has them, by voter. */
export async function countedOn({ client }: Member, space: string, session: string) {
  const byVoter = new Map<string, BallotListResult['items'][number][]>();
  for (let cursor: string | null = null; ; ) {
    const params = { space, session, limit: PAGE, ...(cursor === null ? {} : { cursor }) };
    const page: BallotListResult = await client.call<BallotListResult>('ballot_list', params);
    for (const item of page.items) {
      if (item.outcome === 'counted') byVoter.set(item.voter, [...(byVoter.get(item.voter) ?? []), item]);
    }
    cursor = page.next;
    if (cursor === null) return byVoter;
  }
}
