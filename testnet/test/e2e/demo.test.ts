import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { begin, daemonsOf, inFolder, lastJson, until, waggle } from './harness.ts';

test('the demonstration votes, counts on every node and leaves no process; a second one opens a further session', async () => {
  await inFolder(async (folder) => {
    const dir = join(folder, 'net');
    for (const session of ['demo', 'demo-2']) {
      const { exit, out, err } = await waggle(['testnet', 'demo', '--dir', dir, '--once', '--json']);
      assert.equal(exit, 0, err);
      const result = lastJson(out);
      assert.match(String(result.chain), /^[0-9a-f]{64}$/);
      const { nodes, validators, shards, ballots, counted, receiptsVerified, resultsAgree } = result;
      assert.deepEqual(
        { nodes, validators, shards, session: result.session, ballots, counted, receiptsVerified, resultsAgree },
        {
          nodes: 4,
          validators: 4,
          shards: 4,
          session,
          ballots: 13,
          counted: 13,
          receiptsVerified: 0,
          resultsAgree: true,
        },
      );
      assert.ok(Number(result.finalMsP50) > 0 && Number(result.finalMsP99) >= Number(result.finalMsP50));
      assert.deepEqual(daemonsOf(folder), []);
    }
  });
});

for (const [signal, exit] of [
  ['SIGTERM', 143],
  ['SIGKILL', null],
] as const) {
  test(`an ephemeral network in the foreground ends with its command, also by ${signal}`, async () => {
    await inFolder(async (folder) => {
      const up = begin(['testnet', 'up', '--dir', join(folder, 'net'), '--ephemeral']);
      await until(
        'ready',
        60_000,
        async () => up.err(),
        (err) => /Next: npx waggle status/.test(err),
      );
      assert.equal(daemonsOf(folder).length, 4);
      up.child.kill(signal);
      assert.equal((await up.ended).exit, exit);
      await until(
        'all ended',
        15_000,
        async () => daemonsOf(folder),
        (pids) => pids.length === 0,
      );
      // Nobody is left to remove the folder after SIGKILL; the daemons have seen their stdin close.
      assert.equal(existsSync(join(folder, 'net')), signal === 'SIGKILL');
    });
  });
}
