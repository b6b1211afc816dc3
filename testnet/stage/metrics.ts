import type { TestnetFile } from '../../node/cli/testnet-file.ts';

const TIMEOUT_MS = 5_000;

/** How often something of the network happened at each node that answers, by name, since that node started. */
export async function networkEvents(file: TestnetFile, event: string): Promise<ReadonlyMap<string, number>> {
  const found = await Promise.all(
    file.nodes.map(async ({ name, metrics }): Promise<[string, number][]> => {
      try {
        const text = await (await fetch(metrics, { signal: AbortSignal.timeout(TIMEOUT_MS) })).text();
        return [[name, eventsIn(text, event)]];
      } catch {
        return [];
      }
    }),
  );
  return new Map(found.flat());
}

/** 0 where it never happened: a counter is there from its first event on. */
export function eventsIn(text: string, event: string): number {
  const start = `waggle_network_events_total{event="${event}"} `;
  const line = text.split('\n').find((one) => one.startsWith(start));
  return line === undefined ? 0 : Number(line.slice(start.length));
}
