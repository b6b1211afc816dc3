import { z } from 'zod';
import type { SessionRule } from '../../../protocol/governance/types.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import { fraction, id, text, title } from '../fields.ts';

/** The rule as clients write it (interface.md, Rule and electorate); defaults are signed like any other value. */

const percent = fraction.refine(({ num, den }) => num <= 100 * den, {
  error: 'expected at most 100 percent: num/den <= 100',
});
const share = fraction.refine(({ num, den }) => num > 0 && num <= den, {
  error: 'expected a share of one: 0 < num/den <= 1',
});
const role = text(LIMITS.roleBytesMax);
const percents = (name: z.ZodType<string, string>) =>
  z.record(name, percent).refine((given) => Object.keys(given).length <= LIMITS.proposalsMax, {
    error: `too many: ${LIMITS.proposalsMax} at most`,
  });

const threshold = z.strictObject({
  op: z.enum(['>=', '>']),
  percent,
  byCategory: percents(title).optional(),
  byProposal: percents(id).optional(),
});

const quorum = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('votes'), votes: z.int().min(1).max(LIMITS.electorsMax) }),
  z.strictObject({ kind: z.literal('share'), share }),
]);

const veto = z
  .strictObject({
    maxWeight: z.int().min(1).max(10).default(2),
    role: role.default('general'),
    textRequired: z.boolean().default(true),
    revisionAt: z.int().min(1).max(100).default(50),
    rejectAt: z.int().min(1).max(100).default(80),
  })
  .refine(({ revisionAt, rejectAt }) => revisionAt <= rejectAt, {
    error: 'expected at most rejectAt',
    path: ['revisionAt'],
  });

export const ruleField = z
  .strictObject({
    method: z.enum(['score', 'stance']),
    threshold: threshold.nullable().default(null),
    hold: percent.optional(),
    quorum: quorum.optional(),
    veto: veto.optional(),
    revisable: z.boolean().default(false),
    complete: z.boolean().default(true),
    commentRequired: z.boolean().optional(),
    auth: z.literal('voter').optional(),
    close: z.enum(['deadline', 'all-voted', 'opener']),
  })
  .refine(({ hold, threshold: one }) => hold === undefined || one !== null, {
    error: 'needs a threshold beside it',
    path: ['hold'],
  })
  .refine(({ veto: one, method }) => one === undefined || method === 'score', {
    error: 'needs method score',
    path: ['veto'],
  })
  .refine(({ close, revisable }) => close !== 'all-voted' || !revisable, {
    error: 'a revisable session cannot close by all-voted: expected deadline or opener',
    path: ['close'],
  });

export const electorField = z.strictObject({
  voter: id,
  role: role.default('general'),
  weight: z.int().min(1).max(LIMITS.electorWeightMax).default(1),
});

export const proposalField = z.strictObject({
  id,
  title,
  label: title.optional(),
  category: title.optional(),
  author: title.optional(),
  body: text(LIMITS.bodyTextBytesMax).optional(),
});

type Loose<Value> = Value extends object ? { readonly [Key in keyof Value]: Loose<Value[Key]> | undefined } : Value;

/** The parsed rule as the ledger's type: what is undefined is left out, at any depth. */
export function toRule(given: z.output<typeof ruleField>): SessionRule {
  return withoutUndefined(given as Loose<SessionRule>) as SessionRule;
}

/** A copy without undefined fields; used on parsed records only, whose depth their schema bounds. */
export function withoutUndefined<Value>(value: Value): Value {
  if (Array.isArray(value)) return value.map(withoutUndefined) as Value;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(entries.map(([name, field]) => [name, withoutUndefined(field)])) as Value;
}
