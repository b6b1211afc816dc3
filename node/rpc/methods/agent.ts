import { z } from 'zod';
import type { Estimates, ShardSample } from '../../../consensus/batching/types.ts';
import { out, page, pageOf } from '../fields.ts';
import { defineMethod, NO_PARAMS } from '../method.ts';
import type { AgentFacts, AgentShardFacts, DecisionFacts, FindingFacts } from '../node-api.ts';
import { decodeCursor, encodeCursor } from '../page.ts';
import { defined, toTime } from '../render.ts';
import { RpcError } from '../rpc-error.ts';

const ms = z.number().min(0);
const perS = z.number().min(0);

const targets = z.strictObject({
  itemsTarget: out.count,
  bytesTarget: out.count,
  lingerMs: ms,
  inFlightSegmentsMax: out.count,
});

const estimates = z.strictObject({
  deliveryPerS: perS,
  finalMsMin: ms,
  finalMsP99: ms,
  itemBytes: z.number().min(0),
  pipeItems: z.number().min(0),
});

const decision = z.strictObject({
  seq: out.count,
  time: out.time,
  shard: out.count,
  phase: z.enum(['startup', 'drain', 'steady', 'probe', 'fallback']),
  reason: z.string(),
  targets,
  estimates,
});

const machine = z.strictObject({
  loopDelayMsP99: ms,
  /** CPU seconds per second. */
  cpuShare: z.number().min(0),
  /** The last sync of the journal. */
  syncMs: ms.optional(),
  residentBytes: out.count,
  links: z.array(z.strictObject({ peer: z.string(), bytesPerS: perS, roundTripMs: ms.optional() })),
});

const shardStatus = z.strictObject({
  shard: out.count,
  targets,
  estimates: estimates.nullable(),
  phase: z.string().nullable(),
  reason: z.string().nullable(),
  decidedAt: out.time.nullable(),
  waitingItems: out.count,
  inFlightSegments: out.count,
  inFlightItems: out.count,
  /** This and what follows: in the last window in which own items were executed. */
  deliveredPerS: perS,
  finalMs: z.strictObject({ min: ms, p50: ms, p99: ms }).nullable(),
  parts: z.strictObject({ sealMs: ms, orderMs: ms, executeMs: ms }).nullable(),
});

const status = z.strictObject({
  mode: z.enum(['adaptive', 'fixed', 'none']),
  sampling: z.boolean(),
  windows: out.count,
  sampledAt: out.time.nullable(),
  machine: machine.nullable(),
  shards: z.array(shardStatus),
  decisions: z.strictObject({ count: out.count, reasons: z.record(z.string(), out.count) }),
});

export const agentStatus = defineMethod('agent_status', {
  summary:
    'The metrics agent of this node: per shard the batch targets, what they rest on and where the time of a ballot goes, and what the machine does. Samples are taken while own items are under way. mode none: an observer, which seals no batches.',
  params: NO_PARAMS,
  result: status,
  handle: (_params, { api }) => {
    const facts = api.agent();
    return {
      mode: facts.mode,
      sampling: facts.isSampling,
      windows: facts.windows,
      sampledAt: facts.last === undefined ? null : toTime(facts.last.timeMs),
      machine: renderMachine(facts.last),
      shards: facts.shards.map((shard) => renderShard(shard, facts.last)),
      decisions: { count: facts.decisions.seq, reasons: facts.reasons },
    };
  },
});

function renderMachine(last: AgentFacts['last']) {
  const sampled = last?.sample.machine;
  if (sampled === undefined) return null;
  const { loopDelayMsP99, cpuShare, syncMs, residentBytes, links } = sampled;
  return defined({
    loopDelayMsP99: rounded(loopDelayMsP99),
    cpuShare: rounded(cpuShare),
    syncMs: syncMs === undefined ? undefined : rounded(syncMs),
    residentBytes,
    links: links.map(({ peer, bytesPerS, roundTripMs }) =>
      defined({
        peer,
        bytesPerS: Math.round(bytesPerS),
        roundTripMs: roundTripMs === undefined ? undefined : rounded(roundTripMs),
      }),
    ),
  });
}

