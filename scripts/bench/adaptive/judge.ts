import type { Meter, Span } from './meter.ts';
import { type Profile, stepsOf } from './profiles.ts';

/** After a step this long may pass before figures count (P6). */
const CONVERGE_MS = 5_000;
const WINDOW_MS = 5_000;
const STRIDE_MS = 1_000;
const SETTLED_MS = 2_000;
const GRID_MS = 500;
/** Runs differ by so much without a reason: a window within this of the worst is not worse. */
const NOISE = 0.02;
/** What counts as having arrived at the own later figure. */
const ARRIVED = 0.1;

/** A figure of a run over some time: items per second, or milliseconds. */
export interface Figure {
  readonly unit: 'PerS' | 'P99Ms';
  of(meter: Meter, ...spans: readonly Span[]): number;
  /** How much worse than `b` it is: 0.1 is a tenth. */
  loss(a: number, b: number): number;
}

export const RATE: Figure = { unit: 'PerS', of: (meter, ...spans) => meter.perS(...spans), loss: (a, b) => 1 - a / b };
export const P99: Figure = { unit: 'P99Ms', of: (meter, ...spans) => meter.p99(...spans), loss: (a, b) => a / b - 1 };

export interface Run {
  readonly name: string;
  readonly meter: Meter;
}

export interface SpanVerdict {
  readonly span: Span;
  readonly agent: number;
  readonly best: Run;
  readonly oracle: number;
  readonly loss: number;
  /** From the step to the first two seconds that are as good as the rest; undefined: not before the next step. */
  readonly convergedMs: number | undefined;
}

/** From each step to the next. */
function phasesOf(profile: Profile): Span[] {
  const steps = stepsOf(profile);
  return steps.map((fromMs, at) => ({ fromMs, toMs: steps[at + 1] ?? profile.durationMs }));
}

/** Where figures count. */
function measured({ fromMs, toMs }: Span): Span {
  return { fromMs: fromMs + CONVERGE_MS, toMs };
}

/** The agent beside the best of the fixed settings, which may be another after each step. */
export function judgeSpans(profile: Profile, figure: Figure, agent: Meter, fixed: readonly Run[]): SpanVerdict[] {
  return phasesOf(profile).map((phase) => {
    const span = measured(phase);
    const best = bestOf(figure, [span], fixed);
    const oracle = figure.of(best.meter, span);
    const own = figure.of(agent, span);
    return {
      span,
      agent: own,
      best,
      oracle,
      loss: figure.loss(own, oracle),
      convergedMs: converged(figure, agent, phase),
    };
  });
}

/** The agent beside the one fixed setting that is best over the whole profile: the oracle of P6. */
export function judgeWhole(profile: Profile, figure: Figure, agent: Meter, fixed: readonly Run[]): number {
  const spans = phasesOf(profile).map(measured);
  const best = bestOf(figure, spans, fixed);
  return figure.loss(figure.of(agent, ...spans), figure.of(best.meter, ...spans));
}

function bestOf(figure: Figure, spans: readonly Span[], runs: readonly Run[]): Run {
  const [first, ...others] = runs;
  if (first === undefined) throw new RangeError('a sweep of nothing');
  return others.reduce((best, run) => {
    return figure.loss(figure.of(run.meter, ...spans), figure.of(best.meter, ...spans)) < 0 ? run : best;
  }, first);
}

function converged(figure: Figure, meter: Meter, phase: Span): number | undefined {
  const later = figure.of(meter, measured(phase));
  for (let fromMs = phase.fromMs; fromMs + SETTLED_MS <= phase.toMs; fromMs += GRID_MS) {
    const loss = figure.loss(figure.of(meter, { fromMs, toMs: fromMs + SETTLED_MS }), later);
    if (loss < ARRIVED) return fromMs - phase.fromMs;
  }
  return undefined;
}

/** Windows of five seconds in which every fixed setting was better than the agent. */
export function worseWindows(profile: Profile, figure: Figure, agent: Meter, fixed: readonly Run[]): number {
  let worse = 0;
  for (let fromMs = 0; fromMs + WINDOW_MS <= profile.durationMs; fromMs += STRIDE_MS) {
    const span = { fromMs, toMs: fromMs + WINDOW_MS };
    const own = figure.of(agent, span);
    if (fixed.every(({ meter }) => figure.loss(own, figure.of(meter, span)) > NOISE)) worse += 1;
  }
  return worse;
}
