import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..', '..');
const BIOME = join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');

/** Source text as Biome would leave it at `path`. */
export function formatted(path: string, text: string): string {
  const args = [BIOME, 'format', `--stdin-file-path=${path}`];
  return execFileSync(process.execPath, args, { cwd: ROOT, input: text, encoding: 'utf8', maxBuffer: 2 ** 24 });
}
