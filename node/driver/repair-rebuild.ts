import { anchorAt, genesisAnchor } from '../../consensus/anchor.ts';
import { advanceStandings, readStandings } from '../../consensus/chains/standings.ts';
import { executeBlock } from '../../consensus/execution/executor.ts';
import type { Anchor, ExecutedBlock, ReplicaConfig } from '../../consensus/types.ts';
import type { Certificate } from '../../protocol/certificate.ts';
import { codeOf, WaggleError } from '../../protocol/errors.ts';
import { type Genesis, genesisRoster } from '../../protocol/genesis.ts';
import { createState } from '../../protocol/governance/create.ts';
import { epochOf } from '../../protocol/governance/epochs.ts';
import type { GovernanceState } from '../../protocol/governance/state.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import { createRoster, type Roster } from '../../protocol/roster.ts';
import { checkpointKey } from '../storage/keys.ts';
import type { LedgerStore } from '../storage/ledger-store.ts';
import { changeOf, checkpointChange } from './ledger-change.ts';
import { decodeCheckpoints } from './ledger-records.ts';
import { LedgerWriter } from './ledger-writer.ts';
import type { LedgerSource } from './overlay.ts';
import { firstOf, type RepairPeers } from './repair-peers.ts';
import {
  type BlockSources,
  CutCursor,
  certificateOf,
  ownShelf,
  readRecord,
  readSources,
  type Shelf,
} from './repair-sources.ts';

export interface RebuildParts {
  readonly config: ReplicaConfig;
  readonly genesis: Genesis;
  /** The damaged ledger, or what is left of it. Nothing in it is believed that hashes do not prove. */
  readonly own: Pick<LedgerSource, 'get'>;
  /** Empty. */
  readonly fresh: LedgerStore;
  /** The journal gave up what is needed to execute up to here: the new ledger must reach it (compaction.ts). */
  readonly floor: number;
  /** The last one in the journal: the newest block must have one, whatever the ledger lost. */
  readonly finalization?: Certificate | undefined;
  readonly peers: RepairPeers;
  readonly onProgress: (progress: RebuildProgress) => void;
}

export interface RebuildProgress {
  readonly height: number;
  /** Blocks of which something came from peers. */
  readonly fetched: number;
}

/**
 * Execute the whole ledger once more, from genesis, into a fresh store, along the same way that it was first written. It ends
 * with the first block above the floor that the own disk does not have whole: from there on the journal has it.
 * Nothing is signed. Checkpoints that were signed are taken over, and must say what comes out now.
 * @throws WaggleError WAGGLE_REPAIR_SOURCE {height, record, reason} something below the floor is lost here and nobody has it
 * @throws WaggleError WAGGLE_REPAIR_HISTORY {height} what was signed then is not what comes out now
 */
export async function rebuildLedger(parts: RebuildParts): Promise<RebuildProgress> {
  const { config, genesis, own, fresh, onProgress } = parts;
  const writer = new LedgerWriter(fresh, 0, () => undefined);
  const walk = new SourceWalk(parts);
  let [anchor, state, roster] = [genesisAnchor(config.chain), createState(genesis), genesisRoster(genesis)];
  for (let found = await walk.next(anchor, roster); found !== undefined; found = await walk.next(anchor, roster)) {
    const certificate = found.certificate ?? certificateOf(parts.finalization, found.block);
    const executed = executeAgain({ ...config, roster }, state, anchor, { ...found, certificate }, walk.cursor);
    anchor = executed.anchor;
    if (anchor.epoch !== roster.epoch) roster = createRoster(config.chain, anchor.epoch, epochOf(state).validators);
    writer.put(changeOf([executed], state));
    await takeCheckpoints(own, writer, anchor);
    await writer.room();
    onProgress({ height: anchor.height, fetched: walk.fetched });
  }
  await writer.flush();
  await writer.close();
  return { height: anchor.height, fetched: walk.fetched };
}

function executeAgain(
  config: ReplicaConfig,
  state: GovernanceState,
  before: Anchor,
  { block, certificate, segments, seal }: BlockSources,
  cursor: CutCursor,
): ExecutedBlock {
  const { height, timeMs } = block.block;
  const context = { height, timeMs, roster: config.roster, verify: config.verify };
  const execution = executeBlock(state, context, block, segments, before.history);
  cursor.advance(block.block);
  const standings = advanceStandings(readStandings(before.standings), block);
  const { history } = execution;
  const anchor = anchorAt(block, { history, cut: cursor.entries(), standings, roster: config.roster });
  const { shards, touched } = execution;
  const executed = { block, certificate, segments: execution.segments, shards, checkpoint: undefined, touched, anchor };
  return seal === undefined ? executed : { ...executed, seal };
}

async function takeCheckpoints(own: Pick<LedgerSource, 'get'>, writer: LedgerWriter, anchor: Anchor): Promise<void> {
  const { height, history } = anchor;
  const { value: signed } = await readRecord(own, checkpointKey(height), decodeCheckpoints);
  if (signed === undefined || signed.length === 0) return;
  if (signed.some(({ checkpoint }) => !hashesEqual(checkpoint.history, history))) {
    throw new WaggleError('WAGGLE_REPAIR_HISTORY', { height });
  }
  writer.put(checkpointChange(signed));
}

/** The blocks of the ledger in order, from the own disk, or from peers where they must be had. */
class SourceWalk {
  readonly cursor = new CutCursor();
  readonly #own: Shelf;
  readonly #floor: number;
  readonly #peers: RepairPeers;
  /** The last answer of a peer: it holds more than one block. */
  #answer: Shelf | undefined;
  fetched = 0;

  constructor({ own, floor, peers }: RebuildParts) {
    this.#own = ownShelf(own);
    this.#floor = floor;
    this.#peers = peers;
  }

  async next(anchor: Anchor, roster: Roster): Promise<BlockSources | undefined> {
    const height = anchor.height + 1;
    const read = (shelf: Shelf) => attempt(() => readSources(shelf, height, anchor.hash, this.cursor));
    const own = await read(this.#own);
    if (own !== undefined || height > this.#floor) return own;
    this.fetched += 1;
    const again = this.#answer === undefined ? undefined : await read(firstOf(this.#answer, this.#own));
    if (again !== undefined) return again;
    let found: BlockSources | undefined;
    this.#answer = await this.#peers.fetch(height, roster, async (shelf) => {
      found = await read(firstOf(shelf, this.#own));
      return found !== undefined;
    });
    return found;
  }
}

/** Undefined when a source is missing. */
export async function attempt(read: () => Promise<BlockSources>): Promise<BlockSources | undefined> {
  try {
    return await read();
  } catch (error) {
    if (codeOf(error) === 'WAGGLE_REPAIR_SOURCE') return undefined;
    throw error;
  }
}
