import { type LinePlot, linePlot } from '../plot/line-plot.ts';
import { figure } from '../report/figure.ts';
import { type Throughput, throughput } from './load.ts';
import type { Meters } from './meters.ts';
import { Spent } from './spent.ts';
import type { World } from './world.ts';

const CLIENTS = [1, 2, 4, 8, 16, 32, 64] as const;
/** Requests each client sends at a point at most, and for how long at most. */
const REQUESTS = { 1: 60, 100: 6 } as const;
const POINT_MS_MAX = 5_000;

export interface SweepPoint extends Throughput {
  readonly series: string;
  readonly clients: number;
  /** What a ballot costs at a node: it tells a full machine from one that waits. */
  readonly cpuUsPerBallotPerNode: number;
}

/** Throughput and latency at 1…64 clients that each wait for an answer before they ask again, singly and in batches of 100. */
export async function sweep(meters: Meters, operators: World, voters: World): Promise<SweepPoint[]> {
  const points: SweepPoint[] = [];
  for (const clients of CLIENTS) {
    for (const [series, world, batch] of [
      ['operator single', operators, 1],
      ['operator batch of 100', operators, 100],
      ['voter single', voters, 1],
      ['voter batch of 100', voters, 100],
    ] as const) {
      const count = Math.min(world.voters.length, clients * batch * REQUESTS[batch]);
      const lanes = Math.min(clients, Math.ceil(count / batch));
      const around = new Spent(meters);
      const found = await throughput(world, { count, batch, lanes, forMsMax: POINT_MS_MAX, around });
      const cpuUsPerBallotPerNode = Math.round(around.cpuUs / found.ballots / meters.nodes);
      points.push({ series, clients, ...found, cpuUsPerBallotPerNode });
      figure(`cluster/sweep`, { series: series.replaceAll(' ', '-'), clients, lanes, ...found, cpuUsPerBallotPerNode });
    }
  }
  return points;
}

/** Latency over throughput, a line for each way to send; its points are the numbers of clients. */
export function sweepPlot(points: readonly SweepPoint[]): string {
  const names = [...new Set(points.map(({ series }) => series))];
  const plot: LinePlot = {
    title: 'Throughput against latency, 1 to 64 clients',
    x: { label: 'counted ballots per second' },
    y: { label: 'submit to final, p99, ms' },
    series: names.map((name) => ({
      name,
      points: points.filter(({ series }) => series === name).map(({ perS, finalMsP99 }) => [perS, finalMsP99] as const),
    })),
  };
  return linePlot(plot);
}
