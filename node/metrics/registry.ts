import { Counter, Gauge, Registry } from '@prometheus-io/client';

/** Where figures come from. They are read when somebody asks, so that nothing is counted twice. */
export interface MetricSources {
  /** Events of the network by name. */
  readonly network: () => Readonly<Record<string, number>>;
  /** Events of the driver by name; `refused.<reason>` and `executed.items.<outcome>` become labels of their own. */
  readonly driver: () => Readonly<Record<string, number>>;
  /** Figures that go up and down, by metric name without the prefix. */
  readonly gauges: () => Readonly<Record<GaugeName, number>>;
  /** What the metrics agent holds of each shard; none at an observer. */
  readonly shards: () => readonly ShardFigures[];
  /** Decisions of the metrics agent by reason. */
  readonly decisions: () => Readonly<Record<string, number>>;
}

/** Of one shard, by metric name without the prefix. What is not known yet is absent. */
export interface ShardFigures {
  readonly shard: number;
  readonly figures: Readonly<Partial<Record<ShardGaugeName, number>>>;
}

/** `waggle_<name>`, each with its unit last. */
const GAUGES = {
  consensus_view: 'Current view',
  consensus_final_height: 'Height of the last final block',
  ledger_executed_height: 'Height of the last executed block',
  ledger_synced_height: 'Executed height that is durable in the ledger store',
  ledger_pending_bytes: 'Bytes on their way to the ledger store',
  ledger_scrub_passes: 'Times the whole ledger store was read and checked since the start',
  ledger_scrubbed_bytes: 'Bytes of ledger and journal read and checked since the start',
  ledger_damaged_records: 'Damaged records found since the start',
  ledger_mended_records: 'Damaged records put anew since the start',
  journal_size_bytes: 'Bytes of the journal on disk',
  journal_syncs: 'Syncs of the journal since the start',
  journal_last_sync_seconds: 'How long the last sync of the journal took',
  driver_queued_inputs: 'Inputs that wait for the next turn',
  driver_pending_submissions: 'Submitted here and not final yet',
  network_connected_validators: 'Other validators that frames reach',
  node_uptime_seconds: 'Time since the start',
  process_resident_bytes: 'Memory of the process',
  agent_windows: 'Samples the metrics agent took since the start',
  agent_loop_delay_seconds: 'How late the event loop was in the last sample, 99th percentile',
  agent_cpu_ratio: 'CPU seconds per second of the process in the last sample',
} as const;

export type GaugeName = keyof typeof GAUGES;

/** As GAUGES, each with a label `shard`. */
const SHARD_GAUGES = {
  agent_batch_items: 'Items from which an open batch is sealed',
  agent_batch_bytes: 'Bytes from which an open batch is sealed',
  agent_linger_seconds: 'Age at which an open batch is sealed',
  agent_in_flight_segments_max: 'Own segments that may be sealed and unfinal',
  agent_in_flight_segments: 'Own segments sealed and not executed, in the last sample',
  agent_waiting_items: 'Items in the open batch, in the last sample',
  agent_final_seconds_p50: 'Submission to final in the last window that had any, median',
  agent_final_seconds_p99: 'Submission to final in the last window that had any, 99th percentile',
  agent_seal_seconds: 'Of that, until the segment was durable, mean',
  agent_order_seconds: 'Of that, until the block was final, mean',
  agent_execute_seconds: 'Of that, until the block was executed, mean',
} as const;

export type ShardGaugeName = keyof typeof SHARD_GAUGES;

const REFUSED = 'refused.';
const ITEMS = 'executed.items.';

/** One explicit registry: nothing registers itself anywhere else. @returns all figures in Prometheus text form */
export function createMetrics(sources: MetricSources): () => Promise<string> {
  const registry = new Registry();
  for (const [name, help] of Object.entries(GAUGES)) {
    const collect = function (this: Gauge): void {
      this.set(sources.gauges()[name as GaugeName]);
    };
    new Gauge({ name: `waggle_${name}`, help, registers: [registry], collect });
  }
  for (const [name, help] of Object.entries(SHARD_GAUGES)) {
    const collect = function (this: Gauge<string>): void {
      this.reset();
      for (const { shard, figures } of sources.shards()) {
        const value = figures[name as ShardGaugeName];
        if (value !== undefined) this.set({ shard: String(shard) }, value);
      }
    };
    new Gauge<string>({ name: `waggle_${name}`, help, labelNames: ['shard'], registers: [registry], collect });
  }
  countEvents(registry, 'waggle_agent_decisions_total', 'Decisions of the metrics agent', 'reason', sources.decisions);
  countEvents(registry, 'waggle_network_events_total', 'Events of the network', 'event', sources.network);
  const driver = sources.driver;
  const plain = () => pick(driver(), (name) => (name.startsWith(REFUSED) || name.startsWith(ITEMS) ? undefined : name));
  countEvents(registry, 'waggle_driver_events_total', 'Events of the driver', 'event', plain);
  const refused = () => pick(driver(), (name) => after(name, REFUSED));
  countEvents(registry, 'waggle_consensus_refused_total', 'Messages of peers not taken', 'reason', refused);
  const items = () => pick(driver(), (name) => after(name, ITEMS));
  countEvents(registry, 'waggle_ledger_items_total', 'Executed items', 'outcome', items);
  return () => registry.metrics();
}

function countEvents(
  registry: Registry,
  name: string,
  help: string,
  label: string,
  read: () => Readonly<Record<string, number>>,
): void {
  const collect = function (this: Counter<string>): void {
    this.reset();
    for (const [event, count] of Object.entries(read())) this.inc({ [label]: event }, count);
  };
  new Counter<string>({ name, help, labelNames: [label], registers: [registry], collect });
}

function after(name: string, prefix: string): string | undefined {
  return name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
}

function pick(
  counts: Readonly<Record<string, number>>,
  rename: (name: string) => string | undefined,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counts).flatMap(([name, count]) => {
      const renamed = rename(name);
      return renamed === undefined ? [] : [[renamed, count]];
    }),
  );
}
