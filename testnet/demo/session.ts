import { type Id, parseId } from '../../protocol/ids.ts';
import type { EntryParams } from '../voting/submit.ts';

/* The demonstration's session: all of it is made up. */

const PROPOSALS = [
  ['north-meadow', 'Move the hive to the north meadow', 'Site'],
  ['old-oak', 'Move the hive into the old oak', 'Site'],
  ['guards', 'Post more guards at the entrance', 'Security'],
  ['winter-stores', 'Fill the winter stores first', 'Supply'],
] as const;

const MODELS = [
  'amber-large',
  'basil-2',
  'clover-pro',
  'daisy-mini',
  'erica-4',
  'fennel-large',
  'gorse-3',
  'heather-pro',
  'iris-2',
  'jasmine-large',
  'knapweed-1',
  'linden-pro',
  'mallow-4',
] as const;

export const DEMO_SPACE = 'main';
export const DEMO_MODELS: readonly Id[] = MODELS.map((name) => parseId(name));

export const DEMO_PROPOSALS: readonly { readonly id: Id; readonly title: string; readonly category: string }[] =
  PROPOSALS.map(([id, title, category]) => ({ id: parseId(id), title, category }));

/** Weights by proposal: one that everybody likes, one near its threshold, one between, one vetoed. */
const BASE = [9, 6, 8, 3];
const SPREAD = 3;

/** The ballot of a model: always the same, so every demonstration counts to the same result. */
export function demoBallot(model: number): EntryParams[] {
  return DEMO_PROPOSALS.map(({ id }, at) => {
    const weight = Math.min(10, Math.max(1, (BASE[at] ?? 5) - 1 + ((model * (at + 2)) % SPREAD)));
    return {
      proposal: id,
      choice: weight,
      comment: `made-up reason of ${MODELS[model % MODELS.length]}`,
      ...(weight <= 2 ? { veto: 'made-up objection: the stores would not last' } : {}),
    };
  });
}

/** What session_open takes. */
export function demoSession(session: string): object {
  const percent = (num: number) => ({ num, den: 1 });
  return {
    space: DEMO_SPACE,
    session,
    title: 'Demonstration: where shall the swarm go',
    proposals: DEMO_PROPOSALS,
    rule: {
      method: 'score',
      threshold: { op: '>=', percent: percent(60), byCategory: { Security: percent(55) } },
      hold: percent(40),
      veto: { maxWeight: 2, role: 'general', textRequired: true, revisionAt: 50, rejectAt: 80 },
      revisable: false,
      complete: true,
      close: 'opener',
    },
    electorate: DEMO_MODELS.map((voter) => ({ voter, role: 'general', weight: 1 })),
  };
}
