import { decodeItems, ITEM_KINDS } from '../../../protocol/chain/segment.ts';
import { codeOf } from '../../../protocol/errors.ts';
import { decodeSignedBallot } from '../../../protocol/governance/ballot.ts';
import { activeSessions } from '../../../protocol/governance/queries.ts';
import type { GovernanceState } from '../../../protocol/governance/state.ts';
import type { Hash } from '../../../protocol/hash.ts';
import type { SegmentFacts } from '../../rpc/node-api.ts';
import { ballotKey, blockKey, type LedgerKey, outcomesKey, segmentKey } from '../../storage/keys.ts';
import type { ChangePut } from '../ledger-change.ts';
import type { LedgerReader } from '../ledger-reader.ts';
import { encodeItemRecord } from '../ledger-records.ts';
import type { LedgerWriter } from '../ledger-writer.ts';
import { FLOOR_KEY } from './snapshot-install.ts';
import { encodeFloor } from './snapshot-records.ts';
import type { SnapshotStore } from './snapshot-store.ts';

/** Blocks given up in one batch, and how many items end a batch before that. */
const SLICE_BLOCKS = 32;
const SLICE_ITEMS = 1_024;

export interface RetentionParts {
  /** Blocks kept below the newest snapshot; undefined: all. */
  readonly blocks: number | undefined;
  readonly state: () => GovernanceState;
  readonly store: SnapshotStore;
  readonly reader: LedgerReader;
  readonly writer: Pick<LedgerWriter, 'put' | 'room' | 'facts'>;
  /** Resolves when others had their turn on the thread. */
  readonly turn: () => Promise<void>;
  readonly log: (event: string, facts: Readonly<Record<string, unknown>>) => void;
}

/**
 * Gives up blocks and segment bodies, never what somebody may still need within the policy (decision 010): nothing above
 * the newest snapshot that f + 1 validators signed, less the policy; nothing from the opening of an active session on;
 * nothing that is not executed and synced. Finalizations, checkpoints, ballots, operations and the indexes stay, so that what
 * was given up can be told from what never was. The floor moves with the records in one batch.
 */
export class Retention {
  readonly #parts: RetentionParts;
  #isStopped = false;
  #running: Promise<void> | undefined;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  /** Give up what may be; to be called now and then. Resolves when that is done, and never rejects. */
  async tick(onError: (error: unknown) => void): Promise<void> {
    if (this.#parts.blocks === undefined || this.#running !== undefined || this.#isStopped) return;
    this.#running = this.prune()
      .catch((error) => {
        // The reader told who mends it (ledger-care.ts); it is read again with the next tick.
        if (codeOf(error) !== 'WAGGLE_STORE_DAMAGED') onError(error);
      })
      .finally(() => {
        this.#running = undefined;
      });
    await this.#running;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  /** The highest block that may go; at or below the floor when there is none. */
  async limit(): Promise<number> {
    const { blocks, store, writer, state } = this.#parts;
    const newest = blocks === undefined ? undefined : await store.newestVerified();
    if (blocks === undefined || newest === undefined) return 0;
    const opened = [...activeSessions(state())].map(({ openedHeight }) => openedHeight - 1);
    return Math.min(newest - blocks, writer.facts().syncedHeight, ...opened);
  }

  /** @throws WaggleError WAGGLE_STORE_* */
  async prune(): Promise<void> {
    const { reader, turn, log } = this.#parts;
    const limit = await this.limit();
    const from = reader.floor.height + 1;
    if (limit < from) return;
    while (!this.#isStopped && reader.floor.height < limit) {
      if (!(await this.#pruneSlice(limit))) break;
      await turn();
    }
    log('ledger.pruned', { from, to: reader.floor.height });
  }

  /** False when a block is not there that should be: nothing above it is given up. */
  async #pruneSlice(limit: number): Promise<boolean> {
    const { reader, writer } = this.#parts;
    const deletes: LedgerKey[] = [];
    const puts: ChangePut[] = [];
    let last: { readonly height: number; readonly hash: Hash } | undefined;
    let items = 0;
    const first = reader.floor.height + 1;
    for (let height = first; height <= Math.min(limit, first + SLICE_BLOCKS - 1) && items < SLICE_ITEMS; height++) {
      const stored = await reader.storedBlock(height);
      if (stored === undefined) break;
      deletes.push(blockKey(height));
      for (const found of await reader.segmentsOf(height)) {
        const { header } = found.segment;
        deletes.push(segmentKey(header), outcomesKey(header));
        puts.push(...ballotPuts(found));
        items += header.count;
      }
      last = { height, hash: stored.block.hash };
    }
    if (last === undefined) return false;
    // Said first: who asks from here on hears that it is gone, and no half of it.
    reader.floor = { ...last, ballotsHeight: reader.floor.ballotsHeight };
    const put = { key: FLOOR_KEY, value: encodeFloor(reader.floor), height: last.height };
    writer.put({ puts: [...puts, put], deletes, blocks: 0, height: undefined });
    await writer.room();
    return true;
  }
}

/** Counted ballots stay: they get records of their own in the batch that deletes their segment, where their places point to. */
function ballotPuts({ segment, outcomes, height }: SegmentFacts): ChangePut[] {
  const { header, body } = segment;
  const { shard, author, count } = header;
  return decodeItems(body, count).flatMap(({ kind, bytes }, at) => {
    const outcome = outcomes[at];
    if (kind !== ITEM_KINDS.ballot || outcome !== 'counted') return [];
    const value = encodeItemRecord({ outcome, height, shard, author }, bytes);
    return [{ key: ballotKey(decodeSignedBallot(bytes).id), value, height }];
  });
}
