import { lineOf } from './scanner.ts';
import type { TextFile } from './tree.ts';

/** One broken rule. Warnings are printed and do not fail. */
export type Finding = { file: string; line: number; rule: string; message: string; warning?: true };

/** A finding at an offset of a file. */
export function at(file: TextFile, offset: number, rule: string, message: string): Finding {
  return { file: file.path, line: lineOf(file.text, offset), rule, message };
}

/** Whether the path lies in a folder of tests (`<room>/test/`). */
export function isTest(path: string): boolean {
  return path.includes('/test/');
}

/** Whether the path lies in a folder of tests or benchmarks, where clocks, files and randomness are allowed. */
export function isTestOrBench(path: string): boolean {
  return isTest(path) || path.includes('/bench/');
}
