import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkVectors, firstDifference } from '../vectors.ts';
import { edit, plant, write } from './planted.ts';

const IDS = 'protocol/vectors/ids.json';

async function problem(root: string): Promise<string | undefined> {
  return (await checkVectors(root)).find(({ problem: found }) => found !== undefined)?.problem;
}

test('stored vectors equal to the generated ones pass', async (t) => {
  assert.deepEqual(await checkVectors(plant(t)), [{ file: IDS, problem: undefined }]);
});

test('a changed vector fails at its first differing path', async (t) => {
  const root = plant(t);
  edit(root, IDS, (text) => text.replace('root', 'r00t'));
  assert.equal(await problem(root), '$.cases[0].id: stored "r00t", generated "root"');
});

test('white space is part of the file', async (t) => {
  const root = plant(t);
  edit(root, IDS, (text) => text.trimEnd());
  assert.match((await problem(root)) ?? '', /white space/);
});

test('a missing file fails, accepting writes it, and then it passes', async (t) => {
  const root = plant(t);
  const stored = readFileSync(join(root, IDS), 'utf8');
  rmSync(join(root, IDS));
  assert.equal(await problem(root), 'missing');
  await checkVectors(root, true);
  assert.equal(readFileSync(join(root, IDS), 'utf8'), stored);
  assert.equal(await problem(root), undefined);
});

test('a file without generator fails unless it is external', async (t) => {
  const root = plant(t, { 'protocol/vectors/external-cases.json': '[]\n' });
  assert.equal(await problem(root), undefined);
  write(root, { 'protocol/vectors/orphan.json': '[]\n' });
  assert.match((await problem(root)) ?? '', /no generator orphan\.ts/);
});

test('a generator that is not a function, throws or is not deterministic fails', async (t) => {
  const generators = [
    'export const vectors = 1;\n',
    "export const vectors = () => { throw new Error('broken'); };\n",
    'let n = 0;\nexport const vectors = () => n++;\n',
  ];
  for (const text of generators) {
    const root = plant(t, { 'protocol/vectors/bad.ts': text });
    assert.match((await problem(root)) ?? '', /generator failed/);
  }
});

test('the first difference of two values', () => {
  assert.equal(firstDifference({ a: [1, 2] }, { a: [1, 2] }, '$'), undefined);
  assert.equal(firstDifference({ a: [1] }, { a: [1, 2] }, '$'), '$.a[1]: stored nothing, generated 2');
  assert.equal(firstDifference({ a: [] }, { a: {} }, '$'), '$.a: stored [], generated {}');
  assert.equal(firstDifference(null, {}, '$'), '$: stored null, generated {}');
});
