import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { currentPage, limitsFindings, readable, render } from '../limits.ts';
import { edit, plant, REPOSITORY, write } from './planted.ts';

const SOURCE = `const KIB = 1024;
/** Everything. */
export const LIMITS = {
  /** Entries of one
   * ballot. */
  entriesMax: 1_000,
  ballotBytesMax: 64 * KIB,
} as const;
`;
const PAGE = `# Limits

Before.

<!-- from protocol/limits.ts by npm run limits: begin -->
<!-- from protocol/limits.ts by npm run limits: end -->

After.
`;
const FILES = { 'protocol/limits.ts': SOURCE, 'docs/LIMITS.md': PAGE };
const rules = async (root: string) => (await limitsFindings(root)).map(({ file, rule }) => `${file} ${rule}`);

test('the page takes its values and notes from the source and leaves the rest alone', async (t) => {
  const page = await currentPage(plant(t, FILES));
  assert.match(page, /^# Limits\n\nBefore\.\n\n<!--/);
  assert.match(page, /-->\n\nAfter\.\n$/);
  assert.match(page, /^\| `entriesMax` \| 1,000 \| Entries of one ballot\. \|$/m);
  assert.match(page, /^\| `ballotBytesMax` \| 64 KiB \|/m);
});

test('a page as written is no finding; one left behind by a changed limit is', async (t) => {
  const root = plant(t, FILES);
  assert.deepEqual(await rules(root), ['docs/LIMITS.md limits-page']);
  write(root, { 'docs/LIMITS.md': await currentPage(root) });
  assert.deepEqual(await rules(root), []);
  edit(root, 'docs/LIMITS.md', (text) => text.replace('64 KiB', '65 KiB'));
  assert.deepEqual(await rules(root), ['docs/LIMITS.md limits-page']);
});

test('a missing page, one without marks, or a source without numbers is a finding', async (t) => {
  assert.deepEqual(await rules(plant(t, { 'protocol/limits.ts': SOURCE })), ['docs/LIMITS.md limits-page']);
  assert.deepEqual(await rules(plant(t, { ...FILES, 'docs/LIMITS.md': '# Limits\n' })), ['docs/LIMITS.md limits-page']);
  const text = 'export const LIMITS = { entriesMax: "many" };\n';
  assert.deepEqual(await rules(plant(t, { ...FILES, 'protocol/limits.ts': text })), ['docs/LIMITS.md limits-page']);
});

test('a tree without limits needs no page', async (t) => {
  assert.deepEqual(await rules(plant(t)), []);
});

test('the relations that are asserted are listed', () => {
  const source = "assert(LIMITS.aMax <\n  2 * LIMITS.bMax, 'a fits b');\n";
  assert.match(render([['aMax', 1]], source), /\n- a fits b: `aMax < 2 \* bMax`\n/);
});

test('sizes and durations are read in the largest unit that divides them', () => {
  assert.equal(readable('bodyBytesMax', 8 * 1024), '8 KiB');
  assert.equal(readable('bodyBytesMax', 2_000), '2,000 bytes');
  assert.equal(readable('lifetimeMs', 90_000), '90 s');
  assert.equal(readable('lifetimeMsMax', 600_000), '10 min');
  assert.equal(readable('aheadMs', 500), '500 ms');
  assert.equal(readable('slots', 1024), '1,024');
});

test('the page of this repository lists each of its limits once', () => {
  const page = readFileSync(join(REPOSITORY, 'docs', 'LIMITS.md'), 'utf8');
  const names = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  const source = readFileSync(join(REPOSITORY, 'protocol', 'limits.ts'), 'utf8');
  assert.deepEqual(
    names,
    [...source.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name),
  );
});
