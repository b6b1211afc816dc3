import { open, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

const CHUNK_BYTES = 1024 * 1024;
const NAME = 'reserve';

/**
 * Keep room on the disk: LevelDB cannot even be opened for reading when the disk is full (reliability.md 0.4), so a file is
 * held that can be given up. Tried again at every start, but only where as much room again is left beside it: one that was
 * given up must not take back what the operator has not yet freed. Without room the node runs on without.
 * @returns whether the reserve is there
 */
export async function ensureReserve(directory: string, sizeBytes: number): Promise<boolean> {
  const path = join(directory, NAME);
  const found = await stat(path).catch(() => undefined);
  if (found !== undefined && found.size >= sizeBytes) return true;
  const unfinished = `${path}.new`;
  try {
    const { bavail, bsize } = await statfs(directory);
    if (bavail * bsize < 2 * sizeBytes) return false;
    await fill(unfinished, sizeBytes);
    await rename(unfinished, path);
    return true;
  } catch {
    await rm(unfinished, { force: true }).catch(() => undefined);
    return false;
  }
}

/** Delete the reserve when the disk is full, so that the store can be opened and the node can say so. True when there was one. */
export async function releaseReserve(directory: string): Promise<boolean> {
  try {
    await rm(join(directory, NAME));
    return true;
  } catch {
    return false;
  }
}

/** Real blocks, not a hole: a sparse file holds no room. */
async function fill(path: string, sizeBytes: number): Promise<void> {
  const handle = await open(path, 'w', 0o600);
  try {
    const chunk = new Uint8Array(CHUNK_BYTES).fill(0x77);
    for (let at = 0; at < sizeBytes; at += CHUNK_BYTES) {
      await handle.writeFile(chunk.subarray(0, Math.min(CHUNK_BYTES, sizeBytes - at)));
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}
