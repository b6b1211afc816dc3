import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { REPOSITORY } from './planted.ts';

const urlOf = (...path: string[]): string => pathToFileURL(join(REPOSITORY, ...path)).href;

/** Sizes of the batches that a pool makes of three ballots and of two operations, and whether an agent would change them. */
const CODE = `
const { FIXED_BATCHES, Pool } = await import(${JSON.stringify(urlOf('consensus', 'batching', 'pool.ts'))});
const pool = new Pool(1, FIXED_BATCHES);
for (const shard of [1, 1, 1, 0, 0]) pool.add(shard, { kind: 1, bytes: new Uint8Array(9) }, new Uint8Array(32), 0);
const sizes = (shard) => {
  const batch = pool.take(shard, 1_000);
  return batch === undefined ? [] : [batch.items.length, ...sizes(shard)];
};
console.log(JSON.stringify([sizes(1), sizes(0), process.env.WAGGLE_AGENT_MODE ?? 'as it is']));
`;

function batchesWith(...args: string[]): unknown {
  const { stdout, stderr } = spawnSync(process.execPath, [...args, '--input-type=module', '-e', CODE], {
    encoding: 'utf8',
  });
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout);
}

test('a daemon told so seals every ballot alone, and operations as ever', () => {
  const oneItem = urlOf('scripts', 'bench', 'cluster', 'one-item.ts');
  assert.deepEqual(batchesWith(), [[3], [2], 'as it is']);
  assert.deepEqual(batchesWith('--import', oneItem), [[1, 1, 1], [2], 'fixed']);
});
