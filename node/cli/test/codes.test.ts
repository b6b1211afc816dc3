import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { WaggleError } from '../../../protocol/errors.ts';
import { FAILURE_CODES, failureCode } from '../codes/all.ts';
import { failureOf } from '../failures.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
/** A code as it is thrown or matched: quoted, with an area and a what. */
const CODE = /'(WAGGLE_[A-Z0-9]+(?:_[A-Z0-9]+)+|WAGGLE_INVARIANT)'/g;

/** Codes in the production code of a top folder, with a file that has each. */
function codesIn(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !path.endsWith('.ts') || /\/(?:test|bench|codes|dist)\//.test(path)) continue;
    for (const [, code] of readFileSync(path, 'utf8').matchAll(CODE)) if (code !== undefined) found.set(code, path);
  }
  return found;
}

for (const folder of ['node', 'testnet', 'client', 'protocol', 'consensus']) {
  test(`every code of ${folder}/ is explained`, () => {
    const unknown = [...codesIn(folder)].filter(([code]) => failureCode(code) === undefined);
    assert.deepEqual(unknown, [], 'a line for it is missing in node/cli/codes');
  });
}

test('no code is explained that nothing has any more', () => {
  const known = new Set(
    ['node', 'testnet', 'client', 'protocol', 'consensus'].flatMap((folder) => [...codesIn(folder).keys()]),
  );
  assert.deepEqual(
    [...FAILURE_CODES.keys()].filter((code) => !known.has(code)),
    [],
  );
});

test('a command ends with the exit code that the table has, one line and what to do next', () => {
  for (const [code, { exit }] of FAILURE_CODES) {
    const failure = failureOf(new WaggleError(code, { signal: 'SIGTERM', number: 4001, reason: 'r', path: 'p' }));
    assert.equal(failure.exit, exit, code);
    assert.doesNotMatch(failure.line, /\n/);
    assert.ok(failure.line.length > 0 && failure.next.length > 0, code);
  }
});
