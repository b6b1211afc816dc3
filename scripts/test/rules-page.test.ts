import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { testFiles } from '../test-files.ts';
import { REPOSITORY } from './planted.ts';

const RULES = 12;
const FILE = /`([\w./-]+\.(?:ts|txt|json))`/g;
const LINTS = /lints? ((?:`[a-z0-9-]+`(?:, )?)+)/g;

interface Row {
  readonly number: number;
  readonly where: string;
  readonly heldBy: string;
}

function rowsOf(page: string): Row[] {
  return page.split('\n').flatMap((line) => {
    const found = /^\| (\d+) \| .+ \| (.+) \| (.+) \|$/.exec(line);
    return found === null ? [] : [{ number: Number(found[1]), where: found[2] ?? '', heldBy: found[3] ?? '' }];
  });
}

const filesIn = (text: string): string[] => [...text.matchAll(FILE)].map((match) => match[1] ?? '');
const lintsIn = (text: string): string[] =>
  [...text.matchAll(LINTS)].flatMap((match) => [...(match[1] ?? '').matchAll(/`([^`]+)`/g)].map((one) => one[1] ?? ''));

/** What is wrong with a page of rules in this repository. */
function faultsOf(page: string): string[] {
  const tests = new Set((['unit', 'deep', 'e2e'] as const).flatMap((suite) => testFiles(REPOSITORY, suite)));
  const folder = join(REPOSITORY, 'scripts', 'tidy');
  const rules = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  const planted = readFileSync(join(REPOSITORY, 'scripts', 'test', 'tidy.test.ts'), 'utf8');
  const rows = rowsOf(page);
  const faults: string[] = [];
  for (let number = 1; number <= RULES; number++) {
    if (rows.filter((row) => row.number === number).length !== 1) faults.push(`rule ${number} is not there once`);
  }
  for (const { number, where, heldBy } of rows) {
    const held = filesIn(heldBy).filter((file) => file.endsWith('.test.ts'));
    const lints = lintsIn(heldBy);
    if (held.length + lints.length === 0) faults.push(`rule ${number} is held by nothing`);
    for (const file of held) if (!tests.has(file)) faults.push(`rule ${number}: ${file} is no test`);
    for (const file of filesIn(where + heldBy)) {
      if (!existsSync(join(REPOSITORY, file))) faults.push(`rule ${number}: no file ${file}`);
    }
    for (const lint of lints) {
      if (!rules.some((text) => text.includes(`'${lint}'`))) faults.push(`rule ${number}: no lint ${lint}`);
      if (!planted.includes(`['${lint}'`) && !planted.includes(`'${lint}',`)) faults.push(`${lint} was never planted`);
    }
  }
  return faults;
}

const PAGE = readFileSync(join(REPOSITORY, 'docs', 'rules.md'), 'utf8');

test('every rule is held by tests and lints that are there', () => {
  assert.deepEqual(faultsOf(PAGE), []);
});

test('a test that is gone, a lint that never was, and a rule without either are found', () => {
  const changed = PAGE.replaceAll('node/test/driver-queue.test.ts', 'node/test/gone.test.ts')
    .replace('lint `bare-hash`', 'lint `bare-feet`')
    .replace(/^\| 12 \|.*$/m, '| 12 | a rule | `README.md` | good will |')
    .replace(/^\| 10 \|.*$/m, '');
  assert.deepEqual(faultsOf(changed), [
    'rule 10 is not there once',
    'rule 2: node/test/gone.test.ts is no test',
    'rule 2: no file node/test/gone.test.ts',
    'rule 6: no lint bare-feet',
    'bare-feet was never planted',
    'rule 12 is held by nothing',
  ]);
});
