import type { VoteChain } from '../../chains/vote-chain.ts';
import type { PeerState, Replica } from '../../replica-state.ts';
import type { ViewState } from '../../simplex/views.ts';
import type { Verdict } from './verdict.ts';

const MIB = 1_048_576;
const VIEWS_RETAINED = 64;
const CHAIN_WINDOW = 64;
/** Two forks of each of two incarnations: the one that goes on, and the next. */
const SEGMENTS_PER_HEIGHT = 4;
const OWN_RESTARTS = 8;
/** Linked ones 8 MiB, unlinked ones 2, what one block names 4, and the one that shows that it is too much. */
const CHAIN_BYTES = 15 * MIB;
const WANTED = 256;
const FETCHES = 4_096;
const CLAIMS = 8;
const UNRESOLVED = 64;
const ACCUSATIONS = 1_024;
const CHECKPOINT_HEIGHTS = 2 * 64 + 2;
const CHECKPOINTS_WAITING = 64;
const VALIDATORS_MOST = 16;
/** Segments an author seals before a cut must have taken some. */
const BACKLOG = 32;
const POOL_ITEMS = 16_384;
const TIPS = 64;
/** Final blocks at a time, and what is taken above them. */
const EXECUTIONS = 64 + 32;

/** One table of a replica: how much is in it, and how much may be. */
export interface Gauge {
  readonly table: string;
  readonly size: number;
  readonly max: number;
}

/** The fields of a replica that are tables; one that is missing here is reported by itself. */
function replicaTables(replica: Replica): Gauge[] {
  const { view, finalView, finalHeight, executed, config } = replica;
  const views = VIEWS_RETAINED + (view - finalView) + 8;
  const backlog = finalHeight - executed.height;
  return [
    { table: 'peers', size: replica.peers.length, max: config.roster.validators.length },
    { table: 'unsynced', size: replica.unsynced.length, max: 3 * views },
    { table: 'dirty', size: replica.dirty.size, max: views },
    { table: 'unresolved', size: replica.unresolved.size, max: UNRESOLVED },
    { table: 'executions', size: replica.executions.length, max: EXECUTIONS },
    { table: 'relays', size: replica.relays.length, max: 3 * views },
    { table: 'deadlinesTold', size: replica.deadlinesTold.size, max: replica.state.sessions.size },
    { table: 'accused', size: replica.accused.size, max: ACCUSATIONS },
    { table: 'wantedBlocks', size: replica.wantedBlocks.size, max: 2 * views },
    { table: 'evidence', size: replica.evidence.size, max: 2 * replica.peers.length },
    { table: 'ownRestarts', size: replica.ownRestarts.size, max: OWN_RESTARTS },
    { table: 'views', size: replica.views.size, max: views },
    { table: 'fetches', size: replica.fetches.size, max: FETCHES },
    { table: 'fence answers', size: replica.fence?.answers.size ?? 0, max: replica.peers.length },
    // Two blocks a view at most: the first proposal seen, and another one that was certified.
    ...tableSizes('tree', replica.tree.sizes(), {
      blocks: 2 * views + backlog,
      nodes: 2 * views + backlog,
      gaps: 4 * views,
    }),
    ...tableSizes('checkpoints', replica.checkpoints.sizes(), {
      heights: CHECKPOINT_HEIGHTS,
      // Of heights of epochs before, too.
      signatures: VALIDATORS_MOST,
      waiting: CHECKPOINTS_WAITING,
    }),
    { table: 'own segments unsynced', size: replica.authors.unsynced().length, max: BACKLOG * (config.shards + 1) },
  ];
}

function tableSizes(of: string, sizes: Readonly<Record<string, number>>, maxima: Readonly<Record<string, number>>) {
  return Object.entries(sizes).map(([name, size]) => ({ table: `${of} ${name}`, size, max: maxima[name] ?? 0 }));
}

function viewTables({ votes, own, certificates, invalid }: ViewState, n: number): Gauge[] {
  return [
    { table: 'view votes', size: Math.max(...Object.values(votes).map(({ size }) => size)), max: n },
    { table: 'view own', size: own.size, max: 3 },
    { table: 'view certificates', size: certificates.size, max: 3 },
    { table: 'view invalid', size: invalid.size, max: 2 },
  ];
}

function peerTables({ claims, status }: PeerState): Gauge[] {
  return [
    { table: 'peer claims', size: claims.size, max: CLAIMS },
    { table: 'peer tips', size: status?.tips.length ?? 0, max: TIPS },
  ];
}

function chainTables(chain: VoteChain, openBlocks: number): Gauge[] {
  const heights = CHAIN_WINDOW + chain.final.height - chain.executed.height;
  const { held, wanted, named, promised, unpromisedBytes } = chain.sizes();
  // A block promises one path at most; what is promised of forks goes with the next final cut.
  return [
    { table: 'chain held', size: held, max: SEGMENTS_PER_HEIGHT * heights + named + promised },
    { table: 'chain wanted', size: wanted, max: WANTED },
    { table: 'chain named', size: named, max: 2 * CHAIN_WINDOW },
    { table: 'chain promised', size: promised, max: heights * openBlocks },
    { table: 'chain bytes', size: unpromisedBytes, max: CHAIN_BYTES },
  ];
}

/** Every table of a replica that anything from outside can feed. */
export function gaugesOf(replica: Replica): Gauge[] {
  const n = replica.peers.length;
  const openBlocks = replica.view - replica.finalView + replica.executions.length + 1;
  const shards = Array.from({ length: replica.config.shards + 1 }, (_, shard) => shard);
  return [
    ...replicaTables(replica),
    ...replica.views.ascending().flatMap((state) => viewTables(state, n)),
    ...replica.peers.flatMap(peerTables),
    ...replica.chains.all().flatMap((chain) => chainTables(chain, openBlocks)),
    ...shards.map((shard) => ({ table: 'pool', size: replica.pool.waiting(shard), max: POOL_ITEMS })),
  ];
}

/** Fields that hold something and have no bound above. */
function unknownTables(replica: Replica): string[] {
  const known = new Set(replicaTables(replica).map(({ table }) => table));
  return Object.entries(replica)
    .filter(([, value]) => Array.isArray(value) || value instanceof Map || value instanceof Set)
    .map(([name]) => name)
    .filter((name) => !known.has(name));
}

/** A3: no table grows beyond what its rule allows, whatever the peers do. */
export function checkBounds(verdict: Verdict, node: number, replica: Replica): void {
  for (const table of unknownTables(replica)) verdict.report('A3 table sizes', `nothing bounds ${table}`);
  for (const { table, size, max } of gaugesOf(replica)) {
    if (size > max) verdict.report('A3 table sizes', `node ${node}: ${size} ${table}, at most ${max}`);
  }
}
