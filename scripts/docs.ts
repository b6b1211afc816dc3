import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { cliPage } from './docs/cli.ts';
import { errorsPage } from './docs/errors.ts';
import type { Page } from './docs/markdown.ts';
import { rpcPage } from './docs/rpc.ts';

/**
 * `npm run docs [-- --check] [--root DIR]`: writes the reference pages from the code that they describe. `--check` writes
 * nothing and fails when a page is not what this would write.
 */
export const PAGES: readonly Page[] = [errorsPage, rpcPage, cliPage];

/** Pages that differ from what the code says, with the first line that does. */
export async function drift(root: string, pages: readonly Page[] = PAGES): Promise<string[]> {
  const found: string[] = [];
  for (const page of pages) {
    const file = join(root, page.path);
    const [is, should] = [existsSync(file) ? readFileSync(file, 'utf8') : '', await page.render()];
    if (is !== should)
      found.push(`${page.path}:${firstDifference(is, should)} is not what the code says: npm run docs`);
  }
  return found;
}

function firstDifference(is: string, should: string): number {
  const [left, right] = [is.split('\n'), should.split('\n')];
  const at = right.findIndex((line, index) => line !== left[index]);
  return at === -1 ? right.length : at + 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false }, root: { type: 'string' } } });
  const root = resolve(values.root ?? `${import.meta.dirname}/..`);
  if (values.check) {
    const found = await drift(root);
    for (const line of found) console.log(line);
    process.exitCode = found.length === 0 ? 0 : 1;
    return;
  }
  for (const page of PAGES) {
    writeFileSync(join(root, page.path), await page.render());
    console.log(`wrote ${page.path}`);
  }
}

if (import.meta.main) await main();
