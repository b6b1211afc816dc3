import type { Cast } from './load.ts';

/** Voters with the ballots that one node says count. */
export type Ledger = ReadonlyMap<string, readonly unknown[]>;

export interface Count {
  readonly proposal: string;
  readonly n: number;
  readonly total: number;
}

/** The sums that must come out when exactly these voters count, from what they signed and not from what a node says. */
export function recount(cast: readonly Cast[], ledger: Ledger): Count[] {
  const sums = new Map<string, { n: number; total: number }>();
  for (const { voter, choices } of cast) {
    const times = ledger.get(voter)?.length ?? 0;
    for (const [proposal, weight] of choices) {
      const sum = sums.get(proposal) ?? { n: 0, total: 0 };
      // A voter counted twice is found by the audit; here the tally need only say what the ledger has.
      sums.set(proposal, { n: sum.n + times, total: sum.total + times * weight });
    }
  }
  return [...sums].map(([proposal, sum]) => ({ proposal, ...sum })).sort(byProposal);
}

/** How many of the tallies are not what was counted again from the ledger of the same node, or name other proposals. */
export function wrongTallies(
  cast: readonly Cast[],
  nodes: readonly { ledger: Ledger; tally: readonly Count[] }[],
): number {
  return nodes.filter(({ ledger, tally }) => textOf(tally) !== textOf(recount(cast, ledger))).length;
}

/** Different results among the nodes; 1 when all agree. */
export function distinctTallies(tallies: readonly (readonly Count[])[]): number {
  return new Set(tallies.map(textOf)).size;
}

function textOf(tally: readonly Count[]): string {
  return [...tally]
    .sort(byProposal)
    .map(({ proposal, n, total }) => `${proposal}:${n}:${total}`)
    .join(' ');
}

function byProposal(a: { proposal: string }, b: { proposal: string }): number {
  return a.proposal < b.proposal ? -1 : a.proposal > b.proposal ? 1 : 0;
}
