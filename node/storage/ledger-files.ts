import { closeSync, existsSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { syncDirectory } from './journal-file.ts';
import type { LedgerKey } from './keys.ts';
import { type Level, LevelStore } from './level-store.ts';
import { StoreSums } from './store-sums.ts';

/*
 * A repair beside the directory `db`: `damaged` says that one is needed or under way, `db.new` is what it writes, `db.old` is
 * where the damaged one stands between the two renames that end it.
 */
const MARKER = 'damaged';
const CURRENT = 'db';
const NEW = 'db.new';
const OLD = 'db.old';

export function isMarkedDamaged(ledger: string): boolean {
  return existsSync(join(ledger, MARKER));
}

/** From here on the next start repairs the ledger, whatever happens. Durable when it returns: the process may be about to end. */
export function markDamaged(ledger: string, reason: string): void {
  if (isMarkedDamaged(ledger)) return;
  // Left over from a repair that ended: what is damaged now stands in `db`.
  rmSync(join(ledger, OLD), { recursive: true, force: true });
  const marker = openSync(join(ledger, MARKER), 'w', 0o600);
  try {
    writeSync(marker, `${reason}\n`);
    fsyncSync(marker);
  } finally {
    closeSync(marker);
  }
  const directory = openSync(ledger, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

export interface Salvage {
  get(key: LedgerKey): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

/** What is left of a damaged ledger, for reading; undefined when LevelDB makes nothing of it any more. */
export async function openSalvage(ledger: string): Promise<Salvage | undefined> {
  const [current, old] = [join(ledger, CURRENT), join(ledger, OLD)];
  const location = existsSync(old) ? old : current;
  if (!existsSync(location)) return undefined;
  const level = (await openLevel(location)) ?? (await openMended(location));
  return level === undefined ? undefined : new LevelStore(level, new StoreSums());
}

async function openLevel(location: string): Promise<Level | undefined> {
  const level: Level = new ClassicLevel(location, { keyEncoding: 'view', valueEncoding: 'view' });
  try {
    await level.open({ createIfMissing: false });
    return level;
  } catch {
    await level.close().catch(() => undefined);
    return undefined;
  }
}

/** LevelDB lists its tables anew. It may miss some and bring back old records: whoever reads here believes hashes only. */
async function openMended(location: string): Promise<Level | undefined> {
  try {
    await ClassicLevel.repair(location);
  } catch {
    return undefined;
  }
  return openLevel(location);
}

/** The place for the new database, empty. */
export async function prepareNew(ledger: string): Promise<string> {
  await rm(join(ledger, NEW), { recursive: true, force: true });
  return NEW;
}

/** The new database takes the place of the damaged one; interrupted anywhere, the marker has the next start begin again. */
export async function swapIn(ledger: string): Promise<void> {
  const [current, fresh, old] = [join(ledger, CURRENT), join(ledger, NEW), join(ledger, OLD)];
  if (existsSync(old)) await rm(current, { recursive: true, force: true });
  else if (existsSync(current)) await rename(current, old);
  await rename(fresh, current);
  await syncDirectory(ledger);
  await rm(join(ledger, MARKER), { force: true });
  await syncDirectory(ledger);
  await rm(old, { recursive: true, force: true });
}
