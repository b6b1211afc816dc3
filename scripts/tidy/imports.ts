import { dirname, join } from 'node:path/posix';
import type { Scan } from './scanner.ts';

/**
 * One import of a file. `target` is a path from the repository root for relative specifiers, else undefined.
 * `kind`: 'type' is erased (`import type`), 'value' is loaded with the file, 'dynamic' is `import(…)`.
 */
export type Import = {
  offset: number;
  specifier: string;
  target: string | undefined;
  kind: 'type' | 'value' | 'dynamic';
};

const STATEMENT = /\b(?:import|export)\b(?:(?!\b(?:import|export)\b)[^;])*$/;

/** Every import, re-export, type import, dynamic import and module mock of the file at `path`, in order. */
export function importsOf(path: string, scan: Scan): Import[] {
  const found: Import[] = [];
  for (const { start, value } of scan.strings) {
    const before = scan.code.slice(Math.max(0, start - 4000), start).trimEnd();
    const kind = kindOf(before);
    if (kind === undefined) continue;
    const relative = value.startsWith('./') || value.startsWith('../');
    found.push({ offset: start, specifier: value, target: relative ? join(dirname(path), value) : undefined, kind });
  }
  return found;
}

function kindOf(before: string): Import['kind'] | undefined {
  if (/\bimport\s*\($/.test(before) || /\brequire(?:\.resolve)?\s*\($/.test(before)) return 'dynamic';
  if (/\bimport\.meta\.resolve\s*\($/.test(before) || /\bmock\.module\s*\($/.test(before)) return 'dynamic';
  if (/(?:^|[^\w$.])import$/.test(before)) return 'value';
  if (!/(?:^|[^\w$.])from$/.test(before)) return undefined;
  const statement = STATEMENT.exec(before)?.[0];
  if (statement === undefined) return undefined;
  return /^(?:import|export)\s+type\b\s*(?!from$)[\w${*]/.test(statement) ? 'type' : 'value';
}

/** Offsets of `import(x)` whose argument is not a plain string, so that nobody can tell what is loaded. */
export function computedImports(scan: Scan): number[] {
  const found: number[] = [];
  for (const match of scan.code.matchAll(/(?<![\w$.])import\s*\(\s*(?!['"`\s])/g)) found.push(match.index);
  for (const match of scan.code.matchAll(/(?<![\w$.])import\s*\(\s*`[^`]*\$\{/g)) found.push(match.index);
  return found;
}
