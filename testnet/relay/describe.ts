import type { LinkRule } from './line.ts';
import type { LinkStatus } from './relay.ts';

const NAMES_MAX = 4;

/** A line for each kind of fault there is, with the directions it is on; none when all links are whole. */
export function summaryOf(links: readonly LinkStatus[]): string[] {
  const byFault = new Map<string, string[]>();
  for (const { from, to, rule } of links) {
    const fault = faultOf(rule);
    if (fault !== '') byFault.set(fault, [...(byFault.get(fault) ?? []), `${from} to ${to}`]);
  }
  return [...byFault].map(([fault, directions]) => `${fault}: ${some(directions, links.length)}`);
}

function faultOf({ cut, delayMs, jitterMs, lossPercent, rateKbit }: LinkRule): string {
  return [
    ...(cut ? ['cut'] : []),
    ...(delayMs > 0 || jitterMs > 0 ? [`delay ${delayMs} ms${jitterMs > 0 ? ` + up to ${jitterMs} ms` : ''}`] : []),
    ...(lossPercent > 0 ? [`loss ${lossPercent} %`] : []),
    ...(rateKbit > 0 ? [`rate ${rateKbit} kbit/s`] : []),
  ].join(', ');
}

function some(directions: readonly string[], of: number): string {
  if (directions.length === of) return 'all links';
  const more = directions.length - NAMES_MAX;
  return `${directions.slice(0, NAMES_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
