import { percentile } from '../../../testnet/voting/concurrently.ts';
import { openLoop, timedLoop, volleys } from './fire.ts';
import type { World } from './world.ts';

export interface Latency {
  readonly finalMsP50: number;
  readonly finalMsP99: number;
}

export interface Throughput extends Latency {
  readonly perS: number;
  readonly ballots: number;
}

export interface ClosedOptions {
  /** Ballots in all. */
  readonly count: number;
  /** Ballots a request. */
  readonly batch: number;
  /** Requests under way at any time. */
  readonly lanes: number;
  /** No request begins later; then fewer than `count` are sent. */
  readonly forMsMax?: number;
  /** Calls around the load itself: not around opening and closing its session. */
  readonly around?: { start(): void | Promise<void>; stop(): void | Promise<void> };
}

function latencyOf(values: readonly number[]): Latency {
  return { finalMsP50: percentile(values, 0.5), finalMsP99: percentile(values, 0.99) };
}

/** Closed loop on a session of its own, until every node has executed all ballots as counted. */
export async function throughput(world: World, options: ClosedOptions): Promise<Throughput> {
  const { count, batch, lanes, forMsMax = Number.POSITIVE_INFINITY, around } = options;
  const { session, shots } = await world.open(count);
  await around?.start();
  const startedMs = performance.now();
  const { latencies, ballots } = await timedLoop(volleys(shots, batch), lanes, forMsMax);
  await world.untilCounted(session, ballots);
  const perS = Math.round((ballots * 1_000) / (performance.now() - startedMs));
  await around?.stop();
  await world.close(session);
  return { perS, ballots, ...latencyOf(latencies) };
}

/** Open loop at a steady rate. */
export async function paced(world: World, count: number, batch: number, ballotsPerS: number): Promise<Latency> {
  const { session, shots } = await world.open(count);
  const latencies = await openLoop(volleys(shots, batch), ballotsPerS / batch);
  await world.untilCounted(session, count);
  await world.close(session);
  return latencyOf(latencies);
}

/** What a call costs that waits for nothing: the machine's own share of every latency. @returns milliseconds, p99 */
export async function echo(world: World, count: number): Promise<number> {
  const latencies: number[] = [];
  for (let at = 0; at < count; at++) {
    const startedMs = performance.now();
    await world.members[at % world.members.length]?.client.call('node_status');
    latencies.push(performance.now() - startedMs);
  }
  return percentile(latencies, 0.99);
}
