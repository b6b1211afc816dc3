import type { ReplicaConfig } from '../../consensus/types.ts';
import type { Certificate } from '../../protocol/certificate.ts';
import { codeOf } from '../../protocol/errors.ts';
import type { Genesis } from '../../protocol/genesis.ts';
import { openJournal } from '../storage/journal.ts';
import {
  isMarkedDamaged,
  markDamaged,
  openSalvage,
  prepareNew,
  type Salvage,
  swapIn,
} from '../storage/ledger-files.ts';
import { openLedgerStore } from '../storage/ledger-store.ts';
import { isCorruption } from '../storage/level-store.ts';
import { type Booted, type BootOptions, type BootPaths, boot, checkNotLost, fenceNewJournal } from './boot.ts';
import { readJournal } from './boot-journal.ts';
import type { RepairPeers } from './repair-peers.ts';
import { type RebuildProgress, rebuildLedger } from './repair-rebuild.ts';

export interface RepairTools {
  /** Reach peers while `use` runs, and answer theirs from what is left here: they may be in the same state. */
  withPeers<Result>(left: Salvage | undefined, use: (peers: RepairPeers) => Promise<Result>): Promise<Result>;
  readonly onBegin: (reason: string) => void;
  readonly onProgress: (progress: RebuildProgress) => void;
  readonly onEnd: (progress: RebuildProgress) => void;
}

/**
 * `boot`, and where the ledger on the disk is not what was written, make it anew first. What was signed stands in the journal,
 * which is read here and not written (decision 009).
 * @throws WaggleError those of `boot` that are no damage of the ledger
 * @throws WaggleError WAGGLE_REPAIR_SOURCE, WAGGLE_REPAIR_HISTORY
 */
export async function bootOrRepair(
  config: ReplicaConfig,
  genesis: Genesis,
  paths: BootPaths,
  options: BootOptions,
  tools: RepairTools,
): Promise<Booted> {
  let reason = options.repair === true ? 'asked for' : 'marked';
  if (options.repair !== true && !isMarkedDamaged(paths.ledger)) {
    try {
      return await boot(config, genesis, paths, options);
    } catch (error) {
      if (!isLedgerDamage(error)) throw error;
      reason = error instanceof Error ? error.message : String(error);
    }
  }
  await repairLedger(config, genesis, paths, options, tools, reason);
  return boot(config, genesis, paths, options);
}

/** The bytes of the ledger are wrong. A disk that fails, or a ledger that is gone altogether, is for the operator to see. */
export function isLedgerDamage(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  return /^WAGGLE_(?:STORE_DAMAGED|BOOT_LEDGER|LEDGER_RECORD|LEDGER_DAMAGED)$/.test(code) || isCorruption(error);
}

async function repairLedger(
  config: ReplicaConfig,
  genesis: Genesis,
  paths: BootPaths,
  options: BootOptions,
  tools: RepairTools,
  reason: string,
): Promise<void> {
  const { ledger } = paths;
  const kept = await surveyJournal(config, paths, options);
  markDamaged(ledger, reason);
  tools.onBegin(reason);
  const left = await openSalvage(ledger);
  try {
    const { reserveBytes } = options;
    const fresh = await prepareNew(ledger);
    const { store } = await openLedgerStore(ledger, { fresh, ...(reserveBytes === undefined ? {} : { reserveBytes }) });
    try {
      const own = left ?? { get: async () => undefined };
      const ended = await tools.withPeers(left, (peers) =>
        rebuildLedger({ config, genesis, own, fresh: store, ...kept, peers, onProgress: tools.onProgress }),
      );
      tools.onEnd(ended);
    } finally {
      await store.close();
    }
  } finally {
    await left?.close();
  }
  await swapIn(ledger);
}

/** Up to where the journal relies on the ledger. @throws as `boot` does for a journal that is lost or damaged */
async function surveyJournal(
  config: ReplicaConfig,
  paths: BootPaths,
  options: BootOptions,
): Promise<{ floor: number; finalization: Certificate | undefined }> {
  const opened = await openJournal(paths.journal);
  try {
    await checkNotLost(opened, config, paths, options);
    await fenceNewJournal(opened, options);
    const { floor, entries } = await readJournal(opened);
    let finalization: Certificate | undefined;
    for (const entry of entries) {
      if (entry.kind === 'certificate' && entry.certificate.kind === 'finalize') finalization = entry.certificate;
    }
    return { floor, finalization };
  } finally {
    await opened.journal.close();
  }
}
