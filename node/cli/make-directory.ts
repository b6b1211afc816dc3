import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { WaggleError } from '../../protocol/errors.ts';

/**
 * Make a directory with its parents, one by one: the recursive form of mkdir does not come back from a file system that
 * refuses names as absent (/proc).
 * @throws WaggleError WAGGLE_HOME_UNWRITABLE {path, reason}
 */
export async function makeDirectory(path: string, mode = 0o700): Promise<void> {
  const missing: string[] = [];
  for (let at = resolve(path); ; at = dirname(at)) {
    const code = await tryMake(at, mode);
    if (code === undefined) break;
    if (code !== 'ENOENT' || dirname(at) === at) throw unwritable(at, code);
    missing.push(at);
  }
  for (const at of missing.reverse()) {
    const code = await tryMake(at, mode);
    if (code !== undefined) throw unwritable(at, code);
  }
}

/** The code of what went wrong; undefined when the directory is there now. */
async function tryMake(path: string, mode: number): Promise<string | undefined> {
  try {
    await mkdir(path, { mode });
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EEXIST' ? undefined : (code ?? 'unknown');
  }
}

function unwritable(path: string, reason: string): WaggleError {
  return new WaggleError('WAGGLE_HOME_UNWRITABLE', { path, reason });
}
