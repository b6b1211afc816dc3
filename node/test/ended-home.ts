import type { GovernanceState } from '../../protocol/governance/state.ts';
import { toHex } from '../../protocol/hex.ts';
import { chunkLeaf } from '../../protocol/snapshot/snapshot.ts';
import { endFrozen, freezeState, snapshotChunks } from '../../protocol/snapshot/stream.ts';
import type { LedgerSource } from '../driver/overlay.ts';
import { ArchivedRows } from '../driver/snapshots/archived-rows.ts';
import type { Solo } from './solo.ts';

/** Four sessions with names that begin alike, of which `end` ends all but s.1. */
export function openAndVote(solo: Solo): void {
  for (const session of ['s1', 's.1', 's', 's-1']) solo.open(session === 's', session);
  const one = [
    solo.ballot('b', 1, 's1'),
    solo.ballot('a', 2, 's'),
    solo.ballot('b', 3, 's.1'),
    solo.ballot('b', 4, 's-1'),
  ];
  solo.vote(one);
  const first = solo.ballot('ab', 5, 's');
  solo.vote([solo.ballot('ab', 6, 's1'), first, solo.ballot('a', 7, 's.1'), solo.ballot('ab', 8, 's-1')]);
  solo.vote([solo.ballot('ab', 9, 's', first.id), solo.ballot('a', 10, 's-1')]);
}

export function end(solo: Solo): void {
  for (const session of ['s1', 's', 's-1']) solo.close(session);
}

/** All heads after `openAndVote`, as `headsOf`, and those that `end` leaves in memory. */
export const ALL_HEADS = ['s-1/a', 's-1/ab', 's-1/b', 's.1/a', 's.1/b', 's/a', 's/ab', 's1/ab', 's1/b'];
export const OPEN_HEADS = ['s.1/a', 's.1/b'];
/** What the keys of the heads begin with that are in the ledger alone then, in their order. */
export const ENDED = ['main/s-1/', 'main/s/', 'main/s1/'];

/** Heads in memory as session/voter, sorted. */
export function headsOf({ heads }: GovernanceState): string[] {
  return [...heads.keys()].sort().map((key) => key.slice(key.indexOf('/') + 1));
}

export function placeOf({ replica }: Pick<Solo, 'replica'>) {
  const { chain } = replica.config;
  return { chain, ...replica.executed };
}

/** The chunks of a snapshot of the state as it is, small ones, its archived heads read from the ledger. */
export async function chunksOf(
  solo: Pick<Solo, 'replica'>,
  source: LedgerSource,
  archived: readonly string[],
): Promise<Uint8Array[]> {
  const frozen = freezeState(solo.replica.state);
  const archivedHeads = new ArchivedRows(source, archived, frozen.get('heads')?.archived ?? 0);
  const chunks: Uint8Array[] = [];
  for (const chunk of snapshotChunks(placeOf(solo), frozen, { chunkBytes: 1_000, archivedHeads })) {
    await archivedHeads.fill();
    if (chunk !== undefined) chunks.push(chunk);
  }
  endFrozen(frozen);
  return chunks;
}

/** Of chunks: short, so that two that differ are told apart at once. */
export const leavesOf = (chunks: readonly Uint8Array[]): string[] => chunks.map((chunk) => toHex(chunkLeaf(chunk)));
