import { globSync } from 'node:fs';

/**
 * `unit` finishes in milliseconds and is in the gate; `deep` takes seconds a file (whole networks in one process, searches,
 * fuzzing) and is named `*.deep.test.ts`; `e2e` starts real daemons.
 */
export type Suite = 'unit' | 'deep' | 'e2e';

const TEST_FILES = '{protocol,consensus,client,node,scripts,testnet}/**/test/**/*.test.ts';
const E2E = 'testnet/test/e2e/';
const DEEP = '.deep.test.ts';

/** Test files of a suite below `root`, sorted; with `patterns`, those whose path contains any of them. */
export function testFiles(root: string, suite: Suite, patterns: readonly string[] = []): string[] {
  return globSync(TEST_FILES, { cwd: root, exclude: ['**/node_modules/**'] })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => suiteOf(path) === suite)
    .filter((path) => patterns.length === 0 || patterns.some((pattern) => path.includes(pattern)))
    .sort();
}

function suiteOf(path: string): Suite {
  if (path.startsWith(E2E)) return 'e2e';
  return path.endsWith(DEEP) ? 'deep' : 'unit';
}
