/**
 * What a session announced before it was voted on. The instructions that said so are not part of a session's folder, so the
 * known ones stand here (domain.md 2, Thresholds and Veto); others are read from what lies in or beside the folder.
 */
export interface Announced {
  readonly threshold: AnnouncedThreshold | undefined;
  /** Percent from which a proposal that misses its threshold is on hold. */
  readonly hold?: number;
  readonly veto?: { readonly maxWeight: number; readonly revisionAt: number; readonly rejectAt: number };
  /** Voters that count for vetoes, as spelled; everybody where it is absent. */
  readonly generals?: readonly string[];
  /** Who might vote, as spelled; the models of the chain where it is absent. */
  readonly electorate?: readonly string[];
}

export interface AnnouncedThreshold {
  readonly op: '>=' | '>';
  /** Percent. */
  readonly standard: number;
  readonly byCategory: ReadonlyMap<string, number>;
  /** By proposal number, `037`. */
  readonly byProposal: ReadonlyMap<string, number>;
}

const NONE = new Map<string, number>();
const VETO = { maxWeight: 2, revisionAt: 50, rejectAt: 80 };
const MODELS_0002 = [
  'gpt-5',
  'claude-4-sonnet',
  'gemini-2.5-pro',
  'deepseek-r1-0528',
  'grok-3',
  'gpt-4o',
  'claude-3.7-sonnet',
  'gemini-2.5-flash',
  'deepseek-v3.1',
  'grok-code-fast-1',
];
const GENERALS_0003 = [
  'grok-code-fast-1',
  'openai-gpt-5-fast',
  'anthropic-claude-4-sonnet',
  'google-gemini-2-5-pro',
  'google-gemini-2-5-flash',
  'anthropic-claude-3-7-sonnet',
  'grok-3-beta',
  'gpt-4o',
];

function atLeast(standard: number, byCategory = NONE, byProposal = NONE): AnnouncedThreshold {
  return { op: '>=', standard, byCategory, byProposal };
}

const KNOWN = new Map<string, Announced>([
  ['0001', { threshold: undefined }],
  ['0002', { threshold: { op: '>', standard: 50, byCategory: NONE, byProposal: NONE }, electorate: MODELS_0002 }],
  [
    '0003',
    {
      threshold: atLeast(60, new Map([['Security', 55]]), new Map([['037', 70]])),
      hold: 40,
      veto: VETO,
      generals: GENERALS_0003,
      // Two models were demoted to collaborators after 0001; they vote and do not count for vetoes.
      electorate: [...GENERALS_0003, 'deepseek-r1-0528', 'deepseek-v3.1'],
    },
  ],
  ['0004', { threshold: atLeast(60), hold: 40, veto: VETO }],
  [
    '0005',
    {
      threshold: atLeast(
        70,
        NONE,
        new Map([
          ['056', 75],
          ['059', 75],
          ['057', 65],
          ['058', 65],
        ]),
      ),
      hold: 40,
      veto: VETO,
    },
  ],
]);

/**
 * By minute id; else by the tallies that lie beside the folder; else by the chain file; else nothing was announced.
 * `source` says which, for the report.
 */
export function announcedBy(
  minute: string,
  chain: Record<string, unknown>,
  expected: Record<string, unknown> | undefined,
): { readonly announced: Announced; readonly source: string } {
  const known = KNOWN.get(minute);
  if (known !== undefined) return { announced: known, source: `as minute ${minute} announced it` };
  if (expected !== undefined) return { announced: fromExpected(expected), source: 'from expected-tallies.json' };
  const standard = percentOf(chain.approval_threshold);
  if (standard === undefined) return { announced: { threshold: undefined }, source: 'none was announced' };
  return {
    announced: { threshold: fromChain(standard, record(chain.special_thresholds)) },
    source: 'from voting_chain.json',
  };
}

function fromExpected(expected: Record<string, unknown>): Announced {
  const rule = record(expected.rule_announced);
  const veto = record(expected.veto_rule);
  const standard = numberOf(rule.std);
  const generals = textsOf(expected.generals);
  return {
    threshold:
      standard === undefined
        ? undefined
        : {
            op: rule.op === '>' ? '>' : '>=',
            standard,
            byCategory: numbers(rule.categories),
            byProposal: numbers(rule.ids),
          },
    ...(numberOf(veto.weight_max) === undefined
      ? {}
      : {
          hold: 40,
          veto: {
            maxWeight: numberOf(veto.weight_max) ?? VETO.maxWeight,
            revisionAt: numberOf(veto.consensus) ?? VETO.revisionAt,
            rejectAt: numberOf(veto.auto_reject) ?? VETO.rejectAt,
          },
        }),
    ...(generals === undefined ? {} : { generals }),
  };
}

/** `{"037": 0.7, "security_proposals": 0.55}`: a proposal number, or a category in lower case with a suffix. */
function fromChain(standard: number, special: Record<string, unknown>): AnnouncedThreshold {
  const byCategory = new Map<string, number>();
  const byProposal = new Map<string, number>();
  for (const [name, value] of Object.entries(special)) {
    const percent = percentOf(value);
    if (percent === undefined) continue;
    const category = /^([a-z]+)_proposals$/.exec(name)?.[1];
    if (category === undefined) byProposal.set(name, percent);
    else byCategory.set(category.charAt(0).toUpperCase() + category.slice(1), percent);
  }
  return { op: '>=', standard, byCategory, byProposal };
}

/** A share (0.6) or a percentage (60); whole percents only, as thresholds were announced. */
function percentOf(value: unknown): number | undefined {
  if (typeof value !== 'number' || !(value > 0) || value > 100) return undefined;
  return Math.round(value <= 1 ? value * 100 : value);
}

function numbers(value: unknown): Map<string, number> {
  return new Map(
    Object.entries(record(value)).flatMap(([name, one]) => (typeof one === 'number' ? [[name, one]] : [])),
  );
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

function textsOf(value: unknown): string[] | undefined {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : undefined;
}

export function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
