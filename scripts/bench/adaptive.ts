import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type Figure,
  judgeSpans,
  judgeWhole,
  P99,
  RATE,
  type Run,
  type SpanVerdict,
  worseWindows,
} from './adaptive/judge.ts';
import { latencyPlot, ratePlot } from './adaptive/plots.ts';
import { PROFILES, type Profile } from './adaptive/profiles.ts';
import { type Load, type Outcome, run } from './adaptive/run.ts';

/*
 * `npm run bench -- adaptive [--profile NAME] [--plots]`: P6 of the goals. Each profile is a model of four validators in
 * virtual time (adaptive/validator.ts): the pool, the policy and the controller are those of the product, the protocol is
 * its votes, sizes and pace, costs are those of the budget. The agent runs beside a sweep of fixed settings, first in a
 * closed loop for throughput, then under half of the best throughput for finality. `--plots` writes docs/plots.
 */

const ITEMS = 512;
const SWEEP = [
  ...[1, 2, 5, 10, 20, 40, 60].map((lingerMs) => ({ itemsTarget: ITEMS, lingerMs })),
  { itemsTarget: 64, lingerMs: 5 },
  { itemsTarget: 128, lingerMs: 20 },
  { itemsTarget: 4_096, lingerMs: 60 },
];
const DEFAULT = '512x5ms';
const WITHIN = 0.1;
const CONVERGE_MS_MAX = 5_000;

interface Compared {
  readonly agent: Outcome;
  readonly fixed: readonly Run[];
  readonly spans: readonly SpanVerdict[];
  /** Beside the best single setting. */
  readonly loss: number;
  readonly worse: number;
}

function compare(profile: Profile, load: Load, figure: Figure, seed: number): Compared {
  const agent = run(profile, load, { kind: 'agent' }, seed);
  const fixed = SWEEP.map(({ itemsTarget, lingerMs }): Run => {
    const { meter } = run(profile, load, { kind: 'fixed', itemsTarget, lingerMs }, seed);
    return { name: `${itemsTarget}x${lingerMs}ms`, meter };
  });
  const spans = judgeSpans(profile, figure, agent.meter, fixed);
  const loss = judgeWhole(profile, figure, agent.meter, fixed);
  return { agent, fixed, spans, loss, worse: worseWindows(profile, figure, agent.meter, fixed) };
}

function print(name: string, values: object): void {
  const pairs = Object.entries(values).map(([key, value]) => `${key}=${value}`);
  console.log(`adaptive/${name} ${pairs.join(' ')}`);
}

function printSpans(profile: Profile, figure: Figure, load: string, { spans, fixed }: Compared): void {
  for (const { span, agent, best, oracle, loss, convergedMs } of spans) {
    const byDefault = fixed.find(({ name }) => name === DEFAULT);
    print(`${profile.name}/${load}`, {
      fromS: span.fromMs / 1_000,
      toS: span.toMs / 1_000,
      [`agent${figure.unit}`]: Math.round(agent),
      [`oracle${figure.unit}`]: Math.round(oracle),
      oracle: best.name,
      [`default${figure.unit}`]: byDefault === undefined ? 'none' : Math.round(figure.of(byDefault.meter, span)),
      loss: loss.toFixed(3),
      convergedMs: convergedMs ?? 'never',
    });
  }
}

/** Half of what the worst phase can carry, so that no phase is overloaded. */
function halfLoad({ spans }: Compared): number {
  return Math.round(Math.min(...spans.map(({ oracle }) => oracle)) / 2);
}

function measure(profile: Profile, seed: number, plots: string | undefined): boolean {
  const full = compare(profile, { kind: 'closed' }, RATE, seed);
  const itemsPerS = halfLoad(full);
  const half = compare(profile, { kind: 'open', itemsPerS }, P99, seed);
  printSpans(profile, RATE, 'closed', full);
  printSpans(profile, P99, 'half', half);
  const all = [...full.spans, ...half.spans];
  const convergedMs = Math.max(...all.map((span) => span.convergedMs ?? Number.POSITIVE_INFINITY));
  const worseWindows = full.worse + half.worse;
  const isPassed = full.loss <= WITHIN && half.loss <= WITHIN && convergedMs <= CONVERGE_MS_MAX && worseWindows === 0;
  print(profile.name, {
    halfPerS: itemsPerS,
    throughputLoss: full.loss.toFixed(3),
    p99Loss: half.loss.toFixed(3),
    phaseLossMax: Math.max(...all.map(({ loss }) => loss)).toFixed(3),
    convergedMs,
    worseWindows,
    decisions: half.agent.decisions.flat().length,
    itemsPerSegment: (half.agent.items / half.agent.segments).toFixed(1),
    pass: isPassed,
  });
  if (plots !== undefined) draw(profile, full, half, plots);
  return isPassed;
}

function draw(profile: Profile, full: Compared, half: Compared, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const beside = ({ fixed, spans }: Compared): Run[] => {
    const wanted = new Set([DEFAULT, spans.at(-1)?.best.name]);
    return fixed.filter(({ name }) => wanted.has(name));
  };
  writeFileSync(join(folder, `adaptive-${profile.name}.svg`), latencyPlot(profile, half.agent, beside(half)));
  writeFileSync(join(folder, `adaptive-${profile.name}-rate.svg`), ratePlot(profile, full.agent, beside(full)));
}

function main(): void {
  const { values } = parseArgs({ options: { profile: { type: 'string' }, plots: { type: 'boolean' } } });
  const seed = Number(process.env.WAGGLE_BENCH_SEED ?? '1');
  const plots = values.plots === true ? resolve(import.meta.dirname, '..', '..', 'docs', 'plots') : undefined;
  const profiles = PROFILES.filter(({ name }) => values.profile === undefined || values.profile === name);
  if (profiles.length === 0) {
    console.error(`no profile ${values.profile}; there are ${PROFILES.map(({ name }) => name).join(', ')}`);
    process.exitCode = 64;
    return;
  }
  const passed = profiles.filter((profile) => measure(profile, seed, plots)).length;
  print('all', { profiles: profiles.length, passed });
}

if (import.meta.main) main();
