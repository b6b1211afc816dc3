import { Controller } from '../../consensus/batching/controller.ts';
import { type BatchPolicy, FIXED_BATCHES } from '../../consensus/batching/pool.ts';
import type { BatchTargets } from '../../consensus/batching/types.ts';
import type { Replica } from '../../consensus/replica-state.ts';
import type { Delivery, Input, ReplicaConfig } from '../../consensus/types.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { quorum } from '../../protocol/roster.ts';
import { type BatchController, MetricsAgent } from '../agent/agent.ts';
import { Decisions } from '../agent/decisions.ts';
import { createLoopDelay } from '../agent/loop-delay.ts';
import { type LinkFacts, type MachinePorts, MachineProbe } from '../agent/machine-probe.ts';
import { Sampler } from '../agent/sampler.ts';
import { ShardAdvice } from '../agent/shard-advice.ts';
import type { AgentMode } from '../config/config.ts';
import type { PeerStatus } from '../network/peers.ts';
import type { AgentFacts } from '../rpc/node-api.ts';
import type { Journal } from '../storage/journal.ts';

/** What decides when batches are sealed: fixed figures, or a policy that learns from samples. */
export interface Batching {
  readonly policy: BatchPolicy;
  readonly controller: BatchController | undefined;
}

export function createBatching(mode: AgentMode, { blockIntervalMs }: Pick<ReplicaConfig, 'blockIntervalMs'>): Batching {
  if (mode === 'fixed') return { policy: FIXED_BATCHES, controller: undefined };
  // As many as any epoch may have: what nothing is known of keeps its first targets.
  const controller = new Controller({ shards: LIMITS.shardsMax, blockIntervalMs });
  return { policy: controller, controller };
}

export interface AgentParts {
  readonly replica: Replica;
  readonly journal: Pick<Journal, 'stats'>;
  readonly batching: Batching;
  readonly peers: () => readonly PeerStatus[];
}

function createAgent({ replica, journal, batching, peers }: AgentParts): MetricsAgent | undefined {
  const { self, shards } = replica.config;
  if (self === undefined) return undefined;
  const { chains, pool, authors } = replica;
  const sampler = new Sampler({
    shards,
    self,
    nowMs: () => performance.now(),
    pending: (shard) => ({
      waitingItems: pool.waiting(shard),
      inFlightSegments: Math.max(0, authors.tip(shard).height - chains.of(shard, self).executed.height),
    }),
    probe: new MachineProbe(machinePorts(journal, peers)),
  });
  return new MetricsAgent({
    controller: batching.controller,
    targets: (shard) => targetsOf(batching.policy, shard),
    sampler,
    advice: new ShardAdvice({ shards, nowMs: () => performance.now() }),
    quorum: quorum(replica.config.roster.validators.length),
    clock: {
      wallMs: Date.now,
      every(periodMs, run) {
        const timer = setInterval(run, periodMs);
        return () => clearInterval(timer);
      },
    },
  });
}

function machinePorts(journal: AgentParts['journal'], peers: AgentParts['peers']): MachinePorts {
  return {
    loop: createLoopDelay(),
    cpuMicros() {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
    residentBytes: () => process.memoryUsage.rss(),
    syncMs() {
      const { syncs, lastSyncMs } = journal.stats();
      return syncs === 0 ? undefined : lastSyncMs;
    },
    // An observer may be as slow as it likes.
    links: () => peers().flatMap((peer) => (peer.connected && peer.validator ? [linkOf(peer)] : [])),
  };
}

function linkOf({ name, sentBytes, latencyMs }: PeerStatus): LinkFacts {
  return { peer: name, sentBytes, roundTripMs: latencyMs };
}

function targetsOf(policy: BatchPolicy, shard: number): BatchTargets {
  return {
    itemsTarget: policy.itemsTarget(shard),
    bytesTarget: policy.bytesTarget(shard),
    lingerMs: policy.lingerMs(shard),
    inFlightSegmentsMax: policy.inFlightSegmentsMax(shard),
  };
}

const NO_AGENT: AgentFacts = {
  mode: 'none',
  isSampling: false,
  windows: 0,
  last: undefined,
  shards: [],
  reasons: {},
  decisions: new Decisions('0'),
  findings: () => [],
};

type PushItem = (input: Extract<Input, { kind: 'submit' }>) => boolean;

/** The metrics agent in its node. An observer has none: it seals nothing, so there is nothing to tune. */
export class AgentRoom {
  readonly #parts: AgentParts;
  #agent: MetricsAgent | undefined;

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.#agent = createAgent(parts);
  }

  /** Another roster and other shards: samples are of the new ones, what was learned of a shard stays. */
  epochBegan(): void {
    this.#agent?.stop();
    this.#agent = createAgent(this.#parts);
  }

  /** As `push`, with the agent told of what went in. */
  watched(push: (input: Input) => boolean): PushItem {
    return (input) => {
      if (!push(input)) return false;
      this.#agent?.submitted(input.shard);
      return true;
    };
  }

  /** Between two turns: what is decided here holds from the next step on. */
  take(deliveries: readonly Delivery[]): void {
    this.#agent?.take(deliveries);
  }

  stop(): void {
    this.#agent?.stop();
  }

  facts(): AgentFacts {
    const agent = this.#agent;
    if (agent === undefined) return NO_AGENT;
    return {
      mode: agent.isAdaptive ? 'adaptive' : 'fixed',
      isSampling: agent.isSampling,
      windows: agent.windows,
      last: agent.last,
      shards: Array.from({ length: this.#parts.replica.config.shards + 1 }, (_, shard) => ({
        shard,
        targets: agent.targets(shard),
        estimates: agent.estimates(shard),
        decision: agent.decisions.latest(shard),
        delivered: agent.delivered(shard),
      })),
      reasons: agent.decisions.reasons(),
      decisions: agent.decisions,
      findings: () => agent.findings(),
    };
  }
}
