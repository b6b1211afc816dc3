import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { codeOf } from '../../protocol/errors.ts';
import { encodeRow, TABLES } from '../../protocol/governance/rows.ts';
import type { RunningNode } from '../compose.ts';
import { PREFIXES } from '../storage/keys.ts';
import { Cluster, DEADLINE_MS, reached } from './harness/cluster.ts';
import { eventually } from './harness/deadline.ts';

type Level = ClassicLevel<Uint8Array, Uint8Array>;
type Change = (level: Level, key: Uint8Array, value: Uint8Array) => Promise<void>;

/** Scrubs follow each other at once. */
const STORAGE = { scrub: { bytesPerSecond: 64 * 1024 * 1024, pauseMs: 100 } };
const VOTERS = 4;

const flip: Change = async (level, key, value) => {
  const flipped = value.slice();
  flipped[value.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
  await level.put(key, flipped);
};
const remove: Change = (level, key) => level.del(key);

async function withLevel(home: string, use: (level: Level) => Promise<void>): Promise<void> {
  const path = join(home, 'ledger', 'db');
  const level: Level = new ClassicLevel(path, { keyEncoding: 'view', valueEncoding: 'view' });
  await level.open();
  try {
    await use(level);
  } finally {
    await level.close();
  }
}

/** The first record of a kind, changed behind the back of the store. */
async function damage(home: string, prefix: number, change: Change): Promise<void> {
  await withLevel(home, async (level) => {
    const [entry] = await level.iterator({ gte: Uint8Array.of(prefix), limit: 1 }).all();
    assert.ok(entry !== undefined && entry[0][0] === prefix);
    await change(level, entry[0], entry[1]);
  });
}

/** A session and a ballot of every voter, final everywhere. */
async function fill(cluster: Cluster): Promise<void> {
  const nodes = await cluster.startAll();
  await nodes[0]?.api.submitOperation(cluster.sessionOpen('s1', 0, 1)).final;
  await reached(nodes, nodes[0]?.api.head().height ?? 0);
  for (let voter = 0; voter < VOTERS; voter++) {
    await nodes[voter]?.api.submitBallot(cluster.ballot('s1', voter, 5)).final;
  }
  await level(cluster);
}

async function level(cluster: Cluster): Promise<void> {
  const nodes = cluster.running();
  await reached(nodes, Math.max(...nodes.map(({ api }) => api.head().height)));
}

async function metric(node: RunningNode, name: string): Promise<number> {
  const text = await node.api.metricsText();
  return Number(new RegExp(`^waggle_${name} (\\d+)`, 'm').exec(text)?.[1] ?? Number.NaN);
}

/** All that a reader can be told, a line each. */
async function readAll({ api }: RunningNode, height: number): Promise<string[]> {
  const hash = (value: unknown): string =>
    createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
  const lines: string[] = [];
  for (let at = 1; at <= height; at++) {
    const block = await api.block({ height: at });
    const segments = await api.segmentsOf(at);
    lines.push(`${at} ${hash(block?.block.bytes)}`);
    for (const { segment, outcomes } of segments) lines.push(`${at} ${hash(segment.bytes)} ${outcomes.join()}`);
  }
  for (const { ballot, ...facts } of await api.ballots('main', 's1', { limit: 100 })) {
    lines.push(`ballot ${hash(ballot.id)} ${facts.outcome} ${facts.height} ${facts.shard} ${facts.author}`);
  }
  for (const { name } of TABLES) {
    for (const [key, row] of api.state()[name].entries()) lines.push(`${name} ${key} ${hash(encodeRow(row))}`);
  }
  return lines.sort();
}

async function withCluster(use: (cluster: Cluster) => Promise<void>): Promise<void> {
  const cluster = await Cluster.create(4, VOTERS, STORAGE);
  try {
    await fill(cluster);
    await use(cluster);
  } finally {
    await cluster.remove();
  }
}

describe('a ledger that rots', () => {
  it('is mended while the node runs, where hashes say what was there', () =>
    withCluster(async (cluster) => {
      const height = cluster.nodes[0]?.api.head().height ?? 0;
      const expected = await readAll(cluster.nodes[0] as RunningNode, height);
      for (const [prefix, change] of [
        [PREFIXES.segment, remove],
        [PREFIXES.blockHeight, flip],
        [PREFIXES.certificate, flip],
      ] as const) {
        await cluster.stop(3);
        await damage(cluster.homes[3] ?? '', prefix, change);
        const node = await cluster.start(3);
        await eventually(
          async () => (await metric(node, 'ledger_mended_records')) > 0,
          DEADLINE_MS,
          `mended ${prefix}`,
        );
        assert.deepEqual(await readAll(node, height), expected);
        const passes = await metric(node, 'ledger_scrub_passes');
        await eventually(async () => (await metric(node, 'ledger_scrub_passes')) > passes + 1, DEADLINE_MS, 'scrubbed');
        assert.equal(await metric(node, 'ledger_mended_records'), 1, 'it stays mended');
        await eventually(() => node.api.status().ready, DEADLINE_MS, 'ready again');
      }
      assert.deepEqual(cluster.failures, []);
    }));

  it('stops the node where they do not, and the next start makes it anew', () =>
    withCluster(async (cluster) => {
      const height = cluster.nodes[0]?.api.head().height ?? 0;
      const expected = await readAll(cluster.nodes[0] as RunningNode, height);
      const home = cluster.homes[3] ?? '';
      for (const [prefix, change] of [
        [PREFIXES.ballotPlace, flip],
        [PREFIXES.outcomes, remove],
      ] as const) {
        await cluster.stop(3);
        await damage(home, prefix, change);
        const node = await cluster.start(3);
        const { exitCode, code } = await node.failed;
        assert.deepEqual([exitCode, code], [74, 'WAGGLE_LEDGER_DAMAGED']);
        assert.equal(node.api.status().ready, false);
        assert.ok(existsSync(join(home, 'ledger', 'damaged')));
        await cluster.stop(3);
        const again = await cluster.start(3);
        assert.deepEqual(await readAll(again, height), expected);
        const passes = await metric(again, 'ledger_scrub_passes');
        await eventually(
          async () => (await metric(again, 'ledger_scrub_passes')) > passes + 1,
          DEADLINE_MS,
          'scrubbed',
        );
        assert.equal(await metric(again, 'ledger_damaged_records'), 0);
      }
      await cluster.nodes[3]?.api.submitBallot(cluster.ballot('s1', 3, 7)).final;
    }));

  it('is never read as anything else: a damaged record is refused and looked after at once', () =>
    withCluster(async (cluster) => {
      await cluster.stop(3);
      await damage(cluster.homes[3] ?? '', PREFIXES.segmentRef, flip);
      const height = cluster.nodes[0]?.api.head().height ?? 0;
      const node = await cluster.start(3);
      const ids = [];
      for (let at = 1; at <= height; at++) {
        for (const { segment } of (await cluster.nodes[0]?.api.segmentsOf(at)) ?? []) ids.push(segment.id);
      }
      for (const id of ids) {
        const found = await node.api.segment(id).catch((error: unknown) => codeOf(error));
        if (typeof found === 'string') assert.equal(found, 'WAGGLE_STORE_DAMAGED');
        else assert.deepEqual(found?.segment.id, id);
      }
      await eventually(async () => (await metric(node, 'ledger_mended_records')) === 1, DEADLINE_MS, 'mended');
      for (const id of ids) assert.deepEqual((await node.api.segment(id))?.segment.id, id);
    }));

  it('rots at all of them at once, each elsewhere, and nothing is lost', () =>
    withCluster(async (cluster) => {
      const height = cluster.nodes[0]?.api.head().height ?? 0;
      const expected = await readAll(cluster.nodes[0] as RunningNode, height);
      for (let at = 0; at < 4; at++) await cluster.stop(at);
      const kinds = [PREFIXES.row, PREFIXES.segment, PREFIXES.ballotPlace, PREFIXES.blockHeight];
      for (const [at, prefix] of kinds.entries()) await damage(cluster.homes[at] ?? '', prefix, remove);
      const nodes = await cluster.startAll();
      assert.equal((await nodes[2]?.failed)?.exitCode, 74);
      await cluster.stop(2);
      await cluster.start(2);
      for (const node of cluster.running()) {
        await eventually(async () => (await metric(node, 'ledger_scrub_passes')) > 1, DEADLINE_MS, 'scrubbed');
        await eventually(() => node.api.status().ready, DEADLINE_MS, 'ready');
        assert.deepEqual(await readAll(node, height), expected);
      }
      const first = cluster.nodes[0];
      await first?.api.submitBallot(cluster.ballot('s1', 0, 9, undefined)).final;
    }));
});
