import type { Finding, Stage } from '../scenarios/scenario.ts';
import { percentile } from '../voting/concurrently.ts';
import { type Member, statusOf } from '../voting/members.ts';
import type { Load } from './load.ts';
import { timing } from './timing.ts';

const TIP_AIM_MS = 10_000;
const GAP_AIM_MS = 5_000;
const FINAL_WAIT_MS = 60_000;

/** What each node that answers has executed, by name. */
export async function heightsOf(members: readonly Member[]): Promise<ReadonlyMap<string, number>> {
  return new Map([...(await statusOf(members))].map(([{ name }, { height }]) => [name, height]));
}

/** Nodes without a quorum made nothing final between two looks. One that did not answer shows nothing, and does not hold. */
export function frozen(
  invariant: string,
  who: string,
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  names: readonly string[],
): Finding {
  const silent = names.filter((name) => before.get(name) === undefined || after.get(name) === undefined);
  const finals = names.reduce((sum, name) => sum + (after.get(name) ?? 0) - (before.get(name) ?? 0), 0);
  const figure = silent.length > 0 ? `${silent.join(' and ')} did not answer` : `${who}: ${finals} finals`;
  return { invariant, holds: silent.length === 0 && finals === 0, figure };
}

/** From now until all of these are at the tip, asked side by side. */
export async function slowestTip(stage: Stage, names: readonly string[]): Promise<Finding> {
  const tips = await Promise.all(names.map((name) => stage.untilTip(name)));
  return timing('L2', 'at tip', Math.max(...tips), TIP_AIM_MS);
}

/** The end of a cut that left a quorum in touch: heal it, and measure what it cost and how soon all is well. */
export async function healed(stage: Stage, load: Load, cutMs: number): Promise<Finding[]> {
  const gapMs = load.gapMs(cutMs, performance.now());
  await stage.relay.heal();
  const firstMs = await load.untilFinalAfter(performance.now(), FINAL_WAIT_MS);
  return [
    timing('L1', 'gap', gapMs, GAP_AIM_MS),
    timing('L1', 'first final after heal', firstMs, TIP_AIM_MS),
    await slowestTip(stage, stage.names),
    ...(await stage.judge(load)),
  ];
}

/** Ballots told final in a stretch of time, against those sent in it. None at all is a network that stands. */
export function shareFinal(load: Load, what: string, fromMs: number, toMs: number, aimPercent: number): Finding {
  const sent = load.cast.filter(({ sentMs }) => sentMs > fromMs && sentMs <= toMs).length;
  const percent = sent === 0 ? 0 : Math.round((100 * load.finals(fromMs, toMs)) / sent);
  const aim = percent < aimPercent ? ` (aim ${aimPercent} %)` : '';
  return { invariant: 'L1', holds: percent > 0, figure: `${what} ${percent} % final${aim}` };
}

/**
 * The median time from send to final of ballots sent in a stretch of time. One that is still on its way counts with the time
 * it has taken so far, else the slow ones would be left out.
 */
export function typicalFinal(load: Load, what: string, fromMs: number, toMs: number, aimMs: number): Finding {
  const finalMs = new Map(load.told.flatMap((one) => ('result' in one ? [[one.voter, one.toldMs] as const] : [])));
  const sent = load.cast.filter(({ sentMs }) => sentMs > fromMs && sentMs <= toMs);
  const took = sent.map(({ voter, sentMs }) => (finalMs.get(voter) ?? toMs) - sentMs);
  const isAnyFinal = sent.some(({ voter }) => finalMs.has(voter));
  return timing('L1', what, isAnyFinal ? percentile(took, 0.5) : Number.POSITIVE_INFINITY, aimMs);
}
