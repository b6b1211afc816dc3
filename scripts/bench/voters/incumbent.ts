import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { percentile } from '../../../testnet/voting/concurrently.ts';

/** What the incumbent makes of the same votes: a file that each vote reads whole, appends to and writes whole. */
export interface IncumbentFigures {
  readonly perS: number;
  readonly msP50: number;
  readonly msP99: number;
  readonly cpuMsPerVote: number;
  /** All at once, as these voters vote: how many of them the file holds in the end; 0 when it is no JSON any more. */
  readonly keptOfAllAtOnce: number;
}

export async function measureIncumbent(votes: readonly object[]): Promise<IncumbentFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'waggle-incumbent-'));
  const path = join(folder, 'session.json');
  const submit = async (vote: object): Promise<void> => {
    const session = JSON.parse(await readFile(path, 'utf8')) as { votes: object[] };
    session.votes.push(vote);
    await writeFile(path, JSON.stringify(session, undefined, 2));
  };
  const empty = (): Promise<void> => writeFile(path, '{"votes": []}');
  try {
    await empty();
    const latencies: number[] = [];
    const before = process.cpuUsage();
    const startedMs = performance.now();
    for (const vote of votes) {
      const sentMs = performance.now();
      await submit(vote);
      latencies.push(performance.now() - sentMs);
    }
    const seconds = (performance.now() - startedMs) / 1_000;
    const { user, system } = process.cpuUsage(before);
    await empty();
    await Promise.allSettled(votes.map(submit));
    const kept = keptIn(await readFile(path, 'utf8'));
    return {
      perS: Math.round((votes.length / seconds) * 10) / 10,
      msP50: percentile(latencies, 0.5),
      msP99: percentile(latencies, 0.99),
      cpuMsPerVote: Math.round((user + system) / 10 / votes.length) / 100,
      keptOfAllAtOnce: kept,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function keptIn(text: string): number {
  try {
    return (JSON.parse(text) as { votes: object[] }).votes.length;
  } catch {
    return 0;
  }
}
