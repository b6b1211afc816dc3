import type { TallyProposal, TallyResult } from '../../node/cli/rpc-shapes.ts';
import { isNoAnswer, type Member } from './members.ts';

/** What one node counts. `undefined` where it did not answer. */
export interface NodeTally {
  readonly node: string;
  readonly tally: TallyResult | undefined;
}

export interface Agreement {
  readonly tallies: readonly NodeTally[];
  /** All that answered say the same at one height, and those are all, or enough to make a result (n − f). */
  readonly agree: boolean;
}

const SETTLE_MS = 10_000;
const POLL_MS = 100;

/** Ask every node for a tally until all that answer stand at one height, or for 10 s. */
export async function talliesOf(members: readonly Member[], space: string, session: string): Promise<Agreement> {
  const deadlineMs = performance.now() + SETTLE_MS;
  for (;;) {
    const tallies = await Promise.all(members.map((member) => tallyOf(member, space, session)));
    const agreement = { tallies, agree: agreeing(tallies) };
    if (agreement.agree || performance.now() >= deadlineMs) return agreement;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function tallyOf(member: Member, space: string, session: string): Promise<NodeTally> {
  try {
    const tally = await member.client.call<TallyResult>(
      'tally_get',
      { space, session },
      { timeoutMs: 5_000, attempts: 1 },
    );
    return { node: member.name, tally };
  } catch (error) {
    if (isNoAnswer(error)) return { node: member.name, tally: undefined };
    throw error;
  }
}

/** @returns false also when too few answered to make a quorum */
export function agreeing(tallies: readonly NodeTally[]): boolean {
  const answered = tallies.flatMap(({ tally }) => (tally === undefined ? [] : [tally]));
  const faultsMax = Math.floor((tallies.length - 1) / 3);
  if (answered.length < tallies.length - faultsMax) return false;
  const first = answered[0];
  if (first === undefined) return false;
  const expected = canonicalJson(first.proposals);
  return answered.every(({ height, proposals }) => height === first.height && canonicalJson(proposals) === expected);
}

/** JSON with sorted keys: equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const fields = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${fields.map(([name, one]) => `${JSON.stringify(name)}:${canonicalJson(one)}`).join(',')}}`;
}

/** The proposals of the first node that answered. */
export function proposalsOf({ tallies }: Agreement): readonly TallyProposal[] {
  return tallies.find(({ tally }) => tally !== undefined)?.tally?.proposals ?? [];
}
