import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ballotParams } from '../../test/harness/rpc-client.ts';
import { exact, shortDecimal } from '../fractions.ts';
import { bar } from '../progress.ts';
import { cut } from '../table.ts';
import { type Daemon, sessionFile, withDaemon, writeJson } from './daemon.ts';

async function opened({ directory, run, rig }: Daemon): Promise<void> {
  await writeJson(directory, 'lunch.yaml', sessionFile('lunch'));
  assert.equal((await run('session', 'open', 'lunch.yaml')).exit, 0);
  for (const [voter, weight] of [
    ['m0', 8],
    ['m1', 5],
  ] as const) {
    const entries = [{ proposal: 'pizza', choice: weight }];
    await rig.result('ballot_submit', { ...ballotParams(voter, []), session: 'lunch', entries });
  }
}

test('a tally of a running session says so far, and what it needs is exact', async (t) => {
  await withDaemon(t, async (daemon) => {
    await opened(daemon);
    const running = await daemon.run('tally', 'lunch');
    assert.match(running.out, /weight +total +percent +needs +band so far +status so far +rank/);
    assert.match(running.out, /pizza +2 +13 +65\.0% +>=200\/3% +rejected/);
    assert.match(running.out, /so far: every vote may change it/);
    assert.equal((await daemon.run('session', 'close', 'lunch')).exit, 0);
    const ended = await daemon.run('tally', 'lunch');
    assert.match(ended.out, /final at height/);
    assert.doesNotMatch(ended.out, /so far/);
  });
});

test('who has not voted is missing while votes are taken, and did not vote afterwards', async (t) => {
  await withDaemon(t, async (daemon) => {
    await opened(daemon);
    assert.match((await daemon.run('session', 'show', 'lunch')).out, /2 of 3 voted; missing: m2/);
    assert.equal((await daemon.run('session', 'close', 'lunch', '--reason', 'enough')).exit, 0);
    const { out } = await daemon.run('session', 'show', 'lunch');
    assert.match(out, /2 of 3 voted; did not vote: m2/);
    assert.match(out, /completed since \S+: enough/);
  });
});

test('the next command of a draft leads to its opening', async (t) => {
  await withDaemon(t, async (daemon) => {
    await writeJson(daemon.directory, 'draft.yaml', sessionFile('supper', { draft: true, proposals: [] }));
    assert.match((await daemon.run('session', 'open', 'draft.yaml')).err, /Next: npx waggle session activate supper/);
    assert.match((await daemon.run('session', 'show', 'supper')).err, /Next: npx waggle proposal add supper/);
    const added = await daemon.run('proposal', 'add', 'supper', 'bread', '--title', 'Bread', '--category', 'light');
    assert.match(added.out, /one proposal added to supper/);
    assert.match((await daemon.run('session', 'show', 'supper')).err, /Next: npx waggle session activate supper/);
    assert.match((await daemon.run('session', 'activate', 'supper')).out, /session supper is active/);
  });
});

test('a write that nobody may carry out leaves nothing behind', async (t) => {
  await withDaemon(t, async (daemon) => {
    await opened(daemon);
    const before = daemon.rig.api.submitted.length;
    assert.equal((await daemon.run('vote', 'lunch', 'pizza', '7', '--as', 'm5')).exit, 65);
    assert.equal(daemon.rig.api.submitted.length, before);
  });
});

test('the agent: targets and times of each shard, then what was decided, the newest first', async (t) => {
  await withDaemon(t, async ({ rig, runOnTerminal, run }) => {
    const { out, err } = await runOnTerminal('agent', 'status');
    assert.match(out, /batches are adaptive; idle since /);
    assert.match(out, /shard +phase +items +linger +flight +per s +p50 +p99 +seal +order +exec\n/);
    assert.match(out, / 1 +drain +75 +5 +0\/32 +2500 +33 +45 +4 +27\.5 +1\.5\n/);
    assert.match(out, /Machine: CPU 75 %, loop late by 2\.5, sync 0\.4, 114 MiB, farthest peer 0\.25\./);
    assert.match(err, /Next: npx waggle agent history/);
    const lines = `${out}${err}`.trimEnd().split('\n');
    assert.ok(lines.length < 24 && lines.every((line) => line.length <= 80), out);
    const history = await runOnTerminal('agent', 'history');
    assert.match(history.out, /2 +\S+ +1 +drain +queue-stands +75 +5 +32\n +1 +\S+ +1 +startup +rate-grows/);
    assert.match(history.err, /Next: npx waggle agent status/);
    const findings = await runOnTerminal('agent', 'findings');
    assert.match(findings.out, /disk-slow +60 % +20 +syncMs 6\.67, finalMs 33\ndisk-slow: the disk syncs slowly/);
    assert.match(findings.err, /Next: npx waggle agent status/);
    rig.api.mode = 'none';
    assert.match((await run('agent', 'status')).out, /an observer seals no batches/);
  });
});

test('a percentage never looks like more than it is', () => {
  assert.equal(shortDecimal({ num: 185, den: 3 }), '61.6…');
  assert.equal(shortDecimal({ num: 130, den: 2 }), '65.0');
  assert.equal(shortDecimal({ num: 59_999, den: 1_000 }), '59.9…');
  assert.equal(exact({ num: 60, den: 1 }), '60');
  assert.equal(exact({ num: 1333, den: 20 }), '66.65');
  assert.equal(exact({ num: 200, den: 3 }), '200/3');
});

test('ids are cut in the middle, sentences at the end', () => {
  assert.equal(cut('0123456789abcdef', 9), '0123…cdef');
  assert.equal(cut('no quorum: 2 of 4', 10), 'no quorum…');
  assert.equal(cut('short', 9), 'short');
});

test('a bar is as long as what is done of the whole', () => {
  assert.match(bar(0, 10, 'ballots'), /^░{30} 0 of 10 ballots$/);
  assert.match(bar(5, 10, 'ballots'), /^█{15}░{15} 5 of 10/);
  assert.match(bar(12, 10, 'ballots'), /^█{30} 12 of 10/);
  assert.match(bar(0, 0, 'ballots'), /^░{30}/);
});
