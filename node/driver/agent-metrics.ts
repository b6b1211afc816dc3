import type { GaugeName, MetricSources, ShardFigures, ShardGaugeName } from '../metrics/registry.ts';
import type { AgentFacts } from '../rpc/node-api.ts';

const MS_PER_S = 1_000;

/** The agent in the words of the metrics. */
export function agentGauges({ last, windows }: AgentFacts): Record<Extract<GaugeName, `agent_${string}`>, number> {
  const { loopDelayMsP99 = 0, cpuShare = 0 } = last?.sample.machine ?? {};
  return {
    agent_windows: windows,
    agent_loop_delay_seconds: loopDelayMsP99 / MS_PER_S,
    agent_cpu_ratio: cpuShare,
  };
}

/** Read when somebody asks for the metrics. */
export function agentSources(facts: () => AgentFacts): Pick<MetricSources, 'shards' | 'decisions'> {
  return { shards: () => shardFigures(facts()), decisions: () => facts().reasons };
}

function shardFigures({ shards, last }: AgentFacts): ShardFigures[] {
  return shards.map(({ shard, targets, delivered }) => {
    const now = last?.sample.shards.find((row) => row.shard === shard);
    const { finalMs, parts } = delivered?.sample ?? {};
    return {
      shard,
      figures: {
        agent_batch_items: targets.itemsTarget,
        agent_batch_bytes: targets.bytesTarget,
        agent_linger_seconds: targets.lingerMs / MS_PER_S,
        agent_in_flight_segments_max: targets.inFlightSegmentsMax,
        agent_in_flight_segments: now?.inFlightSegments ?? 0,
        agent_waiting_items: now?.waitingItems ?? 0,
        ...inSeconds('agent_final_seconds_p50', finalMs?.p50),
        ...inSeconds('agent_final_seconds_p99', finalMs?.p99),
        ...inSeconds('agent_seal_seconds', parts?.sealMs),
        ...inSeconds('agent_order_seconds', parts?.orderMs),
        ...inSeconds('agent_execute_seconds', parts?.executeMs),
      },
    };
  });
}

function inSeconds(name: ShardGaugeName, ms: number | undefined): ShardFigures['figures'] {
  return ms === undefined ? {} : { [name]: ms / MS_PER_S };
}
