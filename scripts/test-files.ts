import { globSync } from 'node:fs';

/** `unit` runs in one process and finishes in milliseconds; `e2e` starts real daemons. */
export type Suite = 'unit' | 'e2e';

const TEST_FILES = '{protocol,consensus,client,node,scripts,testnet}/**/test/**/*.test.ts';
const E2E = 'testnet/test/e2e/';

/** Test files of a suite below `root`, sorted; with `patterns`, those whose path contains any of them. */
export function testFiles(root: string, suite: Suite, patterns: readonly string[] = []): string[] {
  return globSync(TEST_FILES, { cwd: root, exclude: ['**/node_modules/**'] })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.startsWith(E2E) === (suite === 'e2e'))
    .filter((path) => patterns.length === 0 || patterns.some((pattern) => path.includes(pattern)))
    .sort();
}
