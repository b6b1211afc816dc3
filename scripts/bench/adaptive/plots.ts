import { linePlot, type PlotSeries } from '../plot/line-plot.ts';
import type { Run } from './judge.ts';
import type { Profile } from './profiles.ts';
import type { Outcome } from './run.ts';

const POINT_MS = 1_000;

/** What clients waited and what the agent of the first node set, over time, under half of the load. */
export function latencyPlot(profile: Profile, agent: Outcome, others: readonly Run[]): string {
  return linePlot({
    title: `${profile.name}: finality under half of the load (${profile.about})`,
    x: { label: 'seconds' },
    y: { label: 'ms' },
    series: [
      { name: 'p99, agent', points: points(profile, (span) => agent.meter.p99(span)) },
      ...others.map(({ name, meter }) => {
        return { name: `p99, ${name}`, points: points(profile, (span) => meter.p99(span)) };
      }),
      targetSeries('linger of node 0', profile, agent, ({ lingerMs }) => lingerMs),
      targetSeries('segments in flight, max', profile, agent, ({ inFlightSegmentsMax }) => inFlightSegmentsMax),
    ],
  });
}

/** Items per second in the closed loop. */
export function ratePlot(profile: Profile, agent: Outcome, others: readonly Run[]): string {
  return linePlot({
    title: `${profile.name}: throughput, ${profile.outstanding} items under way a node (${profile.about})`,
    x: { label: 'seconds' },
    y: { label: 'items/s' },
    series: [
      { name: 'agent', points: points(profile, (span) => agent.meter.perS(span)) },
      ...others.map(({ name, meter }) => ({ name, points: points(profile, (span) => meter.perS(span)) })),
    ],
  });
}

function points(profile: Profile, figure: (span: { fromMs: number; toMs: number }) => number): PlotSeries['points'] {
  return Array.from({ length: Math.floor(profile.durationMs / POINT_MS) }, (_, at) => {
    const value = figure({ fromMs: at * POINT_MS, toMs: (at + 1) * POINT_MS });
    return [((at + 1) * POINT_MS) / 1_000, value] as const;
  });
}

type Targets = Outcome['decisions'][number][number]['targets'];

/** Steps: what a decision sets holds until the next. */
function targetSeries(name: string, profile: Profile, agent: Outcome, value: (targets: Targets) => number): PlotSeries {
  const own = (agent.decisions[0] ?? []).filter(({ shard }) => shard === 1);
  const steps = own.flatMap(({ atMs, targets }, at) => {
    const untilMs = own[at + 1]?.atMs ?? profile.durationMs;
    return [
      [atMs / 1_000, value(targets)],
      [untilMs / 1_000, value(targets)],
    ] as const;
  });
  return { name, points: steps };
}
