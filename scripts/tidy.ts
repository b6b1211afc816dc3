import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { limitsFindings } from './limits.ts';
import type { Finding } from './tidy/finding.ts';
import { codeRules } from './tidy/rules-code.ts';
import { importRules } from './tidy/rules-imports.ts';
import { inputRules } from './tidy/rules-input.ts';
import { repoRules } from './tidy/rules-repo.ts';
import { readTree } from './tidy/tree.ts';

/** Every broken rule of the repository at `root`, sorted by file and line. */
export function tidy(root: string): Finding[] {
  const tree = readTree(root);
  const rulesOf = [importRules, codeRules, inputRules];
  const found = [...tree.sources.flatMap((file) => rulesOf.flatMap((rules) => rules(file))), ...repoRules(tree)];
  return found.sort((a, b) => compare(a.file, b.file) || a.line - b.line || compare(a.rule, b.rule));
}

/** `file:line rule message`, the form editors and people can follow. */
export function format(finding: Finding): string {
  const rule = finding.warning === true ? `warning ${finding.rule}` : finding.rule;
  return `${finding.file}:${finding.line} ${rule} ${finding.message}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { root: { type: 'string' } } });
  const root = resolve(values.root ?? `${import.meta.dirname}/..`);
  const found = [...tidy(root), ...(await limitsFindings(root))];
  for (const finding of found) console.log(format(finding));
  const errors = found.filter(({ warning }) => warning !== true).length;
  console.log(`tidy: ${errors} errors, ${found.length - errors} warnings`);
  process.exitCode = errors > 0 ? 1 : 0;
}

if (import.meta.main) await main();
