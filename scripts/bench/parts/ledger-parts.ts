import type { ExecutedBlock } from '../../../consensus/types.ts';
import { changeOf } from '../../../node/driver/ledger-change.ts';
import type { Journal } from '../../../node/storage/journal.ts';
import type { LedgerStore } from '../../../node/storage/ledger-store.ts';
import { assert } from '../../../protocol/assert.ts';
import type { Segment } from '../../../protocol/chain/segment.ts';
import { type Hall, itemsOf } from './hall.ts';
import type { Part } from './part.ts';
import { chunksOf } from './pure-parts.ts';

const SEGMENT_BALLOTS = 100;
const SIGNED_ELSEWHERE = (): Uint8Array => new Uint8Array(64);

/** Executing one ballot as part of a block of segments of 100: judging, counting, rows, outcomes and roots. */
export function executePart(name: string, hall: Hall): Part {
  let segments: Segment[] = [];
  return {
    name,
    count: hall.voters,
    prepare: () => {
      segments = freshSegments(hall);
    },
    run: () => {
      const { segments: done } = hall.executeSegments(segments);
      assert(
        done.every(({ items }) => items.every(({ outcome }) => outcome === 'counted')),
        'all ballots count',
      );
    },
  };
}

/** What a block of ballots costs on its way into the ledger store: records, checksums, LevelDB, one sync at the end. */
export function storePart(hall: Hall, store: LedgerStore): Part {
  let executed: ExecutedBlock | undefined;
  return {
    name: 'store/ballot',
    count: hall.voters,
    prepare: () => {
      executed = hall.executeSegments(freshSegments(hall));
    },
    run: async () => {
      assert(executed !== undefined, 'prepared');
      const { puts } = changeOf([executed], hall.state);
      await store.batch(puts, [], { sync: true });
    },
  };
}

function freshSegments(hall: Hall): Segment[] {
  return chunksOf(itemsOf(hall.open()), SEGMENT_BALLOTS).map((items) => hall.seal(1, items, SIGNED_ELSEWHERE));
}

/** Appends of one segment of 100 ballots, each with its sync. `walls` gets the milliseconds of every one. */
export function journalPart(journal: Journal, sizeBytes: number, walls: number[]): Part {
  const count = 20;
  const record = { type: 1, bytes: new Uint8Array(sizeBytes).fill(7) };
  return {
    name: 'journal/append-segment-of-100',
    count,
    run: async () => {
      for (let at = 0; at < count; at++) {
        const startMs = performance.now();
        await journal.append([record]);
        walls.push(performance.now() - startMs);
      }
    },
  };
}
