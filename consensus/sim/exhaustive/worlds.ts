import type { Rules } from './rules.ts';

/** What is explored to the end, and how far at most; `breaks` is what a wrong rule must lead to (consensus.md 2.12). */
export interface SmallWorld {
  readonly name: string;
  readonly rules: Rules;
  readonly breaks?: RegExp;
}

const FOUR = { n: 4, byzantine: 1, quorum: 3 } as const;

export const SMALL_WORLDS: readonly SmallWorld[] = [
  { name: 'n = 4, one Byzantine, one view', rules: { ...FOUR, views: 1 } },
  { name: 'n = 4, one Byzantine, two views', rules: { ...FOUR, views: 2 } },
  { name: 'n = 6, one Byzantine, one view, q = 5', rules: { n: 6, byzantine: 1, quorum: 5, views: 1 } },
  { name: 'n = 4, two Byzantine', rules: { ...FOUR, byzantine: 2, views: 1 }, breaks: /^S[1-4]/ },
  { name: 'NEG1 votes are not persisted', rules: { ...FOUR, views: 1, forgets: 'votes' }, breaks: /^S[34]/ },
  { name: 'NEG2 notarizes are not persisted', rules: { ...FOUR, views: 1, forgets: 'notarizes' }, breaks: /^S4/ },
  { name: 'NEG4 n = 6 with q = 2f + 1', rules: { n: 6, byzantine: 1, quorum: 3, views: 1 }, breaks: /^S4/ },
  { name: 'NEG5 finalize after nullify', rules: { ...FOUR, views: 1, finalizesNullified: true }, breaks: /^S3/ },
];
