import type { LinkSample } from '../../consensus/batching/types.ts';
import type { HealthFacts } from './health.ts';

/** Something that holds votes up, with the figures that show it. */
export interface Finding {
  readonly code:
    | 'pool-full'
    | 'cpu-busy'
    | 'loop-late'
    | 'disk-slow'
    | 'link-far'
    | 'peer-late'
    | 'execution-behind'
    | 'batch-waits'
    | 'shard-full'
    | 'shards-idle';
  /** How much of it there is, 0…1: of the time to finality, of a core, or of the items that came. */
  readonly share: number;
  /** What finality would gain if it were gone, as far as that can be told. */
  readonly gainMs: number | undefined;
  readonly text: string;
  readonly evidence: Readonly<Record<string, number | string>>;
}

/** Below this part of the time to finality something is no bottleneck. */
const SHARE_MIN = 0.25;
/** …and below this it is nothing to look at, whatever part it is of. */
const MS_MIN = 10;
const CPU_SHARE_MIN = 0.75;
const REFUSED_SHARE_MIN = 0.01;
/** A segment, a notarize and a finalize wait for a sync each, one after the other. */
const SYNCS = 3;
/** Proposal, notarize, finalize: three ways of half a round trip. */
const ROUND_TRIPS = 1.5;
/** A peer is late by this much over the median of all. */
const LATE_RATIO = 3;
const LATE_MS = 50;

/** What holds votes up, the worst first. `quorum`: validators that must answer, this node among them. */
export function findingsOf(facts: HealthFacts, quorum: number): Finding[] {
  const found = [
    poolFull(facts),
    cpuBusy(facts),
    loopLate(facts),
    diskSlow(facts),
    linkFar(facts, quorum),
    peerLate(facts),
    executionBehind(facts),
    batchWaits(facts),
  ];
  return found.filter((one) => one !== undefined).sort((a, b) => b.share - a.share);
}

function poolFull({ refusedShare }: HealthFacts): Finding | undefined {
  if (refusedShare < REFUSED_SHARE_MIN) return undefined;
  const text = 'more is submitted here than can be ordered: callers are told to come again';
  return { code: 'pool-full', share: refusedShare, gainMs: undefined, text, evidence: { refusedShare } };
}

function cpuBusy({ cpuShare }: HealthFacts): Finding | undefined {
  if (cpuShare < CPU_SHARE_MIN) return undefined;
  const text = 'the process needs most of a core: votes wait for the processor';
  return { code: 'cpu-busy', share: Math.min(1, cpuShare), gainMs: undefined, text, evidence: { cpuShare } };
}

function loopLate(facts: HealthFacts): Finding | undefined {
  const { loopDelayMs } = facts;
  const text = 'the event loop runs late: something holds it for long, or the machine has other work';
  return ofFinality(facts, 'loop-late', loopDelayMs, loopDelayMs, text, { loopDelayMs });
}

function diskSlow(facts: HealthFacts): Finding | undefined {
  const { syncMs } = facts;
  const text = 'the disk syncs slowly: a vote waits for three syncs, one after the other';
  return ofFinality(facts, 'disk-slow', SYNCS * syncMs, SYNCS * syncMs, text, { syncMs });
}

/** A quorum answers as fast as its last member does. */
function linkFar(facts: HealthFacts, quorum: number): Finding | undefined {
  const roundTripMs = roundTripsOf(facts.links)[quorum - 2];
  if (roundTripMs === undefined) return undefined;
  const text = 'the quorum is far away: most of the time to finality is the way there';
  return ofFinality(facts, 'link-far', ROUND_TRIPS * roundTripMs, undefined, text, { roundTripMs });
}

function peerLate({ links, finalMs }: HealthFacts): Finding | undefined {
  const all = roundTripsOf(links);
  const median = all[Math.floor((all.length - 1) / 2)];
  const last = links.find(({ roundTripMs }) => roundTripMs !== undefined && roundTripMs === all.at(-1));
  if (median === undefined || last?.roundTripMs === undefined) return undefined;
  const { peer, roundTripMs } = last;
  if (roundTripMs <= LATE_RATIO * median + LATE_MS) return undefined;
  const text = `${peer} answers much later than the others: it is overloaded, or its link is bad`;
  const share = Math.min(1, roundTripMs / Math.max(finalMs, roundTripMs));
  return { code: 'peer-late', share, gainMs: undefined, text, evidence: { peer, roundTripMs, medianMs: median } };
}

function executionBehind(facts: HealthFacts): Finding | undefined {
  const { executeMs } = facts;
  const text = 'blocks are final long before they are executed: segments are missing here, or execution is slow';
  return ofFinality(facts, 'execution-behind', executeMs, executeMs, text, { executeMs });
}

function batchWaits(facts: HealthFacts): Finding | undefined {
  const { sealMs } = facts;
  const text = 'items wait long until they are sealed: batches are large or many segments are in flight';
  return ofFinality(facts, 'batch-waits', sealMs, sealMs, text, { sealMs });
}

/** A finding when `ms` is a part of the time to finality that matters. */
function ofFinality(
  { finalMs }: HealthFacts,
  code: Finding['code'],
  ms: number,
  gainMs: number | undefined,
  text: string,
  evidence: Finding['evidence'],
): Finding | undefined {
  const share = Math.min(1, ms / finalMs);
  if (!(share >= SHARE_MIN) || ms < MS_MIN) return undefined;
  return {
    code,
    share,
    gainMs: gainMs === undefined ? undefined : Math.min(gainMs, finalMs),
    text,
    evidence: { ...evidence, finalMs },
  };
}

/** Ascending; peers that were not measured yet are left out. */
function roundTripsOf(links: readonly LinkSample[]): number[] {
  return links.flatMap(({ roundTripMs }) => roundTripMs ?? []).sort((a, b) => a - b);
}
