import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Import, importsOf } from './imports.ts';
import { type Scan, scan } from './scanner.ts';

/** A text file of the repository: `path` from the root, with forward slashes. */
export type TextFile = { path: string; text: string };
/** A source file, scanned once for all rules. */
export type SourceFile = TextFile & { scan: Scan; imports: Import[] };
export type Tree = { root: string; files: TextFile[]; sources: SourceFile[] };

const SKIPPED_FOLDERS = new Set(['node_modules', '.git', '.waggle', 'coverage']);
const SOURCE = /\.(?:ts|mts|js|mjs|cjs)$/;
const TEXT_SIZE_MAX_BYTES = 2_000_000;

/** Read the files git knows or would add; without git (a planted copy), every file but the skipped folders. */
export function readTree(root: string): Tree {
  const files: TextFile[] = [];
  for (const path of listFiles(root)) {
    const file = join(root, path);
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? Number.POSITIVE_INFINITY;
    if (size > TEXT_SIZE_MAX_BYTES) continue;
    const bytes = readFileSync(file);
    if (!bytes.includes(0)) files.push({ path, text: bytes.toString('utf8') });
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { root, files, sources: files.filter(({ path }) => SOURCE.test(path)).map(toSource) };
}

function toSource(file: TextFile): SourceFile {
  const scanned = scan(file.text);
  return { ...file, scan: scanned, imports: importsOf(file.path, scanned) };
}

function listFiles(root: string): string[] {
  if (!existsSync(join(root, '.git'))) return walk(root, '');
  try {
    const args = ['-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
    const listed = execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return [...new Set(listed.split('\0').filter((path) => path !== ''))];
  } catch {
    return walk(root, '');
  }
}

function walk(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return SKIPPED_FOLDERS.has(entry.name) ? [] : walk(root, path);
    return entry.isFile() ? [path] : [];
  });
}