function renderShard(facts: AgentShardFacts, last: AgentFacts['last']) {
  const { shard, decision: latest, delivered } = facts;
  const now = last?.sample.shards.find((one) => one.shard === shard);
  const { deliveredItems = 0, finalMs, parts } = delivered?.sample ?? {};
  return {
    shard,
    targets: facts.targets,
    estimates: facts.estimates === undefined ? null : renderEstimates(facts.estimates),
    phase: latest?.phase ?? null,
    reason: latest?.reason ?? null,
    decidedAt: latest === undefined ? null : toTime(latest.timeMs),
    waitingItems: now?.waitingItems ?? 0,
    inFlightSegments: now?.inFlightSegments ?? 0,
    inFlightItems: now?.inFlightItems ?? 0,
    deliveredPerS: delivered === undefined ? 0 : rounded((deliveredItems * 1_000) / delivered.windowMs),
    finalMs: finalMs === undefined ? null : roundedAll(finalMs),
    parts: parts === undefined ? null : renderParts(parts),
  };
}

function renderParts({ sealMs, orderMs, executeMs }: NonNullable<ShardSample['parts']>) {
  return roundedAll({ sealMs, orderMs, executeMs });
}

function renderEstimates({ deliveryPerS, finalMsMin, finalMsP99, itemBytes, pipeItems }: Estimates) {
  return roundedAll({ deliveryPerS, finalMsMin, finalMsP99, itemBytes, pipeItems });
}

export function renderDecision(facts: DecisionFacts) {
  const { seq, timeMs, shard, phase, reason } = facts;
  return {
    seq,
    time: toTime(timeMs),
    shard,
    phase,
    reason,
    targets: facts.targets,
    estimates: renderEstimates(facts.estimates),
  };
}

const findings = z.strictObject({
  sampledAt: out.time.nullable(),
  findings: z.array(
    z.strictObject({
      code: z.string(),
      /** How much of it there is: of the time to finality, of a core, or of the items that came. */
      share: z.number().min(0).max(1),
      /** What finality would gain if it were gone, as far as that can be told. */
      gainMs: ms.optional(),
      text: z.string(),
      evidence: z.record(z.string(), z.union([z.number(), z.string()])),
    }),
  ),
});

export const agentFindings = defineMethod('agent_findings', {
  summary:
    'What holds votes up at this node, the worst first, each with the figures that show it and what finality would gain without it; from the last seconds of work. Empty: nothing stands out.',
  params: NO_PARAMS,
  result: findings,
  handle: (_params, { api }) => {
    const facts = api.agent();
    return {
      sampledAt: facts.last === undefined ? null : toTime(facts.last.timeMs),
      findings: facts.findings().map(renderFinding),
    };
  },
});

function renderFinding({ code, share, gainMs, text, evidence }: FindingFacts) {
  const shown = Object.entries(evidence).map(([name, value]) => [
    name,
    typeof value === 'number' ? rounded(value) : value,
  ]);
  return defined({
    code,
    share: rounded(share),
    gainMs: gainMs === undefined ? undefined : rounded(gainMs),
    text,
    evidence: Object.fromEntries(shown),
  });
}

const CURSOR = /^(\d{1,15})\/(\d{1,15})$/;

export const agentHistory = defineMethod('agent_history', {
  summary:
    'What the metrics agent of this node decided since its start and why, the newest first, as far as it is kept: the last 1,024.',
  params: z.strictObject(page),
  result: pageOf(decision),
  handle: ({ limit, cursor }, { api }) => {
    const { decisions } = api.agent();
    const found = decisions.newest(limit + 1, cursor === undefined ? undefined : seqOf(cursor, decisions.epoch));
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    const next = found.length > shown.length && last !== undefined ? `${decisions.epoch}/${last.seq}` : undefined;
    return {
      items: shown.map(renderDecision),
      next: next === undefined ? null : encodeCursor(next),
      at: { height: api.head().height },
    };
  },
});

/** Another start of the node counted anew: what came before is gone with it. @throws RpcError params.invalid */
function seqOf(cursor: string, epoch: string): number {
  const [, of, seq] = CURSOR.exec(decodeCursor(cursor)) ?? [];
  if (of === epoch && seq !== undefined) return Number(seq);
  const detail = of === undefined ? 'not a cursor of this list' : 'the node was started anew since: begin again';
  throw new RpcError('params.invalid', { path: 'cursor', detail });
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

function roundedAll<Key extends string>(values: Readonly<Record<Key, number>>): Record<Key, number> {
  const entries = Object.entries<number>(values).map(([key, value]) => [key, rounded(value)]);
  return Object.fromEntries(entries) as Record<Key, number>;
}
