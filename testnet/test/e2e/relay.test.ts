import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { begin, daemonsOf, inFolder, succeed, until, waggle } from './harness.ts';

/** What the command gives a scenario before it says that it is stuck, and some more. */
const SCENARIO_MS = 260_000;

interface Verdict {
  readonly scenario: string;
  readonly verdict: string;
  readonly findings: readonly { readonly invariant: string; readonly holds: boolean }[];
}

test('halves: a scenario is run, judged, and leaves nothing behind', async () => {
  const run = begin(['testnet', 'scenario', 'halves', '--seed', '3', '-o', 'json'], {}, SCENARIO_MS);
  const { exit, out, err } = await run.ended;
  assert.equal(exit, 0, err);
  const [result] = JSON.parse(out) as [Verdict];
  assert.deepEqual([result.scenario, result.verdict], ['halves', 'holds']);
  const judged = new Set(result.findings.map(({ invariant }) => invariant));
  for (const invariant of ['S1', 'S2', 'S3', 'L1', 'L2']) assert.ok(judged.has(invariant), invariant);
  assert.match(err, /^ {2}halves holds after/m);
});

test('a network with --faults is cut and healed, one without says how to get one', async () => {
  await inFolder(async (folder) => {
    const dir = join(folder, 'net');
    const up = begin(['testnet', 'up', '--faults', '--dir', dir, '-o', 'json'], {}, SCENARIO_MS);
    await until(
      'the network is up',
      60_000,
      async () => up.err(),
      (err) => err.match(/is ready at height/g)?.length === 4,
    );
    const run = async (...args: string[]) => await succeed(['testnet', ...args, '--dir', dir]);
    assert.match((await run('partition', 'node1/node2,node3,node4')).err, /^cut: node1 to node2/m);
    const status = async () => (await run('status')).out;
    await until('node1 misses the others', 40_000, status, (out) => /node1: no quorum/.test(out));
    assert.match((await run('delay', '5', '--from', 'node2')).err, /^delay 5 ms: node2 to node3/m);
    assert.match((await run('heal')).err, /all links are whole/);
    await until('node1 is back', 40_000, status, (out) => (out.match(/ ready$/gm)?.length ?? 0) === 4);
    const wrong = await waggle(['testnet', 'partition', 'node1/node9', '--dir', dir]);
    assert.deepEqual([wrong.exit, /there is no node 'node9'/.test(wrong.err)], [64, true]);
    up.child.kill('SIGINT');
    assert.equal((await up.ended).exit, 130);
    assert.deepEqual(daemonsOf(folder), []);
    const plain = join(folder, 'plain');
    const { err } = await succeed(['testnet', 'up', '--nodes', '1', '--detach', '--dir', plain]);
    assert.match(err, /one node|node1 is ready/);
    const refused = await waggle(['testnet', 'heal', '--dir', plain]);
    assert.equal(refused.exit, 64);
    assert.match(refused.err, /without --faults.*\n+Next: npx waggle testnet up --faults/);
    await succeed(['testnet', 'down', '--dir', plain]);
    assert.deepEqual(daemonsOf(folder), []);
  });
});
