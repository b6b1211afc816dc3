import type { Decision, Estimates, Sample } from '../../../consensus/batching/types.ts';
import type { Delivery } from '../../../consensus/types.ts';
import { ZERO_HASH } from '../../../protocol/hash.ts';
import { type BatchController, MetricsAgent } from '../../agent/agent.ts';
import { MachineProbe } from '../../agent/machine-probe.ts';
import { Sampler } from '../../agent/sampler.ts';
import { ShardAdvice } from '../../agent/shard-advice.ts';

export const SELF = 1;
export const WINDOW_MS = 100;
const SHARDS = 2;
const BODY_BYTES = 250;
const NONE: Estimates = { deliveryPerS: 0, finalMsMin: 0, itemBytes: 0, finalMsP99: 0, pipeItems: 0 };
export const TARGETS = { itemsTarget: 512, bytesTarget: 1_000, lingerMs: 5, inFlightSegmentsMax: 32 };

/** A controller that decides the same thing whenever it sees a shard. */
export class FakeController implements BatchController {
  readonly samples: Sample[] = [];

  observe(sample: Sample): Decision[] {
    this.samples.push(sample);
    return sample.shards.map(({ shard }) => ({
      atMs: sample.atMs,
      shard,
      phase: 'steady',
      reason: `seen-${shard}`,
      estimates: NONE,
      targets: TARGETS,
    }));
  }

  estimates(): Estimates {
    return NONE;
  }
}

/** An agent on a clock of its own, with what its node would tell it. */
export class AgentBench {
  nowMs = 1_000;
  timers = 0;
  isLoopWatched = false;
  cpuMicros = 0;
  sentBytes = 0;
  readonly controller = new FakeController();
  readonly waiting = [0, 0, 0];
  readonly unexecuted = [0, 0, 0];
  readonly agent: MetricsAgent;
  #run: (() => void) | undefined;

  constructor(isAdaptive = true) {
    const loop = {
      start: () => {
        this.isLoopWatched = true;
      },
      stop: () => {
        this.isLoopWatched = false;
      },
      takeMsP99: () => 3,
    };
    const probe = new MachineProbe({
      loop,
      cpuMicros: () => this.cpuMicros,
      residentBytes: () => 1_000,
      syncMs: () => undefined,
      links: () => [{ peer: 'v0', sentBytes: this.sentBytes, roundTripMs: 20 }],
    });
    const pending = (shard: number) => ({
      waitingItems: this.waiting[shard] ?? 0,
      inFlightSegments: this.unexecuted[shard] ?? 0,
    });
    this.agent = new MetricsAgent({
      controller: isAdaptive ? this.controller : undefined,
      targets: () => TARGETS,
      quorum: 3,
      advice: new ShardAdvice({ shards: SHARDS, nowMs: () => this.nowMs }),
      sampler: new Sampler({ shards: SHARDS, self: SELF, nowMs: () => this.nowMs, pending, probe }),
      clock: {
        wallMs: () => 1_700_000_000_000 + this.nowMs,
        every: (_periodMs, run) => {
          this.timers += 1;
          this.#run = run;
          return () => {
            this.timers -= 1;
            this.#run = undefined;
          };
        },
      },
    });
  }

  /** Items one after the other at the same time. */
  submit(shard: number, count: number): void {
    for (let at = 0; at < count; at++) this.agent.submitted(shard);
    this.waiting[shard] = (this.waiting[shard] ?? 0) + count;
  }

  seal(shard: number, height: number, count: number): void {
    this.waiting[shard] = (this.waiting[shard] ?? 0) - count;
    this.unexecuted[shard] = (this.unexecuted[shard] ?? 0) + 1;
    const segment = { header: { shard, height, author: SELF, count } };
    this.#take({ kind: 'sealed', segment, ids: Array.from({ length: count }, () => ZERO_HASH) });
  }

  finalize(height: number): void {
    this.#take({ kind: 'finalized', height });
  }

  /** A block of this height with one segment. */
  execute(block: number, segment: { shard: number; height: number; count: number; author?: number }): void {
    const { shard, height, count, author = SELF } = segment;
    if (author === SELF) this.unexecuted[shard] = Math.max(0, (this.unexecuted[shard] ?? 0) - 1);
    const header = { shard, height, author };
    const items = Array.from({ length: count }, () => ({ outcome: 'counted' }));
    const segments = [{ segment: { header, body: new Uint8Array(BODY_BYTES) }, items }];
    this.#take({ kind: 'executed', executed: { block: { block: { height: block } }, segments } });
  }

  busy(shard: number): void {
    this.waiting[shard] = (this.waiting[shard] ?? 0) - 1;
    this.#take({ kind: 'busy', shard, id: ZERO_HASH });
  }

  standing(author: number): void {
    this.#take({ kind: 'standing', standing: { author } });
  }

  /** Time goes on, and the timer runs if there is one. @returns the sample it took */
  window(afterMs = WINDOW_MS): Sample | undefined {
    this.nowMs += afterMs;
    const before = this.agent.windows;
    this.#run?.();
    return this.agent.windows > before ? this.agent.last?.sample : undefined;
  }

  /** As much of a delivery as an agent looks at. */
  #take(delivery: object): void {
    this.agent.take([delivery as Delivery]);
  }
}
