import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { genesisAnchor } from '../../consensus/anchor.ts';
import type { BatchPolicy } from '../../consensus/batching/pool.ts';
import { configOf } from '../../consensus/epochs.ts';
import { createReplica } from '../../consensus/replica.ts';
import type { Replica } from '../../consensus/replica-state.ts';
import type { Anchor, ReplicaConfig } from '../../consensus/types.ts';
import { requireSpoken } from '../../protocol/epoch.ts';
import { codeOf } from '../../protocol/errors.ts';
import type { Genesis } from '../../protocol/genesis.ts';
import { createState } from '../../protocol/governance/create.ts';
import { epochOf } from '../../protocol/governance/epochs.ts';
import { TABLES } from '../../protocol/governance/rows.ts';
import type { GovernanceState } from '../../protocol/governance/state.ts';
import { type Hash, hashesEqual } from '../../protocol/hash.ts';
import { type Journal, type OpenJournal, openJournal } from '../storage/journal.ts';
import { syncDirectory } from '../storage/journal-file.ts';
import { PREFIXES } from '../storage/keys.ts';
import { type LedgerStore, openLedgerStore } from '../storage/ledger-store.ts';
import { damagedLedger, readJournal, replayJournal, rollback } from './boot-journal.ts';
import { encodeEntry } from './journal-entries.ts';
import { ANCHOR_KEY } from './ledger-change.ts';
import { LedgerReader, NO_FLOOR } from './ledger-reader.ts';
import { decodeAnchor, rowCountsOf } from './ledger-records.ts';
import { LedgerWriter } from './ledger-writer.ts';
import { Overlay } from './overlay.ts';
import { FLOOR_KEY, INSTALL_KEY, installSnapshot, unfinishedInstall } from './snapshots/snapshot-install.ts';
import { decodeFloor, type HistoryFloor } from './snapshots/snapshot-records.ts';
import { SnapshotStore } from './snapshots/snapshot-store.ts';
import { restoreStored } from './stored-rows.ts';

export interface Booted {
  readonly replica: Replica;
  readonly journal: Journal;
  readonly store: LedgerStore;
  /** Up to where there are no blocks; height 0 where all are there. */
  readonly floor: HistoryFloor;
  /** What was signed before is lost: the replica starts behind the fence (F-01). */
  readonly amnesia: boolean;
  readonly facts: {
    readonly executedHeight: number;
    readonly records: number;
    readonly tornBytes: number;
    readonly reserve: boolean;
  };
}

export interface BootPaths {
  readonly journal: string;
  readonly ledger: string;
  /** A file that is there until the first start. */
  readonly firstStart: string;
}

export interface BootOptions {
  readonly journalFileBytesMax?: number;
  readonly reserveBytes?: number;
  /** Make the ledger anew, whatever its state: from its own blocks, the journal and peers (repair.ts). */
  readonly repair?: boolean;
  /** The operator knows that what was signed is lost, and has this node start behind the fence. */
  readonly rejoin?: boolean;
  /** When own batches are sealed; default: fixed figures. */
  readonly batches?: BatchPolicy;
}

/** Blocks below the anchor that are looked at: as many as may have been unsynced when the machine went down. */
const TAIL_BLOCKS = 64;

/**
 * Bring back the state after the last executed block, then all that was signed and acted on. Nothing is signed here and
 * no network is open; `start` is the driver's.
 * @throws WaggleError WAGGLE_BOOT_ROLLBACK {reason}: journal and ledger are not of one past, so this node cannot know what
 *   it signed (consensus.md 2.8, rule 8)
 * @throws WaggleError WAGGLE_BOOT_LEDGER {reason}: the ledger contradicts itself
 * @throws WaggleError WAGGLE_EPOCH_VERSION {epoch, version, spoken}: it is of rules that only a newer build knows (N-05)
 * @throws those of the journal, the store and their records
 */
export async function boot(
  config: ReplicaConfig,
  genesis: Genesis,
  paths: BootPaths,
  options: BootOptions = {},
): Promise<Booted> {
  const { journalFileBytesMax: fileBytesMax, reserveBytes } = options;
  // The journal first: a ledger that was made by an earlier start proves that there was a journal.
  const opened = await openJournal(paths.journal, fileBytesMax === undefined ? {} : { fileBytesMax });
  const { journal, tornBytes } = opened;
  let store: LedgerStore | undefined;
  try {
    await checkNotLost(opened, config, paths, options);
    await fenceNewJournal(opened, options);
    const ledger = await openLedgerStore(paths.ledger, reserveBytes === undefined ? {} : { reserveBytes });
    store = ledger.store;
    await finishInstall(store, genesis);
    const floor = await readFloor(store);
    const { state, anchor } = await readLedger(store, genesis, config.chain, floor);
    requireSpoken(epochOf(state));
    const present = anchor.epoch === 0 ? config : configOf(config, epochOf(state));
    // A seat that came with a later epoch counts as much as one of genesis.
    await checkNotLost(opened, present, paths, options);
    const replica = createReplica(present, state, anchor, options.batches);
    const read = await readJournal(opened);
    const reader = new LedgerReader(new Overlay(store), () => '');
    await replayJournal(read, replica, { anchor, floor, reader, journal, isSafe: isSafe(present, options) });
    const records = read.entries.length;
    if (options.rejoin === true && !opened.created) await recordFence(journal);
    await endFirstStart(paths.firstStart);
    return {
      replica,
      journal,
      store,
      floor,
      amnesia: options.rejoin === true,
      facts: { executedHeight: anchor.height, records, tornBytes, reserve: ledger.reserve },
    };
  } catch (error) {
    await store?.close();
    await journal.close();
    throw error;
  }
}

