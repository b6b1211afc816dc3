import type { OpenTestnet } from '../../../testnet/network/open.ts';

/** Metrics of one node without labels, by name without `waggle_`. */
export type Figures = ReadonlyMap<string, number>;

/** Every node's metrics, in the order of the network. */
export async function scrape({ file }: OpenTestnet): Promise<Figures[]> {
  return await Promise.all(file.nodes.map(async ({ metrics }) => figuresIn(await (await fetch(metrics)).text())));
}

/** The unlabelled figures of a Prometheus text. */
export function figuresIn(text: string): Figures {
  const lines = [...text.matchAll(/^waggle_(\w+) (\S+)$/gm)];
  return new Map(lines.map(([, name = '', value = '']) => [name, Number(value)]));
}

/** By how much a figure grew at the node where it grew most. */
export function growthMax(before: readonly Figures[], after: readonly Figures[], name: string): number {
  return Math.max(...after.map((one, at) => (one.get(name) ?? Number.NaN) - (before[at]?.get(name) ?? Number.NaN)));
}
