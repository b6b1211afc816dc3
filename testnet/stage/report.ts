import type { Screen } from '../../node/cli/output.ts';
import type { ScenarioResult } from './run.ts';

const WORDS = { holds: 'holds', broken: 'BROKEN', skipped: 'skipped' } as const;

/** One line for who watches, when a scenario is over. */
export function lineOf(result: ScenarioResult): string {
  return `${result.scenario} ${WORDS[result.verdict]} after ${seconds(result)}: ${figuresOf(result)}`;
}

/** scenario | holds | figures. What broke stands below in full, since a column may be cut. */
export function scenarioScreen(results: readonly ScenarioResult[]): Screen {
  const count = (verdict: ScenarioResult['verdict']) => results.filter((one) => one.verdict === verdict).length;
  const skipped = count('skipped') === 0 ? '' : `, ${count('skipped')} skipped`;
  const broken = results.filter(({ verdict }) => verdict === 'broken');
  const [first] = broken;
  return {
    title: `${count('holds')} of ${results.length - count('skipped')} scenarios hold${skipped}`,
    columns: [{ name: 'scenario' }, { name: 'verdict' }, { name: 'took', align: 'right' }, { name: 'figures' }],
    rows: results.map((one) => [one.scenario, WORDS[one.verdict], seconds(one), figuresOf(one)]),
    notes: broken.flatMap(notesOf),
    next:
      first === undefined
        ? 'waggle testnet up --detach --faults'
        : `waggle testnet scenario ${first.scenario} --seed ${first.seed}`,
  };
}

function figuresOf({ verdict, reason, findings }: ScenarioResult): string {
  if (verdict === 'skipped') return reason ?? '';
  return [...(reason === undefined ? [] : [reason]), ...findings.map(({ figure }) => figure)].join(', ');
}

function notesOf({ scenario, promise, reason, findings, kept }: ScenarioResult): string[] {
  const wrong = findings.filter(({ holds }) => !holds).map(({ invariant, figure }) => `${invariant}: ${figure}`);
  return [
    `${scenario} must show: ${promise}`,
    ...[...(reason === undefined ? [] : [reason]), ...wrong].map((line) => `  ${line}`),
    ...(kept === undefined ? [] : [`  homes and logs: ${kept}`]),
  ];
}

function seconds({ elapsedMs }: ScenarioResult): string {
  return `${Math.round(elapsedMs / 1_000)} s`;
}
