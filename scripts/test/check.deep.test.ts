import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { edit, plant, REPOSITORY, write } from './planted.ts';

function check(root: string, only: string): { code: number | null; output: string } {
  const args = [join(REPOSITORY, 'scripts', 'check.ts'), '--root', root, '--only', only];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { code: status, output: stdout + stderr };
}

test('the gate passes the clean tree', (t) => {
  const { code, output } = check(plant(t), 'tidy,vectors');
  assert.match(output, /^tidy +ok +\d/m);
  assert.match(output, /^golden vectors +ok +\d/m);
  assert.equal(code, 0);
});

test('the gate fails on a broken rule and names it', (t) => {
  const root = plant(t);
  write(root, { 'node/rpc/planted.ts': "import { store } from '../storage/store.ts';\nstore();\n" });
  const { code, output } = check(root, 'tidy,vectors');
  assert.match(output, /^tidy +FAIL/m);
  assert.match(output, /^node\/rpc\/planted\.ts:1 node-room /m);
  assert.match(output, /^golden vectors +ok/m);
  assert.equal(code, 1);
});

/** One planted fault of each kind that must never pass: the file, its text, the finding that names it. */
const FAULTS = [
  ['consensus/planted.ts', 'export const planted = () => Date.now();\n', /^consensus\/planted\.ts:1 pure-banned /m],
  [
    'protocol/planted.ts',
    "import { step } from '../consensus/simplex/step.ts';\nstep('');\n",
    /^protocol\/planted\.ts:1 import-direction /m,
  ],
  [
    'consensus/sim/checkers/planted.ts',
    "import { step } from '../../simplex/step.ts';\nstep('');\n",
    /^consensus\/sim\/checkers\/planted\.ts:1 checker-import /m,
  ],
] as const;

for (const [file, text, finding] of FAULTS) {
  test(`the gate fails on ${file}`, (t) => {
    const { code, output } = check(plant(t, { [file]: text }), 'tidy');
    assert.match(output, /^tidy +FAIL/m);
    assert.match(output, finding);
    assert.equal(code, 1);
  });
}

test('the gate fails on a changed golden vector and names its path', (t) => {
  const root = plant(t);
  edit(root, 'protocol/vectors/ids.json', (text) => text.replace('root', 'r00t'));
  const { code, output } = check(root, 'vectors');
  assert.match(output, /^protocol\/vectors\/ids\.json FAIL \$\.cases\[0\]\.id: /m);
  assert.equal(code, 1);
});

test('the gate runs the unit tests in an order it prints, and not those of processes', (t) => {
  const root = plant(t, {
    'node/test/a.test.ts': "import { test } from 'node:test';\ntest('passes', () => {});\n",
    'testnet/test/e2e/b.test.ts': "throw new Error('not here');\n",
    'consensus/test/step.test.ts': "import { test } from 'node:test';\ntest('passes too', () => {});\n",
  });
  const passed = check(root, 'unit');
  assert.match(passed.output, /^unit tests +ok +[\d.]+ s {2}2 of 2 passed, seed \d+$/m);
  write(root, { 'node/test/c.test.ts': "import { test } from 'node:test';\ntest('planted', () => { throw 1; });\n" });
  const failed = check(root, 'unit');
  assert.match(failed.output, /planted/);
  assert.match(failed.output, /replay: npm test -- --unit --seed \d+/);
  assert.equal(failed.code, 1);
});

test('a missing simulation fails and says so; an unknown step is a usage error', (t) => {
  const root = plant(t);
  const { code, output } = check(root, 'sim');
  assert.match(output, /scripts\/sim\.ts does not exist/);
  assert.equal(code, 1);
  assert.equal(check(root, 'nothing').code, 64);
});