/** Who never signed, or starts behind the fence, may have lost its journal. */
function isSafe(config: ReplicaConfig, { rejoin }: BootOptions): boolean {
  return rejoin === true || config.self === undefined;
}

/** @throws WaggleError WAGGLE_BOOT_ROLLBACK the journal is missing on a node that has run before */
export async function checkNotLost(
  { created }: Pick<OpenJournal, 'created'>,
  config: ReplicaConfig,
  paths: BootPaths,
  options: BootOptions,
): Promise<void> {
  if (!created || isSafe(config, options) || existsSync(paths.firstStart)) return;
  // The one just made must not pass for the missing one at the next start.
  await rm(paths.journal, { recursive: true });
  throw rollback('the journal is missing');
}

/** A journal just made must never be found empty by a start that comes without the operator's word. */
export async function fenceNewJournal({ created, journal }: OpenJournal, { rejoin }: BootOptions): Promise<void> {
  if (created && rejoin === true) await recordFence(journal);
}

/** F-01 from here on, whatever becomes of this start. */
async function recordFence(journal: Journal): Promise<void> {
  await journal.append([encodeEntry({ kind: 'fence', view: undefined })]);
}

/** From here on a missing journal is a lost one. Durable before anything is signed. */
async function endFirstStart(path: string): Promise<void> {
  if (!existsSync(path)) return;
  await rm(path);
  await syncDirectory(dirname(path));
}

/** The governance state and where it stands. */
async function readLedger(
  store: LedgerStore,
  genesis: Genesis,
  chain: Hash,
  floor: HistoryFloor,
): Promise<{ state: GovernanceState; anchor: Anchor }> {
  const state = createState(genesis);
  const value = await store.get(ANCHOR_KEY);
  if (value === undefined) {
    for await (const _ of store.range(PREFIXES.block, { limit: 1 })) throw damagedLedger('blocks without an anchor');
    return {
      state,
      anchor: genesisAnchor(chain),
    };
  }
  const { anchor, rowCounts } = decodeAnchor(value);
  // The anchor is of the same batch as the sums, and so are the rows: none is missing, none is an older one (decision 009).
  for await (const _ of store.whole(PREFIXES.meta));
  await restoreRows(store, state);
  if (rowCountsOf(state).some((count, at) => count !== (rowCounts[at] ?? 0))) throw damagedLedger('rows are missing');
  await checkTail(store, anchor, floor.height === 0 ? { ...floor, hash: chain } : floor);
  return { state, anchor };
}

async function restoreRows(store: LedgerStore, state: GovernanceState): Promise<void> {
  const decoder = new TextDecoder();
  for await (const { key, value } of store.whole(PREFIXES.row)) {
    const table = TABLES.find(({ number }) => number === key[0]);
    if (table === undefined) throw damagedLedger('a row of no table');
    try {
      // A copy: a row keeps views of its bytes, and must not keep the whole page they came in.
      restoreStored(state, table.name, decoder.decode(key.subarray(1)), value.slice());
    } catch (error) {
      throw damagedLedger(`a row that does not decode: ${codeOf(error) ?? 'unknown'}`);
    }
  }
}

/** A snapshot whose rows were being written when the node went down is written anew, from its chunks. */
async function finishInstall(store: LedgerStore, genesis: Genesis): Promise<void> {
  const height = unfinishedInstall(await store.get(INSTALL_KEY));
  if (height === undefined) return;
  let failure: unknown;
  const writer = new LedgerWriter(store, 0, (error) => {
    failure = error;
  });
  const snapshots = new SnapshotStore(writer.overlay, writer);
  try {
    const stored = await snapshots.find(height);
    if (stored === undefined) throw damagedLedger('the snapshot that was being installed is missing');
    await installSnapshot(stored, snapshots, writer, genesis);
  } catch (error) {
    if (codeOf(error) !== 'WAGGLE_SNAPSHOT_CHUNK') throw error;
    throw damagedLedger('the snapshot that was being installed is damaged');
  } finally {
    await writer.close();
  }
  if (failure !== undefined) throw failure;
}

async function readFloor(store: LedgerStore): Promise<HistoryFloor> {
  const value = await store.get(FLOOR_KEY);
  return value === undefined ? NO_FLOOR : decodeFloor(value);
}

/** The anchor's block and those below, down to the floor, are there and linked to each other. */
async function checkTail(store: LedgerStore, anchor: Anchor, floor: HistoryFloor): Promise<void> {
  const reader = new LedgerReader(new Overlay(store), () => '');
  let hash = anchor.hash;
  const lowest = Math.max(floor.height + 1, anchor.height - TAIL_BLOCKS);
  for (let height = anchor.height; height >= lowest; height--) {
    const block = (await reader.storedBlock(height))?.block;
    if (block === undefined || !hashesEqual(block.hash, hash))
      throw damagedLedger(`block ${height} is not the one executed`);
    hash = block.block.parentHash;
  }
  if (lowest === floor.height + 1 && !hashesEqual(hash, floor.hash)) {
    throw damagedLedger('the first block does not follow what is below it');
  }
}
