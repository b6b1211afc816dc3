import { TABLES } from '../governance/rows.ts';
import type { GovernanceState } from '../governance/state.ts';
import { Table } from '../governance/table.ts';
import { chunkLeaf, snapshotRoot } from '../snapshot/snapshot.ts';
import { freezeState, snapshotChunks } from '../snapshot/stream.ts';

/**
 * A snapshot of a state with many heads: what freezing costs inside a step, and how long the thread is held between two
 * pauses. `npm run bench -- snapshot`, `WAGGLE_BENCH_ROWS` heads (docs/decisions/010-snapshots.md).
 */
const ROWS = Number(process.env.WAGGLE_BENCH_ROWS ?? 200_000);
const filled = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

const state = Object.fromEntries(TABLES.map(({ name }) => [name, new Table<object>()])) as unknown as GovernanceState;
for (let at = 0; at < ROWS; at++) {
  const key = `main/s${at % 97}/model-${(at * 7_919) % ROWS}`;
  state.heads.restore(key, { ballot: filled(at % 256), body: new Uint8Array(160).fill(at % 256), height: at });
}

const place = {
  chain: filled(1),
  epoch: 0,
  height: 1,
  view: 1,
  hash: filled(2),
  timeMs: 1,
  history: filled(3),
  cut: [],
  standings: [],
};
const startMs = performance.now();
const startCpu = process.cpuUsage();
const frozen = freezeState(state);
const freezeMs = performance.now() - startMs;
const leaves: Uint8Array[] = [];
const slicesMs: number[] = [];
let bytes = 0;
let sliceStartMs = performance.now();
for (const chunk of snapshotChunks(place, frozen)) {
  if (chunk !== undefined) {
    leaves.push(chunkLeaf(chunk));
    bytes += chunk.length;
  }
  slicesMs.push(performance.now() - sliceStartMs);
  sliceStartMs = performance.now();
}
snapshotRoot(leaves);
const cpuMs = process.cpuUsage(startCpu).user / 1_000;
slicesMs.sort((a, b) => a - b);
const p99 = slicesMs[Math.floor(slicesMs.length * 0.99)] ?? 0;
console.log(`snapshot/freeze rows=${ROWS} ms=${freezeMs.toFixed(2)}`);
console.log(
  `snapshot/build chunks=${leaves.length} mib=${(bytes / 2 ** 20).toFixed(1)} cpu_ms=${cpuMs.toFixed(0)} slices=${slicesMs.length} p99_ms=${p99.toFixed(2)} max_ms=${(slicesMs.at(-1) ?? 0).toFixed(1)}`,
);
